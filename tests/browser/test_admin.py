"""The admin in Chromium: every page that a link leads to, under the site's own policy, in both languages."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.signed_in import cookie
from tests.browser.test_accessibility import violations
from tests.site import ROOT

pytestmark = [pytest.mark.browser, pytest.mark.live]

OPERATOR = "operator@example.com"
#: A click on these ends the session or downloads.
NOT_FOLLOWED = re.compile(r"/(logout|jsi18n)/")
#: What axe finds in the admin that is Django's own markup and style, by rule; docs/accessibility.md has the list.
DJANGO_S_OWN = {
    "empty-table-header": ".tabular th.original, .tabular th:last-child",
    "label": ".vDateField, .vTimeField",
    "label-title-only": "#searchbar",
    "link-in-text-block": ".breadcrumbs a, #changelist-search .small a",
    "target-size": "#changelist-filter a",
}


@pytest.fixture(params=["en", "uk"])
def arrive(request, site, person):
    """An operator's page in one of the languages, with further options of its browser."""

    def arrival(**options):
        page = person(extra_http_headers={"Accept-Language": request.param}, **options)
        page.context.add_cookies([cookie(site, OPERATOR, staff=True)])
        return page

    return arrival


@pytest.fixture
def operator(arrive):
    return arrive()


def links(page) -> list[str]:
    # Filters and orders are the same page again, in any number of combinations.
    found = page.eval_on_selector_all("a[href]", "all => all.map((one) => one.href.split(/[?#]/)[0])")
    return [href for href in found if "/admin/" in href and not NOT_FOLLOWED.search(href)]


def walk(page, site):
    """Open every page that a link leads to, one after the other; the path of each."""
    waiting, seen = [f"{site.origin}/admin/"], set()
    while waiting:
        address = waiting.pop()
        if address in seen:
            continue
        seen.add(address)
        answer = page.goto(address)
        assert answer is not None
        assert answer.status == 200, address
        waiting += links(page)
        yield address.removeprefix(site.origin)


def test_no_page_of_the_admin_is_refused_by_the_site_s_own_policy(operator, site):
    """Every page works without inline script or style, third parties, or a complaint in the console."""
    foreign = []
    operator.on(
        "request", lambda request: foreign.append(request.url) if site.origin not in request.url else None
    )
    paths = set(walk(operator, site))
    assert foreign == []
    assert {"/admin/", "/admin/accounts/user/", "/admin/billing/plan/", "/admin/billing/plan/add/"} <= paths
    assert any(re.fullmatch(r"/admin/billing/plan/\d+/change/", path) for path in paths)


def test_no_page_of_the_admin_has_a_violation_of_ours(arrive, site):
    """Beside those that are Django's own, each of which is still there: what is mended leaves the list."""
    page = arrive(bypass_csp=True)  # axe writes styles into these pages, which the policy would refuse
    found = {path: violations(page, DJANGO_S_OWN) for path in walk(page, site)}
    ours = {path: [one for one in said if one not in DJANGO_S_OWN] for path, said in found.items()}
    assert {path: said for path, said in ours.items() if said} == {}
    assert {one for said in found.values() for one in said} == set(DJANGO_S_OWN)


def test_what_is_django_s_own_is_listed():
    listed = re.findall(r"^- `([a-z-]+)`:", (ROOT / "docs/accessibility.md").read_text(), re.MULTILINE)
    assert sorted(listed) == sorted(DJANGO_S_OWN)


def test_the_one_cookie_is_the_sign_in(operator, site):
    operator.goto(f"{site.origin}/admin/")
    assert [each["name"] for each in operator.context.cookies()] == ["session"]


@pytest.mark.parametrize("width", [360, 1280])
def test_the_first_page_says_how_the_site_is(operator, site, width):
    operator.set_viewport_size({"width": width, "height": 800})
    operator.goto(f"{site.origin}/admin/")
    expect(operator.locator("#overview")).to_be_visible()
    assert operator.evaluate("document.documentElement.scrollWidth") <= width
