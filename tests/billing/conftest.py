"""A shop whose Stripe is the stand-in: real library, real HTTP, and the site's own webhook address."""

from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from types import SimpleNamespace
from typing import Any

import pytest
from django.apps import apps
from django.db import connection, transaction
from django.test import Client

from accounts.models import User
from billing import catalogue, checkout
from billing.limits import limits_for
from billing.models import BillingAccount, Plan, PlanPrice
from onetime import mail
from tests.stripe_local import StripeLocal, outbox
from tests.stripe_local_tests.conftest import client_of, wrong_shapes

LIMITS = {
    "max_ttl": 90 * 86_400,
    "max_text_bytes": 2_000_000,
    "max_files_bytes": 100_000_000,
    "creates_per_hour": 1_000,
    "creates_per_day": 10_000,
    "mail_links": True,
}


def make_plan(slug: str, **fields: Any) -> Plan:
    given = {"name": slug.title(), "offered": True} | LIMITS | fields
    return Plan.objects.update_or_create(slug=slug, defaults=given)[0]


@pytest.fixture
def local(request, settings, monkeypatch) -> Iterator[StripeLocal]:
    """A fresh stand-in that sends its notices to this site when told to; its objects keep Stripe's shape.

    In a transactional test the site is a real server. In others the notices take the last step
    inside this thread, for they must see the test's own transaction: signed, whole, through every
    middleware, and ten times faster to clean up after.
    """
    origin = site_of(request, monkeypatch)
    with StripeLocal(webhook_url=f"{origin}/billing/webhook") as running:
        settings.SITE_ORIGIN = origin
        settings.STRIPE_SECRET_KEY = running.key
        settings.STRIPE_API_BASE = running.url
        settings.STRIPE_WEBHOOK_SECRETS = [running.secret]
        settings.BILLING_ENABLED, settings.STRIPE_LIVEMODE = True, False
        settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
        yield running
        running.release()
        mail.outbox.join()  # a late mail would be found in the next test's box
        checkout.outbox.join()
        assert wrong_shapes(running) == []


def site_of(request, monkeypatch) -> str:
    marker = request.node.get_closest_marker("django_db")
    if marker and marker.kwargs.get("transaction"):
        return str(request.getfixturevalue("live_server").url)
    request.getfixturevalue("db")
    monkeypatch.setattr(outbox, "post", post_in_this_thread)
    # The test's own transaction never commits: what waits for that is done at once.
    monkeypatch.setattr(transaction, "on_commit", lambda work, *_more, **_named: work())
    return "http://testserver"


def post_in_this_thread(_url: str, body: bytes, signature: str) -> int:
    answer = Client().post(
        "/billing/webhook", body, content_type="application/json", headers={"Stripe-Signature": signature}
    )
    return int(answer.status_code)


@pytest.fixture
def client_at_stripe(local) -> Any:
    """The library's own client, for doing things behind the site's back."""
    return client_of(local)


@dataclass
class Person:
    """Somebody with an account, and what they do on the site and at Stripe."""

    user: User
    local: StripeLocal
    browser: Client

    @property
    def account(self) -> BillingAccount:
        return BillingAccount.objects.get(user=self.user)

    @property
    def plan(self) -> str:
        """The plan that holds, asked for as a new request would."""
        return limits_for(User.objects.get(pk=self.user.pk)).plan

    def open_checkout(self, price: PlanPrice) -> str:
        """Press the button; the id of the Checkout page that it led to."""
        answer = self.browser.post("/billing/checkout", {"price": price.pk})
        assert answer.status_code == 303, answer.content.decode()
        return str(answer["Location"]).rsplit("/", 1)[1]

    def subscribe(self, price: PlanPrice, card: str = "good") -> str:
        """Press the button and pay; the subscription's id. Nothing has told the site yet."""
        return self.local.pay(self.open_checkout(price), card)

    def come_back(self, session: str) -> Any:
        return self.browser.get("/billing/done", {"session": session})

    def portal(self, **action: str) -> None:
        """Go to the portal and do one thing there."""
        import urllib.parse
        import urllib.request

        answer = self.browser.post("/billing/portal")
        assert answer.status_code == 303, answer.content.decode()
        body = urllib.parse.urlencode(action).encode()
        urllib.request.urlopen(answer["Location"], body).close()  # follows the 303


def make_person(local: StripeLocal, email: str) -> Person:
    user = User.objects.create_user(email)
    browser = Client()
    browser.force_login(user)
    return Person(user, local, browser)


@pytest.fixture
def alice(local) -> Person:
    return make_person(local, "alice@example.com")


@pytest.fixture
def charlie(local) -> Person:
    """A stranger."""
    return make_person(local, "charlie@example.com")


@dataclass
class Shop:
    """Two plans; of the first a price by the month and by the year, of the second by the month."""

    one: Plan
    two: Plan
    month: PlanPrice
    year: PlanPrice
    dear: PlanPrice


def first_catalogue() -> None:
    """What migrating makes, which the flush after each transactional test takes away."""
    migration = import_module("billing.migrations.0002_first_catalogue")
    migration.create(apps, SimpleNamespace(connection=connection))


@pytest.fixture
def shop(local) -> Shop:
    first_catalogue()
    one, two = make_plan("one"), make_plan("two", max_ttl=180 * 86_400)
    for plan, interval, amount in ((one, "month", 900), (one, "year", 9000), (two, "month", 8500)):
        catalogue.set_price(plan, interval, "cad", amount)
    month, year = PlanPrice.objects.get(plan=one, interval="month"), PlanPrice.objects.get(interval="year")
    return Shop(one, two, month, year, PlanPrice.objects.get(plan=two))
