"""What a first visit costs: bytes over the wire, requests, and nothing in the way of the first paint."""

import urllib.request

import pytest

pytestmark = pytest.mark.browser

MOST_BYTES = 60_000
MOST_REQUESTS = 6


def visit(page, path: str) -> dict[str, int]:
    """Bytes over the wire, headers included, of each address that the first visit asks for."""
    addresses: dict[str, str] = {}
    weights: dict[str, int] = {}
    session = page.context.new_cdp_session(page)
    session.on("Network.requestWillBeSent", lambda e: addresses.update({e["requestId"]: e["request"]["url"]}))
    session.on(
        "Network.loadingFinished",
        lambda e: weights.update({addresses[e["requestId"]]: int(e["encodedDataLength"])}),
    )
    session.send("Network.enable")
    page.goto(path)
    page.wait_for_load_state("networkidle")
    icon = page.locator("link[rel=icon]").evaluate("link => link.href")
    if icon not in weights:  # a browser without a window asks for no icon; people's browsers do
        with urllib.request.urlopen(icon) as answer:
            weights[icon] = len(answer.read()) + len(str(answer.headers))
    return weights


@pytest.mark.parametrize("path", ["/", "/secret", "/uk/", "/uk/secret"])
def test_a_first_visit_stays_within_its_budget(person, path):
    weights = visit(person(), path)
    assert sum(weights.values()) <= MOST_BYTES, weights
    assert len(weights) <= MOST_REQUESTS, weights


@pytest.mark.parametrize("path", ["/", "/secret"])
def test_the_first_paint_does_not_wait_for_script(person, path):
    page = person()
    page.route("**/*.js", lambda _route: None)  # never answered
    page.goto(path, wait_until="commit")
    page.wait_for_selector("h1:visible")
    assert page.locator("script[src]:not([type=module])").count() == 0


@pytest.mark.parametrize("path", ["/", "/secret"])
def test_everything_but_the_page_is_hashed_and_kept_for_ever(person, site, path):
    for address in visit(person(), path):
        if "/static/" not in address:
            continue
        with urllib.request.urlopen(address) as answer:
            assert "immutable" in answer.headers["Cache-Control"], address


@pytest.mark.parametrize("coding", ["br", "gzip"])
def test_assets_travel_compressed(person, coding):
    """In Brotli where the browser takes it, else in gzip, and smaller for it."""
    for address in visit(person(), "/"):
        if not address.endswith((".js", ".css")):
            continue
        request = urllib.request.Request(address, headers={"Accept-Encoding": coding})
        with urllib.request.urlopen(request) as answer, urllib.request.urlopen(address) as plain:
            assert answer.headers["Content-Encoding"] == coding
            assert "Accept-Encoding" in answer.headers["Vary"]
            assert len(answer.read()) < len(plain.read())
