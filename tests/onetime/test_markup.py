"""What must hold for the markup of every page that a visitor meets."""

import re
from collections import Counter
from html.parser import HTMLParser

import pytest

from billing.limits import ANONYMOUS
from secrets_app import services
from secrets_app.envelope import Contents

pytestmark = pytest.mark.django_db

PATHS = (
    "/",
    "/secret",
    "/api",
    "/plans",
    "/uk/plans",
    "/secret/" + "k" * 31,
    "/nowhere",
    "/receipt/" + "r" * 31,
)
ADDRESSES = {"href", "src", "action", "formaction", "srcset", "poster", "data"}


class Elements(HTMLParser):
    """Collects each start tag with its attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def pages(client) -> dict[str, str]:
    made = services.create_here(Contents("x"), None, ttl=3600, limits=ANONYMOUS)
    form = "application/x-www-form-urlencoded"
    answers = {path: client.get(path) for path in (*PATHS, f"/receipt/{made.receipt}", "/uk/", "/uk/secret")}
    answers["created"] = client.post("/", "text=a&passphrase=&ttl=3600", content_type=form)
    answers["refused"] = client.post("/", "text=&passphrase=&ttl=3600", content_type=form)
    answers["opened"] = client.post("/secret", f"link={made.link}", content_type=form)
    answers["gone"] = client.post("/secret", f"link={made.link}", content_type=form)
    return {name: answer.content.decode() for name, answer in answers.items()}


def test_no_page_has_script_or_style_in_its_markup(client):
    """The policy would block it: no inline script or style, no handler, no script address."""
    for name, page in pages(client).items():
        for tag, attributes in Elements(page).found:
            assert tag != "style", name
            assert tag != "script" or "src" in attributes or attributes["type"] == "application/json", name
            assert not [a for a in attributes if a == "style" or a.startswith("on")], (name, attributes)


def test_no_page_names_another_host(client):
    for name, page in pages(client).items():
        for _tag, attributes in Elements(page).found:
            for attribute in ADDRESSES & attributes.keys():
                address = attributes[attribute] or "/"  # filled in by script
                assert address.startswith(("/", "#", "http://testserver/", "mailto:")), (name, address)
                assert not address.startswith("//"), (name, address)


def test_no_id_is_given_twice_and_every_reference_is_met(client):
    for name, page in pages(client).items():
        elements = Elements(page).found
        ids = Counter(attributes["id"] for _tag, attributes in elements if "id" in attributes)
        assert not [one for one, count in ids.items() if count > 1], name
        for _tag, attributes in elements:
            for reference in ("for", "aria-describedby", "aria-controls", "data-copies", "data-reveals"):
                for one in (attributes.get(reference) or "").split():
                    assert one in ids, (name, reference, one)


def test_every_page_says_its_language_and_has_a_title(client):
    for name, page in pages(client).items():
        language = "uk" if name.startswith("/uk") else "en"
        assert f'<html lang="{language}" dir="ltr"' in page, name
        assert re.search(r"<title>[^<]+ – Onetime Secret</title>", page), name


def test_pages_about_a_secret_are_kept_out_of_indexes_and_the_home_page_is_not(client):
    for name, page in pages(client).items():
        assert ('name="robots"' in page) == (
            name not in {"/", "/api", "/plans", "/uk/", "/uk/plans", "refused"}
        ), name
