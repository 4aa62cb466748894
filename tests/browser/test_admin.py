"""The admin in Chromium: every page that a link leads to, under the site's own policy, in both languages."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.signed_in import cookie

pytestmark = [pytest.mark.browser, pytest.mark.live]

OPERATOR = "operator@example.com"
#: A click on these ends the session or downloads.
NOT_FOLLOWED = re.compile(r"/(logout|jsi18n)/")


@pytest.fixture(params=["en", "uk"])
def operator(browser, site, complaints, request, person):
    page = person(extra_http_headers={"Accept-Language": request.param})
    page.context.add_cookies([cookie(site, OPERATOR, staff=True)])
    return page


def links(page) -> list[str]:
    # Filters and orders are the same page again, in any number of combinations.
    found = page.eval_on_selector_all("a[href]", "all => all.map((one) => one.href.split(/[?#]/)[0])")
    return [href for href in found if "/admin/" in href and not NOT_FOLLOWED.search(href)]


def test_no_page_of_the_admin_is_refused_by_the_site_s_own_policy(operator, site):
    """Every page works without inline script or style, third parties, or a complaint in the console."""
    waiting, seen, foreign = [f"{site.origin}/admin/"], set(), []
    operator.on(
        "request", lambda request: foreign.append(request.url) if site.origin not in request.url else None
    )
    while waiting:
        address = waiting.pop()
        if address in seen:
            continue
        seen.add(address)
        answer = operator.goto(address)
        assert answer is not None
        assert answer.status == 200, address
        waiting += links(operator)
    assert foreign == []
    paths = {address.removeprefix(site.origin) for address in seen}
    assert {"/admin/", "/admin/accounts/user/", "/admin/billing/plan/", "/admin/billing/plan/add/"} <= paths
    assert any(re.fullmatch(r"/admin/billing/plan/\d+/change/", path) for path in paths)


def test_the_one_cookie_is_the_sign_in(operator, site):
    operator.goto(f"{site.origin}/admin/")
    assert [each["name"] for each in operator.context.cookies()] == ["session"]


@pytest.mark.parametrize("width", [360, 1280])
def test_the_first_page_says_how_the_site_is(operator, site, width):
    operator.set_viewport_size({"width": width, "height": 800})
    operator.goto(f"{site.origin}/admin/")
    expect(operator.locator("#overview")).to_be_visible()
    assert operator.evaluate("document.documentElement.scrollWidth") <= width
