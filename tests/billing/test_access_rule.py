"""Which plan holds: the one rule, at every standing and at the moments where it turns."""

from datetime import UTC, datetime, timedelta

import pytest

from billing.models import BillingAccount

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
PAID, GIVEN = 1, 2


def account(**fields) -> BillingAccount:
    return BillingAccount(**({"plan_id": PAID, "period_start": NOW} | fields))


@pytest.mark.parametrize("status", ["active", "trialing"])
def test_a_paid_or_tried_plan_holds(status):
    assert account(status=status).plan_id_now(NOW) == PAID


@pytest.mark.parametrize("status", ["", "canceled", "incomplete", "incomplete_expired", "unpaid", "paused"])
def test_nothing_else_gives_a_plan(status):
    """Whatever the period says: Stripe moves it on whether it is paid or not."""
    assert account(status=status, period_end=NOW + timedelta(days=300)).plan_id_now(NOW) is None


def test_a_failed_payment_leaves_the_plan_for_the_grace_and_no_second_longer(settings):
    settings.BILLING_GRACE_DAYS = 7
    failing = account(status="past_due", period_start=NOW - timedelta(days=7))
    assert failing.plan_id_now(NOW - SECOND) == PAID
    assert failing.plan_id_now(NOW) is None


def test_the_grace_begins_with_the_unpaid_invoice_where_a_switch_was_charged_at_once(settings):
    """The period began long ago then; the invoice did not."""
    settings.BILLING_GRACE_DAYS = 7
    switched = account(
        status="past_due", period_start=NOW - timedelta(days=200), unpaid_since=NOW - timedelta(days=1)
    )
    assert switched.plan_id_now(NOW) == PAID


def test_without_grace_a_failed_payment_ends_it_at_once(settings):
    settings.BILLING_GRACE_DAYS = 0
    assert account(status="past_due").plan_id_now(NOW) is None


def test_a_given_plan_comes_first_and_ends_when_it_was_to(settings):
    given = account(status="active", comp_plan_id=GIVEN, comp_until=NOW)
    assert given.plan_id_now(NOW - SECOND) == GIVEN
    assert given.plan_id_now(NOW) == PAID


def test_a_given_plan_needs_no_subscription():
    assert account(status="", plan_id=None, comp_plan_id=GIVEN).plan_id_now(NOW) == GIVEN


def test_a_subscription_that_is_cancelled_to_end_later_holds_until_stripe_ends_it():
    assert account(status="active", ends_at=NOW + timedelta(days=3)).plan_id_now(NOW) == PAID
