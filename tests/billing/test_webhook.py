"""The door for notices: what gets in, and that what does not changes nothing."""

import json
import logging
import threading
import time
from http.client import HTTPConnection
from urllib.parse import urlsplit

import pytest
import stripe

from billing import events
from billing.models import BillingAccount, StripeEvent

pytestmark = pytest.mark.django_db(transaction=True)
SECRET = "whsec_loopback"


@pytest.fixture
def send(local, live_server, shop, alice):
    """Posts a body as Stripe would; the status. A subscription of Alice's waits to be seen."""
    alice.subscribe(shop.month)

    def post(body=None, *, secret=SECRET, signed_at=None, header=None, method="POST", announce=None):
        text = payload(local) if body is None else body
        signature = stripe.WebhookSignature.generate_signature_header(text, secret, signed_at)
        target = urlsplit(live_server.url)
        connection = HTTPConnection(target.hostname, target.port, timeout=30)
        headers = {"Stripe-Signature": signature if header is None else header}
        if announce is not None:
            headers["Content-Length"] = announce
        connection.request(method, "/billing/webhook", text.encode(), headers)
        answer = connection.getresponse()
        answer.read()
        connection.close()
        return answer.status

    return post


def payload(local, **changes):
    """The notice of a paid Checkout page, as Stripe would send it."""
    waiting = [each for each in local.outbox.deliveries if each.event["type"] == "checkout.session.completed"]
    return json.dumps(json.loads(waiting[-1].payload) | changes)


def nothing_changed(alice):
    assert not StripeEvent.objects.exists()
    account = BillingAccount.objects.get(user=alice.user)
    assert (account.status, account.synced_at) == ("", None)
    return alice.plan == "free"


def test_a_signed_notice_is_done(send, alice):
    assert send() == 200
    assert alice.plan == "one"


@pytest.mark.parametrize(
    "header",
    [
        "",
        "nonsense",
        "t=1,v1=",
        "t=,v1=00",
        "t=x,v1=00",
        "v1=00",
        "t=1",
        "t=1,v0=00",
        "t=99999999999999999999999,v1=00",
        "t=1,v1=\xe9",
        "t=1,v1=00" + ",v1=00" * 500,
    ],
)
def test_a_notice_that_is_not_signed_is_refused(send, alice, header):
    assert send(header=header) == 400
    assert nothing_changed(alice)


def test_a_forged_notice_is_refused(send, alice):
    assert send(secret="whsec_guessed") == 400
    assert nothing_changed(alice)


def test_a_notice_whose_body_was_changed_is_refused(send, local, alice):
    header = stripe.WebhookSignature.generate_signature_header(payload(local), SECRET)
    assert send(payload(local, livemode=True), header=header) == 400
    assert nothing_changed(alice)


def test_an_old_notice_is_refused(send, alice):
    """Somebody who recorded one cannot send it next week."""
    assert send(signed_at=int(time.time()) - 301) == 400
    assert nothing_changed(alice)


def test_a_replayed_notice_is_accepted_and_does_nothing(send, local, alice):
    """Within the five minutes: it is done already, so Stripe is not even asked."""
    assert send() == 200
    before, asked = alice.account, len(local.log())
    assert send() == 200
    assert len(local.log()) == asked
    assert alice.account.rev == before.rev
    assert StripeEvent.objects.count() == 1


def test_a_notice_of_the_other_mode_is_refused(send, local, alice, settings):
    """Test mode's money is not real; a live site must not believe in it, nor the other way round."""
    assert send(payload(local, livemode=True)) == 400
    assert nothing_changed(alice)
    settings.STRIPE_LIVEMODE = True
    assert send() == 400
    assert nothing_changed(alice)


@pytest.mark.parametrize(
    "body",
    ["", "[]", "null", "7", '"x"', "{}", '{"id": "evt_1"}', "{not json", '{"object": "event", "data": 3}'],
)
def test_what_is_signed_and_no_event_is_refused(send, alice, body):
    assert send(body) == 400
    assert nothing_changed(alice)


def test_bytes_that_are_no_text_are_refused(live_server, send, local):
    target = urlsplit(live_server.url)
    connection = HTTPConnection(target.hostname, target.port, timeout=30)
    connection.request("POST", "/billing/webhook", b"\xff\xfe", {"Stripe-Signature": "t=1,v1=00"})
    assert connection.getresponse().status == 400
    connection.close()


