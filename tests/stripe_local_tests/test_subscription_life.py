"""A subscription from its first day to its last, by the stand-in's clock."""

import pytest
import stripe

from .conftest import checkout

DAY = 24 * 3600


def read(client, key):
    return client.subscriptions.retrieve(key)


def item(subscription):
    return subscription["items"].data[0]


def events_of(client, kind):
    return [each.data.object.id for each in client.events.list({"type": kind, "limit": 100})]


def test_it_renews(local, client, shop):
    """The period advances first; an hour later the invoice is finalised and paid."""
    key = local.subscribe(shop.customer, shop.month)
    end = item(read(client, key)).current_period_end
    local.advance(seconds=end - local.now())
    renewed = read(client, key)
    assert (renewed.status, item(renewed).current_period_start) == ("active", end)
    assert client.invoices.retrieve(renewed.latest_invoice).status == "draft"
    local.advance(hours=2)
    invoice = client.invoices.retrieve(renewed.latest_invoice)
    assert (invoice.status, invoice.billing_reason, invoice.amount_paid) == (
        "paid",
        "subscription_cycle",
        900,
    )
    assert invoice.parent.subscription_details.subscription == key


def test_it_renews_as_often_as_time_passes(local, client, shop):
    """A year at once is twelve renewals, each at its own moment."""
    local.subscribe(shop.customer, shop.month)
    local.advance(days=366)
    invoices = list(client.invoices.list({"customer": shop.customer, "limit": 100}).auto_paging_iter())
    assert len(invoices) == 13
    assert len({each.created for each in invoices}) == 13


def test_the_period_moves_even_when_nobody_pays(local, client, shop):
    """`current_period_end > now` proves nothing: past due, with a period in the future."""
    key = local.subscribe(shop.customer, shop.month, card="fails_later")
    local.advance(days=32)
    found = read(client, key)
    assert found.status == "past_due"
    assert item(found).current_period_end > local.now()
    invoice = client.invoices.retrieve(found.latest_invoice)
    assert (invoice.status, invoice.attempt_count) == ("open", 1)
    assert invoice.next_payment_attempt > local.now()
    assert events_of(client, "invoice.payment_failed") == [invoice.id]


def test_it_is_canceled_after_the_last_retry(local, client, shop):
    """Every story of a card that stays refused ends in `canceled`."""
    key = local.subscribe(shop.customer, shop.month, card="fails_later")
    local.advance(days=60)
    found = read(client, key)
    assert (found.status, found.cancellation_details.reason) == ("canceled", "payment_failed")
    assert client.invoices.retrieve(found.latest_invoice).attempt_count == 4
    assert events_of(client, "customer.subscription.deleted") == [key]


@pytest.mark.parametrize("last", ["unpaid", "past_due"])
def test_the_account_may_choose_another_end(local, client, shop, last):
    """Dunning is a setting of the account."""
    local.dunning(retry_days=[1], after_last_retry=last)
    key = local.subscribe(shop.customer, shop.month, card="fails_later")
    local.advance(days=35)
    assert read(client, key).status == last


def test_it_recovers_at_the_next_retry(local, client, shop):
    """A good card, then Stripe's own next attempt."""
    key = local.subscribe(shop.customer, shop.month, card="fails_later")
    local.advance(days=32)
    local.repair_card(shop.customer)
    assert read(client, key).status == "past_due"
    local.advance(days=4)
    assert read(client, key).status == "active"


def test_it_recovers_when_the_invoice_is_paid(local, client, shop):
    """By a call; a refused card is a CardError, and 402."""
    key = local.subscribe(shop.customer, shop.month, card="fails_later")
    local.advance(days=32)
    invoice = read(client, key).latest_invoice
    with pytest.raises(stripe.CardError) as caught:
        client.invoices.pay(invoice)
    assert caught.value.code == "card_declined"
    local.repair_card(shop.customer)
    assert client.invoices.pay(invoice).status == "paid"
    assert read(client, key).status == "active"
    with pytest.raises(stripe.InvalidRequestError):
        client.invoices.pay(invoice)


