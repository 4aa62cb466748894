"""Twelve things that went wrong elsewhere, each over real HTTP with the real library."""

import threading
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs

import pytest
from django.db import connections

from accounts.signals import CannotClose
from billing import checkout, closing
from billing.models import BillingAccount, StripeEvent
from billing.sync import sync
from tests.billing.conftest import make_person

pytestmark = pytest.mark.django_db(transaction=True)


def calls(local, method, path):
    return [each for each in local.log() if (each["method"], each["path"]) == (method, path)]


def test_a_cancellation_in_the_portal_is_shown_and_so_is_one_by_the_api(local, shop, alice, client_at_stripe):
    """The portal sets `cancel_at` and leaves `cancel_at_period_end` false; others set the second."""
    subscription = alice.subscribe(shop.month)
    local.deliver()
    alice.portal(action="cancel", subscription=subscription)
    local.deliver()
    assert not client_at_stripe.subscriptions.retrieve(subscription).cancel_at_period_end
    assert alice.account.ends_at == alice.account.period_end
    assert "Ends on" in alice.browser.get("/billing").content.decode()
    alice.portal(action="resume", subscription=subscription)
    local.deliver()
    assert alice.account.ends_at is None


def test_a_cancellation_by_the_older_flag_is_shown_too(local, shop, alice):
    """Subscriptions of classic billing have the flag alone."""
    subscription = alice.subscribe(shop.month)
    with local.state.lock:
        local.state.get("subscription", subscription)["cancel_at_period_end"] = True
    local.deliver()
    assert alice.account.ends_at == alice.account.period_end


def test_real_notices_are_read_through_the_real_library(local, shop, alice):
    """StripeObject is no dict: what a dict double would allow must not be in the code."""
    alice.subscribe(shop.month)
    assert set(local.deliver()) == {200}
    assert alice.plan == "one"


def test_a_notice_is_done_only_after_success(local, shop, alice):
    """A first try that fails leaves the notice open, and the same notice again is not a repeat."""
    alice.subscribe(shop.month)
    local.drop(types=[t for t in {e["type"] for e in local.deliveries()} if t != "invoice.paid"])
    local.fail_next(status=500, times=3, method="get", path="/v1/subscriptions")
    assert local.deliver(types=["invoice.paid"]) == [500]
    stored = StripeEvent.objects.get(type="invoice.paid")
    assert (stored.processed_at, stored.attempts, stored.error) == (None, 1, "Unreachable")
    assert alice.plan == "free"
    assert local.resend(stored.event_id) == [200]
    stored.refresh_from_db()
    assert stored.processed_at is not None
    assert (stored.attempts, stored.error) == (2, "")
    assert alice.plan == "one"


def test_a_late_notice_about_an_old_subscription_does_not_wipe_the_new_one(local, shop, alice):
    first = alice.subscribe(shop.month)
    local.deliver()
    with local.state.lock:
        from tests.stripe_local import lifecycle

        lifecycle.cancel(local.state, local.state.get("subscription", first))
    alice.browser.get("/billing/returned")
    second = alice.subscribe(shop.dear)
    deleted = "customer.subscription.deleted"
    local.deliver(types=[each["type"] for each in local.deliveries() if each["type"] != deleted])
    assert alice.plan == "two"
    assert local.deliver(types=[deleted]) == [200]
    assert (alice.plan, alice.account.subscription_id) == ("two", second)


def test_two_tabs_that_both_pay_leave_one_subscription_and_one_charge(local, shop, alice, client_at_stripe):
    """The second page is made while the first is still open, so it closes it."""
    first, second = alice.open_checkout(shop.month), alice.open_checkout(shop.month)
    local.pay(second)
    with pytest.raises(Exception, match="expired"):
        local.pay(first)
    local.deliver()
    assert [each["status"] for each in local.objects("subscription")] == ["active"]


def test_of_two_subscriptions_the_older_stays_and_the_other_is_given_back(local, shop, alice):
    """Two pages made at the same instant can both be paid: seen when the next notice comes."""
    kept = alice.subscribe(shop.month)
    account = alice.account
    local.advance(seconds=5)
    doubled = local.subscribe(account.customer_id, shop.dear.stripe_price_id)
    local.deliver()
    status = {each["id"]: each["status"] for each in local.objects("subscription")}
    assert status == {kept: "active", doubled: "canceled"}
    refunds = [(each["amount"], each["reason"]) for each in local.objects("refund")]
    assert refunds == [(8500, "duplicate")]
    assert (alice.plan, alice.account.subscription_id) == ("one", kept)
    assert StripeEvent.objects.filter(type="duplicate.cancelled", customer_id=account.customer_id).exists()


def test_a_refund_that_was_interrupted_is_done_once_by_the_next_reading(local, shop, alice):
    """Refund first, then cancel: what fails in between is found again, and paid back once."""
    alice.subscribe(shop.month)
    local.advance(seconds=5)
    doubled = local.subscribe(alice.account.customer_id, shop.dear.stripe_price_id)
    local.fail_next(status=500, times=3, method="delete", path=f"/v1/subscriptions/{doubled}")
    assert 500 in local.deliver()
    assert [each["amount"] for each in local.objects("refund")] == [8500]
    local.deliver()
    sync(alice.account)
    assert [each["amount"] for each in local.objects("refund")] == [8500]
    assert {each["status"] for each in local.objects("subscription")} == {"active", "canceled"}


