"""What operators run: push, set up, check, reconcile, purge."""

from datetime import timedelta

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.utils import timezone

from billing.events import HANDLED
from billing.models import BillingAccount, PlanPrice, StripeEvent
from tests.stripe_local import lifecycle

pytestmark = pytest.mark.django_db


@pytest.fixture
def run(capsys):
    def command(name, *arguments):
        capsys.readouterr()
        call_command(name, *arguments)
        return capsys.readouterr().out

    return command


NAMES = ("billing_push", "billing_setup", "billing_check", "billing_reconcile")


@pytest.mark.parametrize("name", NAMES)
def test_without_a_key_a_command_says_so(name, settings):
    settings.BILLING_ENABLED = False
    with pytest.raises(CommandError, match="STRIPE_SECRET_KEY is not set"):
        call_command(name)


@pytest.mark.parametrize("name", NAMES[:3])
def test_when_stripe_is_silent_a_command_fails_in_words(name, local, shop):
    local.fail_next(status=500, times=99)
    with pytest.raises(CommandError, match="Stripe did not do it: Unreachable"):
        call_command(name)


# --- billing_push ---------------------------------------------------------------------------------


def test_push_makes_what_is_missing_and_says_what(local, shop, run):
    price = PlanPrice.objects.create(plan=shop.one, interval="month", currency="eur", unit_amount=800)
    assert "one:month:eur: 8 EUR / month is not at Stripe yet" in run("billing_push", "--dry-run")
    price.refresh_from_db()
    assert price.stripe_price_id is None
    assert "one:month:eur: 8 EUR / month is on sale" in run("billing_push")
    assert "2 plans, 0 differences" in run("billing_push", "--dry-run")


# --- billing_setup --------------------------------------------------------------------------------


def test_setup_makes_an_endpoint_of_our_version_and_shows_its_secret_once(local, shop, run, settings):
    for each in local.objects("webhook_endpoint"):
        each["url"] = "http://elsewhere.example/hook"
    first = run("billing_setup")
    made = local.objects("webhook_endpoint")[-1]
    assert made["url"] == f"{settings.SITE_ORIGIN}/billing/webhook"
    assert set(made["enabled_events"]) == set(HANDLED)
    assert "whsec_" in first
    assert "whsec_" not in run("billing_setup")
    assert len(local.objects("webhook_endpoint")) == 2


def test_an_endpoint_of_another_version_is_replaced(local, shop, run):
    """Its notices would have another shape."""
    local.objects("webhook_endpoint")[0]["api_version"] = "2024-06-20"
    assert "whsec_" in run("billing_setup")


def test_a_secret_is_changed_without_losing_a_notice(local, shop, alice, run, settings):
    """A second endpoint beside the first, both secrets for a while, then the old one goes."""
    secret = run("billing_setup", "--rotate").strip().rsplit("\n", 1)[-1]
    settings.STRIPE_WEBHOOK_SECRETS = [secret, *settings.STRIPE_WEBHOOK_SECRETS]
    alice.subscribe(shop.month)
    assert set(local.deliver()) == {200}
    assert "Removed 1 endpoints" in run("billing_setup", "--remove-old")
    assert len([each for each in local.objects("webhook_endpoint") if "deleted" not in each]) == 1


# --- billing_check --------------------------------------------------------------------------------


def test_check_is_content_with_a_site_that_is_set_up(local, shop, run):
    assert "everything is as it should be" in run("billing_check")


def test_check_names_everything_that_is_not(local, shop, alice, run, settings, capsys, client_at_stripe):
    alice.subscribe(shop.month)
    local.advance(seconds=5)
    local.subscribe(alice.account.customer_id, shop.dear.stripe_price_id)
    endpoint = local.objects("webhook_endpoint")[0]
    endpoint["api_version"], endpoint["enabled_events"], endpoint["status"] = (
        "2024-06-20",
        ["charge.refunded"],
        "disabled",
    )
    client_at_stripe.products.update("plan_one", {"name": "Renamed"})
    settings.STRIPE_WEBHOOK_SECRETS = []
    configuration = local.objects("billing_portal.configuration")[0]["id"]
    client_at_stripe.billing_portal.configurations.update(configuration, {"active": False})
    with pytest.raises(CommandError, match="7 things"):
        call_command("billing_check")
    said = capsys.readouterr().out
    for words in (
        "is switched off", "speaks version 2024-06-20", "does not send", "STRIPE_WEBHOOK_SECRETS is empty",
        "no portal configuration", "called “Renamed” at Stripe", f"{alice.account.customer_id} also has sub_",
    ):  # fmt: skip
        assert words in said
    assert {each["status"] for each in local.objects("subscription")} == {"active"}