def test_renewals_can_be_made_to_fail_later(local, client, shop):
    """The control for demos: the card on file goes bad."""
    key = local.subscribe(shop.customer, shop.month)
    local.fail_renewals(shop.customer)
    local.advance(days=32)
    assert read(client, key).status == "past_due"


def test_a_trial_ends_with_the_first_payment(local, client, shop):
    """Trialing → active, the whole price, the anchor at the trial's end."""
    key = local.subscribe(shop.customer, shop.month, trial_days=14)
    local.advance(days=15)
    found = read(client, key)
    assert found.status == "active"
    assert item(found).current_period_start == found.trial_end
    assert client.invoices.retrieve(found.latest_invoice).amount_paid == 900


def test_it_ends_at_the_chosen_moment(local, client, shop):
    """`cancel_at`: active until then, canceled after, never renewed."""
    key = local.subscribe(shop.customer, shop.month)
    found = client.subscriptions.update(key, {"cancel_at": "min_period_end"})
    assert found.cancel_at == item(found).current_period_end
    local.advance(days=27)
    assert read(client, key).status == "active"
    local.advance(days=5)
    assert read(client, key).status == "canceled"
    assert len(client.invoices.list({"customer": shop.customer}).data) == 1


def test_cancel_at_period_end_is_kept_when_the_api_sets_it(local, client, shop):
    """By the API the flag is true; taken back, both are gone."""
    key = local.subscribe(shop.customer, shop.month)
    assert client.subscriptions.update(key, {"cancel_at_period_end": True}).cancel_at_period_end is True
    taken_back = client.subscriptions.update(key, {"cancel_at_period_end": False})
    assert (taken_back.cancel_at, taken_back.canceled_at, taken_back.cancel_at_period_end) == (
        None,
        None,
        False,
    )


def test_it_is_canceled_at_once(local, client, shop):
    """It can still be read; a second cancellation is `resource_missing`; it cannot be changed."""
    key = local.subscribe(shop.customer, shop.month)
    assert client.subscriptions.cancel(key).status == "canceled"
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.subscriptions.cancel(key)
    assert (caught.value.http_status, caught.value.code) == (404, "resource_missing")
    assert read(client, key).ended_at == local.now() or read(client, key).ended_at
    with pytest.raises(stripe.InvalidRequestError, match="canceled subscription"):
        client.subscriptions.update(key, {"cancel_at_period_end": True})


def test_a_list_hides_the_canceled_unless_asked(local, client, shop):
    """`status=all` is what a site needs."""
    gone, live = local.subscribe(shop.customer, shop.month), local.subscribe(shop.customer, shop.month)
    client.subscriptions.cancel(gone)

    def found(**more):
        return [each.id for each in client.subscriptions.list({"customer": shop.customer} | more)]

    assert found() == [live]
    assert found(status="all") == [live, gone]
    assert found(status="ended") == found(status="canceled") == [gone]
    assert found(status="all", limit=1) == [live]
    assert found(price=shop.dear) == []


def test_it_switches_with_the_item_id(local, client, shop):
    """One item, the new price, and an invoice at once for the difference."""
    key = local.subscribe(shop.customer, shop.month)
    first = item(read(client, key)).id
    items = [{"id": first, "price": shop.dear}]
    found = client.subscriptions.update(key, {"items": items, "proration_behavior": "always_invoice"})
    assert [(each.id, each.price.id) for each in found["items"].data] == [(first, shop.dear)]
    invoice = client.invoices.retrieve(found.latest_invoice)
    assert (invoice.billing_reason, invoice.status, invoice.amount_paid) == (
        "subscription_update",
        "paid",
        7600,
    )


def test_without_the_item_id_stripe_adds_a_second_item(local, client, shop):
    """The mistake stays possible here: both are billed. The same price twice is refused."""
    key = local.subscribe(shop.customer, shop.month)
    found = client.subscriptions.update(key, {"items": [{"price": shop.dear}]})
    assert len(found["items"].data) == 2
    with pytest.raises(stripe.InvalidRequestError, match="same plan"):
        client.subscriptions.update(key, {"items": [{"price": shop.month}]})