def test_each_checkout_page_has_a_key_of_its_own(local, shop, alice):
    """A key made of person and day brought back pages that were finished."""
    for _each in range(3):
        session = alice.open_checkout(shop.month)
    opened = calls(local, "post", "/v1/checkout/sessions")
    keys = [each["key"] for each in opened]
    assert len(set(keys)) == 3
    assert all(keys)
    assert local.pay(session)


def test_a_slow_old_reading_does_not_overwrite_a_newer_one(local, shop, alice):
    """The list is read before the payment and answered after it was stored: it is read again."""
    session = alice.open_checkout(shop.month)
    account = alice.account
    late = local.fail_next(kind="late", method="get", path="/v1/subscriptions")
    slow = threading.Thread(target=in_thread, args=(lambda: sync(account),))
    slow.start()
    assert late.met.wait(10)
    local.pay(session)
    alice.come_back(session)
    assert alice.plan == "one"
    late.gate.set()
    slow.join(20)
    assert not slow.is_alive()
    assert alice.plan == "one"


def in_thread(work):
    try:
        work()
    finally:
        connections.close_all()


def test_parallel_deliveries_of_one_notice_are_all_accepted_and_stored_once(local, shop, alice):
    """The unique id decides, in a statement of its own; nobody meets an IntegrityError."""
    alice.subscribe(shop.month)
    notice = next(each for each in local.deliveries() if each["type"] == "checkout.session.completed")
    answers: list[int] = []
    threads = [
        threading.Thread(target=lambda: answers.extend(local.resend(notice["event"]))) for _each in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert answers == [200] * 8
    assert StripeEvent.objects.filter(event_id=notice["event"]).count() == 1
    assert alice.plan == "one"


def test_an_account_is_not_closed_while_stripe_does_not_confirm_the_end(local, shop, alice):
    """Fail closed: nothing is deleted, and the person is told."""
    alice.subscribe(shop.month)
    local.deliver()
    local.fail_next(status=500, times=3, method="delete", path="/v1/subscriptions/.*")
    with pytest.raises(CannotClose, match="nothing was deleted"):
        closing.before_closing(alice.user)
    assert alice.plan == "one"
    closing.before_closing(alice.user)
    assert {each["status"] for each in local.objects("subscription")} == {"canceled"}
    order = [each["path"].split("/")[2] for each in local.log() if each["method"] == "delete"]
    assert order[-2:] == ["subscriptions", "customers"]


def test_the_grace_is_bounded_and_begins_with_the_unpaid_period(local, shop, alice, settings):
    """Not locked out at the first decline, and not let in for ever: 40 days ago, so 9 days unpaid."""
    settings.BILLING_GRACE_DAYS = 10
    local.begin_at(int((datetime.now(UTC) - timedelta(days=40)).timestamp()))
    subscription = local.subscribe(
        checkout.with_customer(make_account(alice)).customer_id, shop.month.stripe_price_id
    )
    local.fail_renewals()
    local.dunning(retry_days=[30])
    local.advance(days=40)
    sync(alice.account)
    account = alice.account
    assert (account.status, account.subscription_id) == ("past_due", subscription)
    assert account.period_end > datetime.now(UTC)
    assert alice.plan == "one"
    settings.BILLING_GRACE_DAYS = 8
    assert alice.plan == "free"


def make_account(person) -> BillingAccount:
    return BillingAccount.objects.get_or_create(user=person.user)[0]


def test_there_is_one_trial_a_person_even_after_cancelling(local, shop, alice, settings):
    settings.BILLING_TRIAL_DAYS = 14
    first = alice.subscribe(shop.month)
    local.deliver()
    assert (alice.account.status, alice.account.trial_used) == ("trialing", True)
    with local.state.lock:
        from tests.stripe_local import lifecycle

        lifecycle.cancel(local.state, local.state.get("subscription", first))
    local.deliver()
    alice.open_checkout(shop.month)
    forms = [parse_qs(each["form"]) for each in calls(local, "post", "/v1/checkout/sessions")]
    trials = [form.get("subscription_data[trial_period_days]") for form in forms]
    assert trials == [["14"], None]


def test_a_trial_that_was_had_behind_the_sites_back_counts(local, shop, alice, settings):
    """Judged over all subscriptions, also those that ended before they were ever read here."""
    settings.BILLING_TRIAL_DAYS = 14
    account = checkout.with_customer(make_account(alice))
    local.subscribe(account.customer_id, shop.month.stripe_price_id, trial_days=7)
    with local.state.lock:
        from tests.stripe_local import lifecycle

        lifecycle.cancel(local.state, local.objects("subscription")[0])
    alice.open_checkout(shop.month)
    form = parse_qs(calls(local, "post", "/v1/checkout/sessions")[-1]["form"])
    assert "subscription_data[trial_period_days]" not in form


def test_without_a_webhook_secret_every_notice_is_refused_with_503(local, shop, alice, settings):
    """Never believed unsigned, and Stripe keeps it until somebody has set the secret."""
    secrets, settings.STRIPE_WEBHOOK_SECRETS = settings.STRIPE_WEBHOOK_SECRETS, []
    alice.subscribe(shop.month)
    assert set(local.deliver()) == {503}
    assert not StripeEvent.objects.exists()
    settings.STRIPE_WEBHOOK_SECRETS = secrets
    assert set(local.deliver()) == {200}
    assert alice.plan == "one"


def test_a_person_is_never_somebody_elses_customer(local, shop, alice):
    charlie = make_person(local, "charlie@example.com")
    alice.subscribe(shop.month)
    charlie.open_checkout(shop.month)
    local.deliver()
    assert (alice.plan, charlie.plan) == ("one", "free")
    assert alice.account.customer_id != charlie.account.customer_id
