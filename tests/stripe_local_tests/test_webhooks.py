"""Signed events: in order, reversed, twice, lost, retried."""

import pytest
import stripe

from tests.stripe_local import WEBHOOK_SECRET, StripeLocal

from .conftest import client_of


def test_what_is_sent_verifies_and_is_complete(local, client, shop, receiver):
    """`construct_event` accepts it; the snapshot is of our API version and of test mode."""
    key = local.subscribe(shop.customer, shop.month)
    assert set(local.deliver()) == {200}
    events = receiver.events()
    created = next(each for each in events if each.type == "customer.subscription.created")
    assert (created.data.object.id, created.livemode) == (key, False)
    assert created.api_version == stripe.api_version
    assert {"invoice.paid", "charge.succeeded"} <= {each.type for each in events}


def test_a_forged_one_does_not_verify(local, receiver, client):
    """Another secret, or another body."""
    client.products.create({"name": "One"})
    local.deliver()
    body, header = receiver.bodies[0], receiver.headers[0]
    for payload, secret in ((body, "whsec_other"), (body + b" ", WEBHOOK_SECRET)):
        with pytest.raises(stripe.SignatureVerificationError):
            stripe.Webhook.construct_event(payload, header, secret)


def names(receiver):
    return [each.data.object.name for each in receiver.events()]


@pytest.mark.parametrize(
    ("order", "expected"), [("in_order", ["A", "B", "C"]), ("reversed", ["C", "B", "A"])]
)
def test_the_order_is_chosen(local, client, receiver, order, expected):
    """Stripe promises none."""
    for name in "ABC":
        client.products.create({"name": name})
    local.deliver(order)
    assert names(receiver) == expected


def test_one_may_come_twice(local, client, receiver):
    """At least once is the promise: the same event id again."""
    client.products.create({"name": "A"})
    local.deliver(times=2)
    first, second = receiver.events()
    assert first.id == second.id
    assert local.resend(first.id) == [200]
    assert len(receiver.bodies) == 3


def test_one_may_be_lost(local, client, receiver):
    """By type, or by losing all."""
    client.products.create({"name": "A"})
    client.customers.create({"email": "b@example.com"})
    assert local.drop(["product.created"]) == 1
    local.deliver()
    assert [each.type for each in receiver.events()] == ["customer.created"]
    local.webhooks("drop")
    client.products.create({"name": "B"})
    assert local.deliver() == []
    assert [each["state"] for each in local.deliveries()] == ["dropped", "delivered", "dropped"]


def test_a_refused_one_comes_again(local, client, receiver):
    """Anything but 2xx: later, until it is taken."""
    receiver.statuses = [500, 302]
    client.products.create({"name": "A"})
    assert [local.deliver(), local.deliver(), local.deliver(), local.deliver()] == [[500], [302], [200], []]
    assert local.deliveries()[0]["answers"] == [500, 302, 200]


def test_it_gives_up_after_three_days(local, client, receiver):
    """By the stand-in's clock, with growing pauses."""
    receiver.statuses = [500] * 50
    client.products.create({"name": "A"})
    while local.deliver():
        local.advance(days=1)
    assert local.deliveries()[0]["state"] == "given_up"


def test_they_are_sent_as_they_happen(local, client, receiver):
    """Mode "auto": from a thread, in order; a retry waits for the clock."""
    local.webhooks("auto")
    receiver.statuses = [503]
    client.products.create({"name": "A"})
    client.products.create({"name": "B"})
    assert local.wait_until_idle()
    assert names(receiver) == ["A", "B"]
    local.advance(hours=2)
    assert local.wait_until_idle()
    assert names(receiver) == ["A", "B", "A"]


def test_pending_webhooks_are_counted(local, client, receiver):
    """What a reconciling site may ask for."""
    client.products.create({"name": "A"})
    assert client.events.list().data[0].pending_webhooks == 1
    assert len(client.events.list({"delivery_success": False}).data) == 1
    local.deliver()
    assert client.events.list({"delivery_success": False}).data == []


def test_an_endpoint_is_made_by_the_api(local, client, receiver):
    """Its secret is shown once; only the wanted types come; a disabled one gets none."""
    made = client.webhook_endpoints.create(
        {"url": receiver.url, "enabled_events": ["customer.created"], "api_version": stripe.api_version}
    )
    assert made.secret.startswith("whsec_")
    assert "secret" not in client.webhook_endpoints.retrieve(made.id)
    client.products.create({"name": "A"})
    client.customers.create({"email": "b@example.com"})
    mine = [each for each in local.outbox.deliveries if each.endpoint["id"] == made.id]
    assert [each.event["type"] for each in mine] == ["customer.created"]
    client.webhook_endpoints.update(made.id, {"disabled": True})
    client.customers.create({"email": "c@example.com"})
    assert len([each for each in local.outbox.deliveries if each.endpoint["id"] == made.id]) == 1
    client.webhook_endpoints.delete(made.id)
    assert made.id not in [each.id for each in client.webhook_endpoints.list()]


def test_an_unknown_event_type_is_refused(client):
    """The library's own list of types decides."""
    with pytest.raises(stripe.InvalidRequestError):
        client.webhook_endpoints.create(
            {"url": "https://example.com/hook", "enabled_events": ["customer.sneezed"]}
        )


def test_nothing_is_sent_beyond_this_machine(local, client):
    """An endpoint elsewhere may be registered, but never called."""
    client.webhook_endpoints.create({"url": "https://example.com/hook", "enabled_events": ["*"]})
    client.products.create({"name": "A"})
    assert local.deliver() == [0]


def test_events_are_read_back(local, client, shop):
    """By type, by types, by id."""
    newest = client.events.list({"types": ["price.created"], "limit": 1}).data[0]
    assert newest.data.object.id == shop.dear
    assert client.events.retrieve(newest.id).type == "price.created"
    assert newest.request.idempotency_key


def test_an_endpoint_given_at_the_start_survives_a_reset(receiver):
    """For a stand-in shared by many tests."""
    with StripeLocal(webhook_url=receiver.url) as shared:
        shared.reset()
        client_of(shared).products.create({"name": "A"})
        assert shared.deliver() == [200]
    assert names(receiver) == ["A"]