def test_another_interval_begins_a_new_period(local, client, shop):
    """From month to year: a year from now, invoiced now, less what was unused."""
    key = local.subscribe(shop.customer, shop.month)
    local.advance(days=10)
    first = item(read(client, key)).id
    found = client.subscriptions.update(key, {"items": [{"id": first, "price": shop.year}]})
    assert item(found).current_period_end - item(found).current_period_start >= 365 * DAY
    assert 9000 - 900 < client.invoices.retrieve(found.latest_invoice).total < 9000


def test_a_failed_upgrade_is_past_due(local, client, shop):
    """The card on file decides about a switch too."""
    key = local.subscribe(shop.customer, shop.month, card="fails_later")
    items = [{"id": item(read(client, key)).id, "price": shop.dear}]
    found = client.subscriptions.update(key, {"items": items, "proration_behavior": "always_invoice"})
    assert found.status == "past_due"


def test_a_switch_to_what_cannot_be_sold_changes_nothing(local, client, shop):
    """Checked before anything is touched."""
    key = local.subscribe(shop.customer, shop.month)
    first = item(read(client, key)).id
    client.prices.update(shop.dear, {"active": False})
    for wrong in ({"id": first, "price": shop.dear}, {"id": "si_none", "price": shop.year}):
        with pytest.raises(stripe.InvalidRequestError):
            client.subscriptions.update(key, {"metadata": {"a": "b"}, "items": [wrong]})
    assert (item(read(client, key)).price.id, read(client, key).metadata.to_dict()) == (shop.month, {})


def test_a_story_can_begin_in_the_past(local, client, shop):
    """Grace is judged by the site's real clock: let the renewal fail three days before now."""
    real = local.now()
    local.begin_at(real - 34 * DAY)
    key = local.subscribe(shop.customer, shop.month, card="fails_later")
    local.advance(seconds=real - local.now())
    found = read(client, key)
    assert found.status == "past_due"
    assert real - 7 * DAY < item(found).current_period_start < real
    with pytest.raises(ValueError, match="before anybody subscribes"):
        local.begin_at(real)


def test_a_month_counts_from_its_anchor(local, client, shop):
    """31 January, 28 February, 31 March: the day comes back."""
    local.begin_at(1_801_396_800)  # 31 January 2027
    key = local.subscribe(shop.customer, shop.month)
    first = item(read(client, key)).current_period_end
    local.advance(days=30)
    assert (first, item(read(client, key)).current_period_end) == (1_803_816_000, 1_806_494_400)


def test_deleting_the_customer_cancels(local, client, shop):
    """The marker is left; what was theirs is canceled; lists by them are refused."""
    key = local.subscribe(shop.customer, shop.month)
    assert client.customers.delete(shop.customer).deleted is True
    assert client.customers.retrieve(shop.customer).deleted is True
    assert read(client, key).status == "canceled"
    assert events_of(client, "customer.deleted") == [shop.customer]
    with pytest.raises(stripe.InvalidRequestError) as caught:
        checkout(client, shop)
    assert caught.value.code == "resource_missing"


def test_a_customer_shows_what_is_live(local, client, shop):
    """Only when expanded."""
    key = local.subscribe(shop.customer, shop.month)
    assert "subscriptions" not in client.customers.retrieve(shop.customer)
    found = client.customers.retrieve(shop.customer, {"expand": ["subscriptions"]})
    assert [each.id for each in found.subscriptions.data] == [key]


def test_a_customer_is_changed_and_found_by_address(client, shop):
    """E-mail and metadata."""
    client.customers.update(shop.customer, {"email": "a2@example.com", "metadata": {"ref": "r"}})
    found = client.customers.list({"email": "a2@example.com"}).data
    assert [(each.id, each.metadata["ref"]) for each in found] == [(shop.customer, "r")]
