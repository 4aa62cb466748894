"""Invoices, payments, refunds and disputes, the way this API version links them."""

import pytest
import stripe


def paid_intent(client, subscription):
    """From a subscription to its payment, as API 2026-10-28 has it."""
    invoice = client.subscriptions.retrieve(subscription).latest_invoice
    payment = client.invoice_payments.list({"invoice": invoice}).data[0]
    return payment.payment.payment_intent


def test_a_payment_is_found_through_the_invoice(local, client, shop):
    """Invoice → invoice payment → intent → charge; the invoice itself has no charge."""
    key = local.subscribe(shop.customer, shop.month)
    intent = client.payment_intents.retrieve(paid_intent(client, key), {"expand": ["latest_charge"]})
    assert (intent.status, intent.amount_received, intent.latest_charge.paid) == ("succeeded", 900, True)
    invoice = client.invoices.retrieve(
        client.subscriptions.retrieve(key).latest_invoice, {"expand": ["payments"]}
    )
    assert invoice.payments.data[0].status == "paid"
    assert "charge" not in invoice


def test_a_refund_returns_the_money_and_keeps_the_subscription(local, client, shop):
    """Two different things at Stripe."""
    key = local.subscribe(shop.customer, shop.month)
    intent = paid_intent(client, key)
    part = client.refunds.create({"payment_intent": intent, "amount": 400})
    rest = client.refunds.create({"payment_intent": intent, "reason": "duplicate"})
    assert (part.amount, rest.amount, rest.status) == (400, 500, "succeeded")
    charge = client.charges.retrieve(rest.charge)
    assert (charge.refunded, charge.amount_refunded, charge.customer) == (True, 900, shop.customer)
    assert client.subscriptions.retrieve(key).status == "active"
    assert [each.id for each in client.refunds.list({"payment_intent": intent})] == [rest.id, part.id]
    assert client.events.list({"type": "charge.refunded"}).data[0].data.object.id == charge.id


def test_nothing_is_refunded_twice(local, client, shop):
    """Nor more than was paid, nor without saying what."""
    intent = paid_intent(client, local.subscribe(shop.customer, shop.month))
    for wrong in ({"payment_intent": intent, "amount": 901}, {"amount": 5}, {"payment_intent": "pi_none"}):
        with pytest.raises(stripe.InvalidRequestError):
            client.refunds.create(wrong)
    client.refunds.create({"payment_intent": intent})
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.refunds.create({"payment_intent": intent})
    assert caught.value.code == "charge_already_refunded"


def test_an_unpaid_intent_is_not_refunded(local, client, shop):
    """There is nothing to give back."""
    key = local.subscribe(shop.customer, shop.month, card="fails_later")
    local.advance(days=32)
    with pytest.raises(stripe.InvalidRequestError, match="successful charge"):
        client.refunds.create({"payment_intent": paid_intent(client, key)})


def test_a_dispute_is_told(local, client, shop):
    """`charge.dispute.created`, with the charge and the intent."""
    intent = paid_intent(client, local.subscribe(shop.customer, shop.month))
    charge = client.payment_intents.retrieve(intent).latest_charge
    key = local.dispute(charge)
    found = client.disputes.retrieve(key)
    assert (found.charge, found.payment_intent, found.amount) == (charge, intent, 900)
    assert client.events.list({"type": "charge.dispute.created"}).data[0].data.object.id == key


def test_invoices_are_listed_by_what_they_are(local, client, shop):
    """By customer, subscription and status."""
    one, two = local.subscribe(shop.customer, shop.month), local.subscribe(shop.customer, shop.dear)
    assert [each.total for each in client.invoices.list({"subscription": one})] == [900]
    assert [each.total for each in client.invoices.list({"subscription": two, "status": "paid"})] == [8500]
    assert client.invoices.list({"customer": shop.customer, "status": "open"}).data == []
    assert len(client.invoices.list({"customer": shop.customer}).data) == 2


def test_an_open_invoice_can_be_voided(local, client, shop):
    """A paid one cannot."""
    key = local.subscribe(shop.customer, shop.month, card="fails_later")
    paid = client.subscriptions.retrieve(key).latest_invoice
    local.advance(days=32)
    assert client.invoices.void_invoice(client.subscriptions.retrieve(key).latest_invoice).status == "void"
    with pytest.raises(stripe.InvalidRequestError):
        client.invoices.void_invoice(paid)


def test_unused_time_is_credited_to_the_next_invoice(local, client, shop):
    """A downgrade by the API without an invoice: the next one is smaller, or even nothing."""
    key = local.subscribe(shop.customer, shop.dear)
    first = client.subscriptions.retrieve(key)["items"].data[0].id
    client.subscriptions.update(key, {"items": [{"id": first, "price": shop.month}]})
    local.advance(days=32)
    invoice = client.invoices.retrieve(client.subscriptions.retrieve(key).latest_invoice)
    assert (invoice.status, invoice.amount_due) == ("paid", 0)
    assert client.customers.retrieve(shop.customer).balance == -(8500 - 900 - 900)
