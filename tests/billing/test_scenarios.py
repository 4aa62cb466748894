"""The same stories with the stand-in, and with Stripe itself where a test key is given.

    STRIPE_REAL_TEST_KEY=sk_test_… pytest -m stripe_real tests/billing/test_scenarios.py

With a real key time is moved by Stripe's test clocks, and everything made is deleted or withdrawn
at the end. Checkout and the portal are only opened then: nobody fills in Stripe's own pages here.
"""

import os
import secrets
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
import stripe

from accounts.models import User
from billing import catalogue, checkout, closing, stripe_api
from billing.models import BillingAccount, Plan, PlanPrice
from billing.sync import sync
from tests.billing.conftest import make_plan
from tests.stripe_local import StripeLocal
from tests.stripe_local_tests.conftest import client_of

pytestmark = pytest.mark.django_db
DAY = 86_400


class Loopback:
    """The stand-in."""

    def __init__(self, local: StripeLocal) -> None:
        self.local, self.client = local, client_of(local)

    def customer(self, account: BillingAccount) -> str:
        return str(checkout.with_customer(account).customer_id)

    def subscribe(self, customer: str, price: str) -> str:
        self.local.advance(seconds=2)
        return self.local.subscribe(customer, price)

    def break_card(self, customer: str) -> None:
        self.local.fail_renewals(customer)

    def mend_card(self, customer: str) -> None:
        self.local.repair_card(customer)

    def advance(self, days: int) -> None:
        self.local.advance(days=days)


class Real:
    """Stripe in test mode; each customer lives in a test clock."""

    def __init__(self, key: str) -> None:
        self.client: Any = stripe.StripeClient(key, stripe_version=stripe.api_version).v1
        self.clock: Any = self.client.test_helpers.test_clocks.create({"frozen_time": int(time.time())})

    def customer(self, account: BillingAccount) -> str:
        params = {
            "email": account.user.email,
            "metadata": {"ref": str(account.ref)},
            "test_clock": self.clock.id,
            "payment_method": "pm_card_visa",
            "invoice_settings": {"default_payment_method": "pm_card_visa"},
        }
        account.customer_id = self.client.customers.create(params).id
        account.save()
        return str(account.customer_id)

    def subscribe(self, customer: str, price: str) -> str:
        return str(self.client.subscriptions.create({"customer": customer, "items": [{"price": price}]}).id)

    def use(self, customer: str, card: str) -> None:
        method = self.client.payment_methods.attach(card, {"customer": customer}).id
        self.client.customers.update(customer, {"invoice_settings": {"default_payment_method": method}})

    def break_card(self, customer: str) -> None:
        self.use(customer, "pm_card_chargeCustomerFail")

    def mend_card(self, customer: str) -> None:
        self.use(customer, "pm_card_visa")

    def advance(self, days: int) -> None:
        to = self.clock.frozen_time + days * DAY
        self.clock = self.client.test_helpers.test_clocks.advance(self.clock.id, {"frozen_time": to})
        waiting, until = threading.Event(), time.monotonic() + 180
        while self.clock.status != "ready":
            assert time.monotonic() < until, "the test clock is not ready"
            waiting.wait(2)
            self.clock = self.client.test_helpers.test_clocks.retrieve(self.clock.id)

    def clean_up(self, products: list[str]) -> None:
        self.client.test_helpers.test_clocks.delete(self.clock.id)
        for product in products:
            self.client.products.update(product, {"active": False})


@pytest.fixture(params=["loopback", pytest.param("real", marks=pytest.mark.stripe_real)])
def stage(request, settings) -> Iterator[Any]:
    if request.param == "loopback":
        yield Loopback(request.getfixturevalue("local"))
        return
    key = os.environ.get("STRIPE_REAL_TEST_KEY", "")
    if not key.startswith("sk_test_"):
        pytest.skip("STRIPE_REAL_TEST_KEY is not set to a test key")
    settings.STRIPE_SECRET_KEY, settings.STRIPE_API_BASE = key, ""
    settings.BILLING_ENABLED, settings.SITE_ORIGIN = True, "https://example.com"
    real = Real(key)
    yield real
    real.clean_up(
        list(Plan.objects.exclude(stripe_product_id="").values_list("stripe_product_id", flat=True))
    )


@pytest.fixture
def prices(stage) -> tuple[PlanPrice, PlanPrice]:
    """A cheap and a dear plan's monthly price, under names that no other run has."""
    tag = secrets.token_hex(4)
    made = []
    for name, amount in (("small", 900), ("large", 8500)):
        plan = make_plan(f"t{tag}-{name}", name=name)
        PlanPrice.objects.create(plan=plan, interval="month", currency="cad", unit_amount=amount)
        catalogue.push(plan)
        made.append(plan.prices.get())
    return made[0], made[1]


