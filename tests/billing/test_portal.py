"""Changing a subscription: at Stripe's portal, and seen here at once."""

from datetime import UTC, datetime

import pytest

from billing import catalogue, portal
from billing.models import Plan
from billing.sync import sync
from tests.billing.conftest import make_person
from tests.stripe_local import lifecycle

pytestmark = pytest.mark.django_db


def test_a_switch_upwards_holds_at_once(local, shop, alice):
    subscription = alice.subscribe(shop.month)
    alice.portal(action="switch", subscription=subscription, price=shop.dear.stripe_price_id)
    alice.browser.get("/billing/returned")
    assert alice.plan == "two"


def test_a_switch_downwards_waits_until_what_was_paid_for_is_used_up(local, shop, alice):
    subscription = alice.subscribe(shop.dear)
    alice.portal(action="switch", subscription=subscription, price=shop.month.stripe_price_id)
    alice.browser.get("/billing/returned")
    assert alice.plan == "two"
    local.advance(days=32)
    local.deliver()
    assert alice.plan == "one"


def test_a_downgrade_destroys_no_secret(local, shop, alice):
    """What was made under the larger limits keeps its lifetime."""
    from onetime.limits import limits_for
    from secrets_app import services
    from secrets_app.envelope import Contents
    from secrets_app.models import Secret

    alice.subscribe(shop.month)
    local.deliver()
    services.create_here(Contents("x"), None, ttl=90 * 86_400, limits=limits_for(alice.user))
    before = Secret.objects.values().get()
    lifecycle.cancel(local.state, local.objects("subscription")[0])
    local.deliver()
    assert alice.plan == "free"
    assert Secret.objects.values().get() == before


def test_the_whole_story_of_a_failed_renewal(local, shop, alice, mailoutbox, settings):
    """Fails, grace, a new card, pays, active; then fails for good and ends."""
    subscription = alice.subscribe(shop.month, card="fails_later")
    local.advance(days=32)
    local.deliver()
    page = alice.browser.get("/billing").content.decode()
    assert alice.account.status == "past_due"
    assert "Your last payment failed" in page
    assert "Pay, or change the card" in page
    assert alice.plan == "one"
    alice.portal(action="fix_card")
    alice.portal(action="pay_invoice")
    alice.browser.get("/billing/returned")
    assert (alice.account.status, alice.plan) == ("active", "one")
    assert "Your last payment failed" not in alice.browser.get("/billing").content.decode()
    local.fail_renewals()
    local.advance(days=60)
    local.deliver()
    assert (alice.account.status, alice.plan) == ("canceled", "free")
    assert alice.account.subscription_id == subscription


def test_cancelling_keeps_the_plan_until_the_end_and_then_loses_it(local, shop, alice):
    subscription = alice.subscribe(shop.month)
    alice.portal(action="cancel", subscription=subscription)
    alice.browser.get("/billing/returned")
    page = alice.browser.get("/billing").content.decode()
    assert "Cancelled, not over yet" in page
    assert alice.plan == "one"
    local.advance(days=32)
    local.deliver()
    assert alice.plan == "free"
    assert "Ended" in alice.browser.get("/billing").content.decode()


def test_the_portal_changes_no_personal_data_and_asks_no_reasons(local, shop):
    features = local.objects("billing_portal.configuration")[-1]["features"]
    assert features["customer_update"]["enabled"] is False
    assert features["subscription_cancel"]["cancellation_reason"]["enabled"] is False
    assert features["subscription_cancel"]["mode"] == "at_period_end"


def test_the_portal_offers_what_is_on_sale_and_public(local, shop):
    assert offered(local) == {price.stripe_price_id for price in (shop.month, shop.year, shop.dear)}
    Plan.objects.filter(pk=shop.two.pk).update(offered=False)
    catalogue.withdraw_price(shop.year)
    assert offered(local) == {shop.month.stripe_price_id}


def offered(local):
    newest = local.objects("billing_portal.configuration")[-1]
    update = newest["features"]["subscription_update"]
    return {price for product in update["products"] for price in product["prices"]}


def test_there_is_one_configuration_however_often_it_is_needed(local, shop, alice):
    alice.subscribe(shop.month)
    for _each in range(3):
        alice.browser.post("/billing/portal")
    portal.update()
    assert len(local.objects("billing_portal.configuration")) == 1