def test_check_misses_an_endpoint_that_is_not_there(local, shop, run, settings, capsys):
    local.objects("webhook_endpoint")[0]["url"] = "http://elsewhere.example/hook"
    with pytest.raises(CommandError):
        call_command("billing_check")
    assert "no endpoint sends notices to" in capsys.readouterr().out


# --- billing_reconcile ----------------------------------------------------------------------------


def test_reconcile_repairs_what_no_notice_told(local, shop, alice, run):
    alice.subscribe(shop.month)
    local.drop()
    assert alice.plan == "free"
    said = run("billing_reconcile")
    assert "status was empty, is active" in said
    assert alice.plan == "one"
    assert "0 things" in run("billing_reconcile")


def test_a_dry_run_says_the_same_and_changes_nothing(local, shop, alice, run):
    alice.subscribe(shop.month)
    StripeEvent.objects.create(event_id="evt_1", type="invoice.paid", customer_id=alice.account.customer_id)
    before = alice.account
    said = run("billing_reconcile", "--dry-run")
    assert "status was empty, is active" in said
    assert "evt_1: not done yet" in said
    assert (alice.account.rev, alice.plan) == (before.rev, "free")
    assert StripeEvent.objects.get().processed_at is None


def test_reconcile_does_what_was_left_open(local, shop, alice, run):
    alice.subscribe(shop.month)
    local.fail_next(status=500, times=300, method="get", path="/v1/subscriptions")
    local.deliver(types=["invoice.paid"])
    local.release()
    assert StripeEvent.objects.filter(processed_at=None).count() == 1
    assert "done now" in run("billing_reconcile")
    assert not StripeEvent.objects.filter(processed_at=None).exists()


def test_reconcile_names_who_pays_without_an_account(local, shop, alice, run):
    """Only operators can help there: the line says who and for what."""
    alice.subscribe(shop.month)
    customer, subscription = alice.account.customer_id, local.objects("subscription")[0]["id"]
    BillingAccount.objects.all().delete()
    assert f"{customer} pays for {subscription} and has no account here" in run("billing_reconcile")


def test_reconcile_ends_duplicates(local, shop, alice, run):
    alice.subscribe(shop.month)
    local.advance(seconds=5)
    local.subscribe(alice.account.customer_id, shop.dear.stripe_price_id)
    run("billing_reconcile")
    assert sorted(each["status"] for each in local.objects("subscription")) == ["active", "canceled"]


def test_one_that_cannot_be_read_does_not_stop_the_others(local, shop, alice, charlie, capsys):
    for person in (alice, charlie):
        person.subscribe(shop.month)
    local.fail_next(status=500, times=3, method="get", path="/v1/subscriptions")
    with pytest.raises(CommandError, match="1 things could not be done"):
        call_command("billing_reconcile")
    assert "could not be read (Unreachable)" in capsys.readouterr().out
    assert (alice.plan, charlie.plan) == ("free", "one")


def test_reconcile_sees_a_customer_who_was_deleted_at_stripe(local, shop, alice, run, client_at_stripe):
    alice.subscribe(shop.month)
    local.deliver()
    client_at_stripe.customers.delete(alice.account.customer_id)
    assert "status was active, is empty" in run("billing_reconcile", "--dry-run")
    assert alice.plan == "one"
    run("billing_reconcile")
    assert alice.plan == "free"


def test_many_subscriptions_are_all_read(local, shop, alice, run):
    """Lists are pages; the one that counts is on the last."""
    alice.subscribe(shop.month)
    customer = alice.account.customer_id
    for _each in range(101):
        local.subscribe(customer, shop.dear.stripe_price_id)
        newest = local.objects("subscription")[-1]
        lifecycle.cancel(local.state, newest)
    run("billing_reconcile")
    assert alice.plan == "one"


# --- billing_purge --------------------------------------------------------------------------------


def test_events_are_forgotten_after_thirty_days(run):
    now = timezone.now()
    for days, name in ((31, "evt_old"), (29, "evt_young")):
        StripeEvent.objects.create(
            event_id=name, type="invoice.paid", received_at=now - timedelta(days=days), processed_at=now
        )
    assert "1 events are due" in run("billing_purge", "--dry-run")
    assert StripeEvent.objects.count() == 2
    assert "1 events forgotten" in run("billing_purge")
    assert [each.event_id for each in StripeEvent.objects.all()] == ["evt_young"]
