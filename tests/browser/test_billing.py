"""A subscription's whole life in Chromium, against a real site with two workers and the stand-in."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.conftest import complain
from tests.browser.signed_in import cookie
from tests.site import Site, free_port, running_site
from tests.stripe_local import StripeLocal

pytestmark = [pytest.mark.browser, pytest.mark.live]

FILL = """
from billing.catalogue import set_price
from billing.models import Plan
plus = Plan.objects.get(slug="plus")
team = Plan.objects.get(slug="plus")
team.pk, team.slug, team.name, team.position = None, "team", "Team", 3
for plan in (plus, team):
    plan.offered = True
    plan.save()
for plan, interval, amount in ((plus, "month", 900), (plus, "year", 9000), (team, "month", 8500)):
    set_price(plan, interval, "cad", amount)
"""


@dataclass
class Shop:
    site: Site
    local: StripeLocal

    def run(self, code: str) -> str:
        return self.site.manage("shell", "--no-imports", "-c", code)

    def customer(self, email: str) -> str:
        """The id of somebody's customer at Stripe."""
        who = f"BillingAccount.objects.get(user__email={email!r}).customer_id"
        return self.run(f"from billing.models import BillingAccount; print({who})").strip()


@pytest.fixture(scope="module")
def shop(tmp_path_factory) -> Iterator[Shop]:
    port = free_port()
    with StripeLocal(webhook_url=f"http://127.0.0.1:{port}/billing/webhook", mode="auto") as local:
        keys: Any = {
            "STRIPE_SECRET_KEY": local.key,
            "STRIPE_WEBHOOK_SECRETS": local.secret,
            "STRIPE_API_BASE": local.url,
        }
        with running_site(Path(tmp_path_factory.mktemp("shop")), port=port, workers=2, **keys) as site:
            made = Shop(site, local)
            made.run(FILL)
            yield made


@pytest.fixture
def arrive(browser, shop, complaints) -> Iterator[Callable[..., Page]]:
    """Somebody signed in, in a browser of their own."""
    contexts: list[BrowserContext] = []

    def person(email: str, *, staff: bool = False, **options) -> Page:
        context = browser.new_context(base_url=shop.site.origin, locale="en-GB", **options)
        context.set_default_timeout(15_000)
        context.add_cookies([cookie(shop.site, email, staff=staff)])
        contexts.append(context)
        return watched(context.new_page(), complaints)

    yield person
    for context in contexts:
        context.close()


def watched(page: Page, complaints: list[str]) -> Page:
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda message: complain(message, complaints))
    return page


def subscribe(page: Page, words: str = "Subscribe for 9 CAD", pay: str = "Pay") -> None:
    page.goto("/plans")
    page.get_by_role("button", name=words).click()
    page.get_by_role("button", name=pay, exact=True).click()


def portal(page: Page, *buttons: str) -> None:
    """From one's own page to the portal, press these there, and come back."""
    page.goto("/billing")
    page.locator("form[action$='/billing/portal'] button").click()
    for name in buttons:
        page.get_by_role("button", name=re.compile(name)).first.click()
    page.get_by_role("link", name="Back").click()
    page.wait_for_url("**/billing")


def longest_lifetime(page: Page) -> int:
    """What the create page offers this person, in days."""
    page.goto("/")
    values = page.locator("select[name=ttl] option").evaluate_all("all => all.map(one => +one.value)")
    return int(max(values)) // 86_400


def test_the_life_of_a_subscription(shop, arrive):
    """Subscribe, limits grow at once, switch, a renewal fails, grace, recover, cancel, keep, lose."""
    page = arrive("alice@example.com")
    assert longest_lifetime(page) == 14

    subscribe(page)
    expect(page.get_by_role("heading", name="Thank you")).to_be_visible()
    assert longest_lifetime(page) == 90

    portal(page, r"Switch to Team")
    expect(page.locator("main")).to_contain_text("Team")

    shop.local.fail_renewals(shop.customer("alice@example.com"))
    shop.local.advance(days=32)
    assert shop.local.wait_until_idle()
    page.goto("/billing")
    expect(page.get_by_role("heading", name="Your last payment failed")).to_be_visible()
    assert longest_lifetime(page) == 90

    portal(page, r"Use another card", r"Pay invoice")
    expect(page.locator("main")).to_contain_text("Active")
    expect(page.get_by_role("heading", name="Your last payment failed")).to_have_count(0)

    portal(page, r"Cancel subscription")
    expect(page.locator("main")).to_contain_text("Cancelled, not over yet")
    assert longest_lifetime(page) == 90

    shop.local.advance(days=32)
    assert shop.local.wait_until_idle()
    page.goto("/billing")
    expect(page.locator("main")).to_contain_text("Ended")
    assert longest_lifetime(page) == 14


def test_two_tabs_at_once_leave_one_subscription(shop, arrive, complaints):
    first = arrive("bob@example.com")
    second = watched(first.context.new_page(), complaints)
    for tab in (first, second):
        tab.goto("/plans")
    for tab in (first, second):
        tab.get_by_role("button", name="Subscribe for 9 CAD").click()
    first.get_by_role("button", name="Pay", exact=True).click()
    expect(first.locator("body")).to_contain_text("This checkout is expired.")
    second.get_by_role("button", name="Pay", exact=True).click()
    expect(second.get_by_role("heading", name="Thank you")).to_be_visible()
    assert shop.local.wait_until_idle()
    customer = shop.customer("bob@example.com")
    mine = [each["status"] for each in shop.local.objects("subscription") if each["customer"] == customer]
    assert mine == ["active"]


def test_a_declined_card_costs_nothing_and_can_be_tried_again(shop, arrive):
    page = arrive("dana@example.com")
    subscribe(page, pay="Pay with a card that is declined")
    expect(page.get_by_role("alert")).to_contain_text("declined")
    page.get_by_role("link", name="Back without paying").click()
    expect(page.get_by_role("heading", name="Plans")).to_be_visible()
    assert longest_lifetime(page) == 14
    subscribe(page)
    expect(page.get_by_role("heading", name="Thank you")).to_be_visible()


def test_the_switch_between_month_and_year_works_without_script(browser, shop, complaints):
    """A visitor: no cookie, no script, nothing from another host."""
    context = browser.new_context(base_url=shop.site.origin, java_script_enabled=False)
    page = watched(context.new_page(), complaints)
    hosts = []
    page.on("request", lambda request: hosts.append(request.url.split("/")[2]))
    page.goto("/plans")
    expect(page.locator("main")).to_contain_text("9 CAD a month")
    page.get_by_role("link", name="By the year").click()
    expect(page.locator("main")).to_contain_text("90 CAD a year")
    assert set(hosts) == {shop.site.origin.split("/")[2]}
    assert context.cookies() == []
    context.close()


@pytest.mark.parametrize("width", [320, 1280])
def test_no_page_is_wider_than_the_screen(arrive, width):
    page = arrive("erin@example.com", viewport={"width": width, "height": 800})
    for path in ("/plans", "/billing"):
        page.goto(path)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
