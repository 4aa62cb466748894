"""A language comes from the URL's prefix, else from Accept-Language; never from a cookie."""

import pytest
from django.urls import reverse

from onetime.middleware import negotiate

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "en"),
        ("uk", "uk"),
        ("uk-UA,uk;q=0.9,en;q=0.8", "uk"),
        ("en-GB,en;q=0.9,uk;q=0.8", "en"),
        ("fr,uk;q=0.5", "uk"),
        ("fr;q=1, *;q=0.5", "en"),
        ("uk;q=0", "en"),
        ("\x00nonsense;;;q=,", "en"),
        ("a" * 5000, "en"),
    ],
)
def test_it_negotiates(header, language):
    assert negotiate(header) == language


def test_a_prefix_wins_over_the_header(client):
    assert client.get("/uk/healthz", headers={"Accept-Language": "en"})["Content-Language"] == "uk"
    assert client.get("/en/healthz", headers={"Accept-Language": "uk"})["Content-Language"] == "en"


def test_an_unprefixed_answer_varies_by_the_header_and_a_prefixed_does_not(client):
    assert "Accept-Language" in client.get("/healthz")["Vary"]
    assert "Accept-Language" not in client.get("/uk/healthz").headers.get("Vary", "")


def test_a_cookie_changes_nothing(client):
    client.cookies["django_language"] = "uk"
    assert client.get("/healthz")["Content-Language"] == "en"


def test_links_made_on_a_prefixed_page_keep_the_prefix_and_later_pages_do_not(client):
    """The prefix is a script prefix of one request: it must not leak into the next."""
    client.get("/uk/healthz")
    client.get("/healthz")
    assert reverse("healthz") == "/healthz"


@pytest.mark.parametrize("path", ["/uk", "/uk/api/v2/limits", "/uk/static/x.css", "/de/healthz"])
def test_a_prefix_belongs_to_pages_only(client, path):
    assert client.get(path).status_code in ({200, 404} if path == "/uk" else {404})