@pytest.fixture
def account(stage) -> BillingAccount:
    return BillingAccount.objects.create(user=User.objects.create_user("alice@example.com"))


def holds(account: BillingAccount) -> str:
    account = BillingAccount.objects.get(pk=account.pk)
    now = account.plan_id_now()
    return "free" if now is None else Plan.objects.get(pk=now).name


def test_a_catalogue_is_pushed_changed_and_compared(stage, prices):
    plan = prices[0].plan
    assert catalogue.differences(plan) == []
    PlanPrice.objects.filter(pk=prices[0].pk).update(active=False)
    PlanPrice.objects.create(plan=plan, interval="month", currency="cad", unit_amount=1200)
    catalogue.push(plan)
    assert catalogue.differences(plan) == []
    old = stage.client.prices.retrieve(prices[0].stripe_price_id)
    assert (old.active, old.unit_amount) == (False, 900)


def test_pages_are_opened_and_closed(stage, prices, account):
    customer = stage.customer(account)
    for opened in (
        checkout.start(
            account.user, prices[0], success_url="https://example.com/", cancel_url="https://example.com/"
        ),
        checkout.manage(account.user, return_url="https://example.com/"),
    ):
        assert opened.startswith(
            ("https://checkout.stripe.com/", "https://billing.stripe.com/", "http://127.0.0.1")
        )
    stripe_api.expire_checkouts(customer)
    assert not stage.client.checkout.sessions.list({"customer": customer, "status": "open"}).data


def test_a_subscription_is_read_cancelled_and_kept(stage, prices, account):
    subscription = stage.subscribe(stage.customer(account), prices[0].stripe_price_id)
    assert sync(account).status == "active"
    assert holds(account) == "small"
    stage.client.subscriptions.update(subscription, {"cancel_at_period_end": True})
    assert sync(account).ends_at == sync(account).period_end
    stage.client.subscriptions.update(subscription, {"cancel_at_period_end": False})
    assert sync(account).ends_at is None


def test_a_renewal_fails_and_is_mended(stage, prices, account):
    customer = stage.customer(account)
    subscription = stage.subscribe(customer, prices[0].stripe_price_id)
    stage.break_card(customer)
    stage.advance(days=32)
    failing = sync(account)
    assert failing.status == "past_due"
    assert failing.unpaid_since is not None
    assert failing.period_start is not None
    assert abs((failing.unpaid_since - failing.period_start).total_seconds()) < 2 * 3600
    assert holds(account) == "small"
    stage.mend_card(customer)
    invoice = stage.client.invoices.list({"subscription": subscription, "status": "open"}).data[0]
    stage.client.invoices.pay(invoice.id)
    assert sync(account).status == "active"


def test_a_switch_names_the_item(stage, prices, account):
    """Without the item's id Stripe adds a second item and bills both."""
    subscription = stage.subscribe(stage.customer(account), prices[0].stripe_price_id)
    item = stage.client.subscriptions.retrieve(subscription)["items"].data[0].id
    change = {
        "items": [{"id": item, "price": prices[1].stripe_price_id}],
        "proration_behavior": "always_invoice",
    }
    stage.client.subscriptions.update(subscription, change)
    sync(account)
    assert holds(account) == "large"


def test_of_two_subscriptions_one_stays(stage, prices, account):
    customer = stage.customer(account)
    kept = stage.subscribe(customer, prices[0].stripe_price_id)
    if isinstance(stage, Real):
        stage.advance(days=1)
    stage.subscribe(customer, prices[1].stripe_price_id)
    assert sync(account).subscription_id == kept
    live = stage.client.subscriptions.list({"customer": customer}).data
    assert [each.id for each in live] == [kept]
    refunded = [
        each.amount for each in stage.client.charges.list({"customer": customer}).data if each.refunded
    ]
    assert refunded == [8500]


def test_closing_ends_everything(stage, prices, account):
    customer = stage.customer(account)
    subscription = stage.subscribe(customer, prices[0].stripe_price_id)
    closing.before_closing(account.user)
    assert stage.client.customers.retrieve(customer).deleted
    assert stage.client.subscriptions.retrieve(subscription).status == "canceled"
    assert holds(account) == "free"


def test_a_deleted_customer_is_noticed(stage, prices, account):
    customer = stage.customer(account)
    stage.subscribe(customer, prices[0].stripe_price_id)
    sync(account)
    stage.client.customers.delete(customer)
    assert sync(account).customer_id is None
    assert holds(account) == "free"
