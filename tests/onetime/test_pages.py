"""The pages that explain the site, and that they claim no more than this installation does."""

from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth import get_user_model
from django.template.loader import render_to_string
from django.utils import translation

from onetime import inventory, views
from onetime.inventory import Kind

PAGES = ("about", "principles", "privacy", "security", "terms", "help", "feedback/sent")

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _rendered_anew():
    """Pages are kept per process; these tests change what they are made from."""
    views._pages.clear()
    yield
    views._pages.clear()


def text(client, path):
    answer = client.get(path)
    assert answer.status_code == 200
    return answer.content.decode()


@pytest.mark.parametrize("language", ["", "/uk"])
@pytest.mark.parametrize("page", PAGES)
def test_every_page_answers_in_both_languages_without_a_cookie(client, language, page):
    answer = client.get(f"{language}/{page}")
    assert answer.status_code == 200
    assert f'lang="{language[1:] or "en"}"' in answer.content.decode()
    assert not answer.cookies
    assert "Cookie" not in answer.get("Vary", "")


@pytest.mark.parametrize("page", [*PAGES, "robots.txt", ".well-known/security.txt"])
def test_they_take_no_other_method(client, page):
    assert client.post(f"/{page}").status_code == 405


def test_a_page_costs_no_query(client, django_assert_num_queries):
    client.get("/privacy")
    with django_assert_num_queries(0):
        client.get("/privacy")


def test_a_person_who_is_signed_in_gets_a_page_that_nobody_keeps(client):
    client.force_login(get_user_model().objects.create_user("alice@example.com"))
    assert client.get("/about")["Cache-Control"] == "no-store"


@pytest.mark.parametrize("language", ["en", "uk"])
def test_the_privacy_page_shows_every_line_of_the_inventory_in_both_languages(client, language):
    """The page is rendered from the inventory and nothing else, so that it cannot drift."""
    page = text(client, f"/{language}/privacy")
    with translation.override(language):
        for datum in inventory.INVENTORY:
            for sentence in (datum.what, datum.why, datum.how_long, datum.basis):
                assert inventory.shown(sentence).replace("'", "&#x27;") in page


def test_figures_in_the_table_come_from_the_settings(client, settings):
    settings.HOLD_SECONDS = 77
    settings.SESSION_COOKIE_AGE = 3 * 86400
    page = text(client, "/privacy")
    assert "77 seconds at most" in page
    assert "3 days after your last visit" in page


def test_every_line_says_what_why_how_long_and_on_what_basis():
    for datum in inventory.INVENTORY:
        assert datum.names
        for sentence in (datum.what, datum.why, datum.how_long, datum.basis):
            assert inventory.shown(sentence).strip()
            assert "{" not in inventory.shown(sentence)


def test_every_kind_has_a_heading():
    assert set(inventory.HEADINGS) == set(Kind)


def test_the_operator_is_named_as_the_settings_say(client, settings):
    settings.OPERATOR_NAME, settings.OPERATOR_EMAIL = "Example Ltd", "op@example.com"
    settings.OPERATOR_JURISDICTION = "Estonia"
    for page in ("about", "privacy", "terms"):
        shown = text(client, f"/{page}")
        assert "Example Ltd" in shown
        assert "mailto:op@example.com" in shown
    assert "The law of Estonia applies" in text(client, "/terms")


def test_an_operator_who_gives_no_name_is_said_to_give_none(client, settings):
    settings.OPERATOR_NAME = settings.OPERATOR_EMAIL = settings.OPERATOR_JURISDICTION = ""
    shown = text(client, "/about")
    assert "has not given a name" in shown
    assert "mailto:" not in shown
    assert "has given no address for reports" in text(client, "/security")


@pytest.mark.parametrize(
    ("name", "value", "page", "claim", "otherwise"),
    [
        ("BILLING_ENABLED", True, "privacy", "Stripe takes payments", None),
        ("BILLING_ENABLED", True, "terms", "Subscriptions", None),
        ("BACKUP_PUBLIC_KEY", "some", "privacy", "encrypted to a key that the server does not have",
         "has not been set up here to make its own encrypted backups"),
        ("HTTPS", True, "security", None, "reached without TLS"),
        ("HOLD_SECONDS", 30, "security", "again for 30 seconds", None),
        ("HOLD_SECONDS", 30, "about", "again for 30 seconds", "erased with the very answer"),
        ("HOLD_SECONDS", 1, "help", "Within 1 second,", "nobody can bring it back: ask for a new link"),
    ],
)  # fmt: skip
def test_nothing_is_claimed_that_is_not_done(client, settings, name, value, page, claim, otherwise):
    setattr(settings, name, value)
    assert claim is None or claim in text(client, f"/{page}")
    setattr(settings, name, type(value)())
    views._pages.clear()
    shown = text(client, f"/{page}")
    assert claim is None or claim not in shown
    assert otherwise is None or otherwise in shown


@pytest.mark.parametrize(
    ("vendor", "claim"), [("sqlite", "overwrites what it erases"), ("postgresql", "overwrites it later")]
)
def test_what_is_said_of_the_disk_fits_the_database(rf, vendor, claim):
    page = render_to_string("security.html", {"overwrites_at_once": vendor == "sqlite"}, rf.get("/security"))
    assert claim in page


def test_security_txt_has_what_the_standard_asks_for(client, settings):
    """RFC 9116: a contact, and an expiry less than a year ahead."""
    settings.OPERATOR_EMAIL = "op@example.com"
    answer = client.get("/.well-known/security.txt")
    fields = dict(line.split(": ", 1) for line in answer.content.decode().splitlines())
    assert answer["Content-Type"] == "text/plain; charset=utf-8"
    assert fields["Contact"] == "mailto:op@example.com"
    assert fields["Canonical"] == "http://testserver/.well-known/security.txt"
    ahead = datetime.fromisoformat(fields["Expires"]) - datetime.now(UTC)
    assert timedelta(days=90) < ahead < timedelta(days=365)
    assert client.get(fields["Policy"].removeprefix("http://testserver")).status_code == 200


def test_without_an_operator_s_address_there_is_no_security_txt(client, settings):
    settings.OPERATOR_EMAIL = ""
    assert client.get("/.well-known/security.txt").status_code == 404


def test_robots_are_kept_from_secrets_and_not_from_the_pages(client):
    shown = client.get("/robots.txt").content.decode()
    for path in ("/secret/", "/receipt/", "/private/", "/metadata/", "/api/v2/"):
        assert f"Disallow: {path}\n" in shown
    assert "Disallow: /\n" not in shown
    assert "Disallow: /privacy" not in shown
