"""Closing an account: first nothing may be charged any more, then the row goes."""

from typing import Any

import pytest
from django.db import transaction
from django.db.models import ProtectedError

from accounts.models import User
from accounts.signals import CannotClose, closing, erasing, exporting
from billing.models import BillingAccount
from tests.stripe_local import lifecycle

pytestmark = pytest.mark.django_db


def close(user):
    """As accounts does it."""
    closing.send(sender=User, user=user)
    with transaction.atomic():
        erasing.send(sender=User, user=user)
        user.delete()


def test_closing_ends_the_subscription_and_the_customer(local, shop, alice, client_at_stripe):
    alice.subscribe(shop.month)
    customer = alice.account.customer_id
    close(alice.user)
    assert {each["status"] for each in local.objects("subscription")} == {"canceled"}
    assert client_at_stripe.customers.retrieve(customer).deleted
    assert not BillingAccount.objects.exists()
    assert not User.objects.exists()


def test_closing_ends_every_subscription_also_one_that_nobody_told_of(local, shop, alice):
    alice.subscribe(shop.month)
    local.subscribe(alice.account.customer_id, shop.dear.stripe_price_id)
    close(alice.user)
    assert {each["status"] for each in local.objects("subscription")} == {"canceled"}


def test_an_open_checkout_page_cannot_be_paid_after_closing(local, shop, alice):
    session = alice.open_checkout(shop.month)
    close(alice.user)
    with pytest.raises(Exception, match="expired"):
        local.pay(session)


def test_the_customer_may_be_kept_for_the_books(local, shop, alice, settings, client_at_stripe):
    settings.BILLING_DELETE_CUSTOMER = False
    alice.subscribe(shop.month)
    customer = alice.account.customer_id
    close(alice.user)
    assert client_at_stripe.customers.retrieve(customer).email == "alice@example.com"
    assert {each["status"] for each in local.objects("subscription")} == {"canceled"}


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("get", "/v1/checkout/sessions"),
        ("get", "/v1/subscriptions"),
        ("delete", "/v1/subscriptions/.*"),
        ("delete", "/v1/customers/.*"),
    ],
)
def test_wherever_stripe_fails_the_account_stays(local, shop, alice, method, path):
    alice.subscribe(shop.month)
    local.deliver()
    local.fail_next(status=500, times=3, method=method, path=path)
    with pytest.raises(CannotClose):
        close(alice.user)
    assert User.objects.filter(email="alice@example.com").exists()
    assert BillingAccount.objects.get().customer_id
    close(User.objects.get())
    assert not User.objects.exists()


def test_what_is_gone_at_stripe_already_counts_as_done(local, shop, alice, client_at_stripe):
    alice.subscribe(shop.month)
    client_at_stripe.customers.delete(alice.account.customer_id)
    close(alice.user)
    assert not User.objects.exists()


def test_a_subscription_that_ended_by_itself_does_not_stand_in_the_way(local, shop, alice):
    alice.subscribe(shop.month)
    lifecycle.cancel(local.state, local.objects("subscription")[0])
    close(alice.user)
    assert not User.objects.exists()


def test_somebody_who_never_bought_closes_without_stripe(local, shop, charlie):
    local.fail_next(status=500, times=99)
    close(charlie.user)
    assert not User.objects.exists()
    assert local.log()[-1]["path"] != "/v1/customers"


def test_without_a_key_a_customer_cannot_close(local, shop, alice, settings):
    """The operator took the key away while somebody pays: nobody can end that from here."""
    alice.subscribe(shop.month)
    settings.BILLING_ENABLED = False
    with pytest.raises(CannotClose):
        close(alice.user)


def test_a_user_who_is_deleted_past_all_that_is_protected(local, shop, alice):
    """Another way to delete must not leave a card that is charged on."""
    alice.subscribe(shop.month)
    with pytest.raises(ProtectedError):
        alice.user.delete()


def test_a_notice_that_comes_after_closing_is_accepted(local, shop, alice):
    alice.subscribe(shop.month)
    close(alice.user)
    assert set(local.deliver()) == {200}


def exported(user):
    parts: list[Any] = [part or {} for _by, part in exporting.send(sender=User, user=user)]
    return {name: value for part in parts for name, value in part.items()}


def test_the_export_has_the_plan_and_the_references(local, shop, alice):
    """And nothing that is a card's, which is not here."""
    alice.subscribe(shop.month)
    local.deliver()
    kept = exported(alice.user)["billing"]
    assert (kept["plan"], kept["status"]) == ("one", "active")
    assert kept["stripe"]["customer"] == alice.account.customer_id


def test_the_export_of_somebody_who_never_bought_has_no_such_section(local, charlie):
    assert "billing" not in exported(charlie.user)
