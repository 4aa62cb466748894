"""What operators see first about money."""

from datetime import timedelta

import pytest
from django.utils import timezone

from billing import overview
from billing.models import BillingAccount, PlanPrice, StripeEvent

pytestmark = pytest.mark.django_db


def facts():
    return {str(fact.name): (fact.value, fact.alarming) for fact in overview.billing()}


def test_without_a_key_it_says_so(settings):
    settings.BILLING_ENABLED = False
    assert facts() == {"Paid plans": ("off: no Stripe key is set", False)}


def test_it_counts_who_pays_and_who_fails(local, shop, alice, charlie):
    for person, card in ((alice, "good"), (charlie, "fails_later")):
        person.subscribe(shop.month, card)
    local.advance(days=32)
    local.deliver()
    found = facts()
    assert found["Live subscriptions"] == (2, False)
    assert found["Of these with a failed payment"] == (1, False)


def test_a_notice_alarms_once_stripe_must_have_sent_it_again(local, shop, alice):
    alice.subscribe(shop.month)
    local.fail_next(status=500, times=300, method="get", path="/v1/subscriptions")
    local.deliver(types=["invoice.paid"])
    assert facts()["Notices from Stripe that are not done"] == (0, False)
    StripeEvent.objects.update(received_at=timezone.now() - timedelta(hours=1))
    assert facts()["Notices from Stripe that are not done"] == (1, True)


def test_a_price_that_nobody_can_buy_alarms(local, shop):
    PlanPrice.objects.create(plan=shop.one, interval="month", currency="eur", unit_amount=800)
    assert facts()["Prices that are not at Stripe yet"] == (1, True)


def test_money_that_went_back_is_counted_for_some_days(local, shop, alice):
    alice.subscribe(shop.month)
    local.dispute(local.objects("charge")[0]["id"])
    local.deliver()
    assert facts()["Refunds and disputes in the last days"] == (1, False)
    StripeEvent.objects.update(received_at=timezone.now() - timedelta(days=8))
    assert facts()["Refunds and disputes in the last days"] == (0, False)
    assert BillingAccount.objects.get(user=alice.user).is_live
