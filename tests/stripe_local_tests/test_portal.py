"""The customer portal: configurations, and what a customer does on its page."""

import pytest
import stripe

from .conftest import Shop
from .test_checkout import visit

DAY = 24 * 3600


def configure(client, shop, **features):
    """A configuration as a site would make it; its id."""
    products = [
        {"product": "plan_one", "prices": [shop.month, shop.year]},
        {"product": "plan_two", "prices": [shop.dear]},
    ]
    update = {"enabled": True, "default_allowed_updates": ["price"], "products": products}
    update |= {"proration_behavior": "always_invoice"}
    conditions = [{"type": "decreasing_item_amount"}, {"type": "shortening_interval"}]
    update |= {"schedule_at_period_end": {"conditions": conditions}}
    wanted = {
        "customer_update": {"enabled": False},
        "invoice_history": {"enabled": True},
        "payment_method_update": {"enabled": True},
        "subscription_cancel": {"enabled": True, "mode": "at_period_end"},
        "subscription_update": update,
    }
    return client.billing_portal.configurations.create({"features": wanted | features}).id


def portal(client, shop, **features):
    """An open portal session."""
    return client.billing_portal.sessions.create(
        {
            "customer": shop.customer,
            "configuration": configure(client, shop, **features),
            "return_url": "http://127.0.0.1/account",
        }
    )


def test_cancelling_sets_cancel_at_and_not_the_flag(local, client, shop):
    """As flexible billing does: whoever reads only `cancel_at_period_end` sees nothing."""
    key = local.subscribe(shop.customer, shop.month)
    session = portal(client, shop)
    assert visit(session.url, action="cancel", subscription=key)[0] == 303
    found = client.subscriptions.retrieve(key)
    assert found.cancel_at == found["items"].data[0].current_period_end
    assert (found.cancel_at_period_end, found.status) == (False, "active")
    assert "Ends on" in visit(session.url)[1]


def test_it_can_be_resumed_before_the_end(local, client, shop):
    """Then it renews."""
    key = local.subscribe(shop.customer, shop.month)
    session = portal(client, shop)
    visit(session.url, action="cancel", subscription=key)
    visit(session.url, action="resume", subscription=key)
    assert client.subscriptions.retrieve(key).cancel_at is None
    local.advance(days=32)
    assert client.subscriptions.retrieve(key).status == "active"


def test_it_can_be_configured_to_cancel_at_once(local, client, shop):
    """`mode=immediately`."""
    key = local.subscribe(shop.customer, shop.month)
    session = portal(client, shop, subscription_cancel={"enabled": True, "mode": "immediately"})
    visit(session.url, action="cancel", subscription=key)
    assert client.subscriptions.retrieve(key).status == "canceled"


def test_switching_upwards_is_at_once_and_invoiced(local, client, shop):
    """One item still, the difference paid."""
    key = local.subscribe(shop.customer, shop.month)
    visit(portal(client, shop).url, action="switch", subscription=key, price=shop.dear)
    found = client.subscriptions.retrieve(key, {"expand": ["latest_invoice"]})
    assert [each.price.id for each in found["items"].data] == [shop.dear]
    assert found.latest_invoice.status == "paid"


def test_switching_downwards_waits_for_the_period_end(local, client, shop):
    """A schedule until then; afterwards the cheaper price."""
    key = local.subscribe(shop.customer, shop.dear)
    visit(portal(client, shop).url, action="switch", subscription=key, price=shop.month)
    waiting = client.subscriptions.retrieve(key)
    assert (waiting["items"].data[0].price.id, waiting.schedule is not None) == (shop.dear, True)
    local.advance(days=32)
    found = client.subscriptions.retrieve(key, {"expand": ["latest_invoice"]})
    assert (found["items"].data[0].price.id, found.schedule) == (shop.month, None)
    assert found.latest_invoice.total == 900


def test_another_card_does_not_pay_by_itself(local, client, shop):
    """Past due until the open invoice is paid, on the page or at the next retry."""
    key = local.subscribe(shop.customer, shop.month, card="fails_later")
    local.advance(days=32)
    session = portal(client, shop)
    assert visit(session.url, action="pay_invoice")[0] == 402
    visit(session.url, action="fix_card")
    assert client.subscriptions.retrieve(key).status == "past_due"
    assert visit(session.url, action="pay_invoice")[0] == 303
    assert client.subscriptions.retrieve(key).status == "active"


@pytest.mark.parametrize("action", ["cancel", "resume", "switch", "fix_card", "pay_invoice"])
def test_only_what_is_configured_is_possible(local, client, shop, action):
    """Neither shown nor taken."""
    key = local.subscribe(shop.customer, shop.month)
    names = ("invoice_history", "payment_method_update", "subscription_cancel", "subscription_update")
    session = portal(client, shop, **{name: {"enabled": False} for name in names})
    assert "<button" not in visit(session.url)[1]
    before = client.subscriptions.retrieve(key).to_dict()
    assert visit(session.url, action=action, subscription=key, price=shop.dear)[0] == 400
    assert client.subscriptions.retrieve(key).to_dict() == before


def test_a_stranger_changes_nothing_of_ours(local, client, shop):
    """A session is for one customer's subscriptions."""
    key = local.subscribe(shop.customer, shop.month)
    mine = portal(client, shop)
    stranger = client.customers.create({"email": "charlie@example.com"}).id
    theirs = client.billing_portal.sessions.create(
        {"customer": stranger, "configuration": mine.configuration}
    )
    assert visit(theirs.url, action="cancel", subscription=key)[0] == 400
    assert client.subscriptions.retrieve(key).cancel_at is None


def test_looking_at_the_page_changes_nothing(local, client, shop):
    """A GET never changes state."""
    local.subscribe(shop.customer, shop.month)
    session = portal(client, shop)
    before = len(local.objects("event"))
    assert "Cancel subscription" in visit(session.url)[1]
    assert len(local.objects("event")) == before


def test_there_is_no_default_configuration(client, shop):
    """One made by the API is never the default: the site must name it."""
    configure(client, shop)
    with pytest.raises(stripe.InvalidRequestError, match="No configuration provided"):
        client.billing_portal.sessions.create({"customer": shop.customer})


def test_a_configuration_is_updated_in_parts(client, shop):
    """What was not sent stays; an inactive one opens no session."""
    key = configure(client, shop)
    found = client.billing_portal.configurations.update(
        key, {"features": {"invoice_history": {"enabled": False}}}
    )
    assert found.features.invoice_history.enabled is False
    assert found.features.subscription_update.enabled is True
    assert len(found.features.subscription_update.products) == 2
    client.billing_portal.configurations.update(key, {"active": False})
    assert [each.id for each in client.billing_portal.configurations.list({"active": True})] == []
    with pytest.raises(stripe.InvalidRequestError):
        client.billing_portal.sessions.create({"customer": shop.customer, "configuration": key})


@pytest.mark.parametrize(
    "wrong",
    [
        {"subscription_update": {"enabled": True}},
        {"customer_update": {"enabled": True}},
        {"subscription_cancel": {"enabled": True, "mode": "sometime"}},
        {"subscription_cancel": {"mode": "immediately"}},
    ],
)
def test_it_refuses_a_wrong_configuration(client, shop: Shop, wrong):
    """Missing products, missing updates, unknown words, a feature neither on nor off."""
    with pytest.raises(stripe.InvalidRequestError):
        configure(client, shop, **wrong)