def test_without_a_configuration_the_first_visit_makes_one(local, alice, shop, client_at_stripe):
    alice.subscribe(shop.month)
    only = local.objects("billing_portal.configuration")[0]
    client_at_stripe.billing_portal.configurations.update(only["id"], {"active": False})
    assert alice.browser.post("/billing/portal").status_code == 303


def test_somebody_who_never_bought_is_sent_to_the_plans(local, shop, charlie):
    answer = charlie.browser.post("/billing/portal")
    assert (answer.status_code, answer["Location"]) == (303, "/plans")


def test_each_person_gets_their_own_portal(local, shop, alice):
    charlie = make_person(local, "charlie@example.com")
    for person in (alice, charlie):
        person.subscribe(shop.month)
        person.browser.post("/billing/portal")
    customers = [each["customer"] for each in local.objects("billing_portal.session")]
    assert customers == [alice.account.customer_id, charlie.account.customer_id]


def test_a_failed_upgrade_has_a_grace_of_its_own(local, shop, alice, settings):
    """The period began long before the invoice that is not paid: the invoice is what counts."""
    settings.BILLING_GRACE_DAYS = 7
    local.begin_at(int(datetime.now(UTC).timestamp()) - 20 * 86_400)
    subscription = alice.subscribe(shop.month, card="fails_later")
    local.advance(days=20)
    alice.portal(action="switch", subscription=subscription, price=shop.dear.stripe_price_id)
    sync(alice.account)
    account = alice.account
    assert account.status == "past_due"
    assert (datetime.now(UTC) - account.period_start).days >= 19
    assert alice.plan == "two"


def test_coming_back_from_the_portal_while_stripe_is_silent_shows_what_is_known(local, shop, alice):
    alice.subscribe(shop.month)
    local.deliver()
    local.fail_next(status=500, times=3)
    answer = alice.browser.get("/billing/returned")
    assert (answer.status_code, answer["Location"]) == (303, "/billing")
    assert "Active" in alice.browser.get("/billing").content.decode()


def test_a_subscription_to_something_else_of_the_operators_is_left_alone(
    local, shop, alice, client_at_stripe
):
    """The same customer may have been sold another thing in the dashboard."""
    client_at_stripe.products.create({"id": "consulting", "name": "Consulting"})
    other = client_at_stripe.prices.create(
        {"product": "consulting", "currency": "cad", "unit_amount": 5, "recurring": {"interval": "month"}}
    )
    alice.subscribe(shop.month)
    local.advance(seconds=5)
    local.subscribe(alice.account.customer_id, other.id)
    local.deliver()
    assert [each["status"] for each in local.objects("subscription")] == ["active", "active"]
    assert alice.plan == "one"


def test_a_price_made_in_the_dashboard_counts_by_its_product(local, shop, alice, client_at_stripe):
    """A special offer for one person is still the plan."""
    special = client_at_stripe.prices.create(
        {"product": "plan_two", "currency": "cad", "unit_amount": 100, "recurring": {"interval": "month"}}
    )
    alice.open_checkout(shop.month)
    local.subscribe(alice.account.customer_id, special.id)
    local.deliver()
    assert alice.plan == "two"


def test_mails_are_one_for_a_failure_and_one_for_the_end(local, shop, alice, mailoutbox):
    """However many notices say so, in whatever order, twice."""
    from onetime import mail

    alice.subscribe(shop.month, card="fails_later")
    local.deliver(times=2)
    local.advance(days=35)
    local.deliver(order="reversed", times=2)
    mail.outbox.join()
    assert [each.subject for each in mailoutbox] == ["A payment for your plan failed"]
    assert mailoutbox[0].to == ["alice@example.com"]
    local.advance(days=30)
    local.deliver(times=2)
    mail.outbox.join()
    assert [each.subject for each in mailoutbox][1:] == ["Your subscription has ended"]


def test_the_end_that_a_person_chose_is_told_once(local, shop, alice, mailoutbox):
    from onetime import mail

    subscription = alice.subscribe(shop.month)
    local.deliver()
    alice.portal(action="cancel", subscription=subscription)
    local.advance(days=32)
    local.deliver(times=2)
    mail.outbox.join()
    assert [each.subject for each in mailoutbox] == ["Your subscription has ended"]