def test_both_secrets_are_good_while_one_replaces_the_other(send, settings):
    settings.STRIPE_WEBHOOK_SECRETS = ["whsec_new", "whsec_old"]
    assert send(secret="whsec_new") == 200
    assert send(secret="whsec_old") == 200
    settings.STRIPE_WEBHOOK_SECRETS = ["whsec_new"]
    assert send(secret="whsec_old") == 400


def test_a_large_body_is_refused_unread(client, local):
    big = "x" * (512 * 1024 + 1)
    assert client.post("/billing/webhook", big, content_type="application/json").status_code == 413


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "HEAD"])
def test_only_post_is_answered(client, local, method):
    assert client.generic(method, "/billing/webhook").status_code == 405


def test_without_a_key_there_is_no_such_address(client, local, settings):
    settings.BILLING_ENABLED = False
    assert client.post("/billing/webhook", "{}", content_type="application/json").status_code == 404


def test_kinds_that_are_not_ours_are_accepted_and_not_kept(send, local):
    assert send(payload(local, type="payout.paid")) == 200
    assert not StripeEvent.objects.exists()


def test_notices_about_strangers_to_this_site_are_done_without_asking(send, local, client_at_stripe):
    """The operator may sell other things with the same account at Stripe."""
    customer = client_at_stripe.customers.create({"email": "else@example.com"}).id
    body = json.loads(payload(local))
    body["data"]["object"]["customer"] = customer
    asked = len(local.log())
    assert send(json.dumps(body)) == 200
    assert len(local.log()) == asked


@pytest.mark.parametrize("order", ["in_order", "reversed"])
def test_order_and_repetition_do_not_matter(local, shop, alice, order):
    subscription = alice.subscribe(shop.month)
    alice.portal(action="switch", subscription=subscription, price=shop.dear.stripe_price_id)
    alice.portal(action="cancel", subscription=subscription)
    assert set(local.deliver(order=order, times=2)) == {200}
    account = alice.account
    assert (alice.plan, account.ends_at) == ("two", account.period_end)


def test_the_log_names_no_customer_and_no_secret(send, local, caplog):
    """What is logged of a failure is its kind and place."""
    local.fail_next(status=500, times=3, method="get", path="/v1/subscriptions")
    from onetime.log import Line

    with caplog.at_level(logging.INFO):
        assert send() == 500
    lines = "\n".join(Line().format(record) for record in caplog.records if record.name.startswith("onetime"))
    assert "Unreachable" in lines
    for private in ("cus_", "sub_", "whsec_", "sk_test", "alice@example.com", "evt_"):
        assert private not in lines


def test_a_dispute_is_stored_with_the_person_it_is_about(local, shop, alice):
    """A dispute names a charge and no customer, so that is asked for."""
    alice.subscribe(shop.month)
    local.dispute(local.objects("charge")[0]["id"])
    assert set(local.deliver()) == {200}
    stored = StripeEvent.objects.get(type="charge.dispute.created")
    assert stored.customer_id == alice.account.customer_id
    assert stored.type in events.MONEY_BACK
    assert alice.plan == "one"


def test_a_refund_is_stored_and_does_not_end_the_plan(local, shop, alice, client_at_stripe):
    alice.subscribe(shop.month)
    client_at_stripe.refunds.create({"charge": local.objects("charge")[0]["id"]})
    local.deliver()
    assert StripeEvent.objects.get(type="charge.refunded").customer_id == alice.account.customer_id
    assert alice.plan == "one"


def test_nothing_of_a_notice_is_kept_but_its_name_and_kind(send):
    """No payload: the columns are these and no others."""
    send()
    assert {field.name for field in StripeEvent._meta.get_fields()} == {
        "id",
        "event_id",
        "type",
        "customer_id",
        "received_at",
        "processed_at",
        "attempts",
        "error",
    }


def test_eight_different_notices_at_once_end_in_one_truth(local, shop, alice):
    """Each reads everything; the revision lets none overwrite a newer reading."""
    subscription = alice.subscribe(shop.month)
    alice.portal(action="switch", subscription=subscription, price=shop.dear.stripe_price_id)
    alice.portal(action="cancel", subscription=subscription)
    waiting = [each for each in local.deliveries() if each["type"] in events.HANDLED][:8]
    answers: list[int] = []
    threads = [
        threading.Thread(target=lambda name=each["event"]: answers.extend(local.resend(name)))
        for each in waiting
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(90)
    assert answers == [200] * len(waiting)
    account = alice.account
    assert (alice.plan, account.ends_at) == ("two", account.period_end)
    assert not StripeEvent.objects.filter(processed_at=None).exists()
