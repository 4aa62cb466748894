"""Checkout sessions, and the page a visitor pays on."""

from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import HTTPRedirectHandler, build_opener

import pytest
import stripe

from .conftest import checkout, price


class NoRedirect(HTTPRedirectHandler):
    def redirect_request(self, *_args):
        return None


def visit(url, **form):
    """(status, text, where it sends the browser)."""
    body = urlencode(form).encode() if form else None
    try:
        with build_opener(NoRedirect).open(url, body) as answer:
            return answer.status, answer.read().decode(), ""
    except HTTPError as error:
        with error:
            return error.code, error.read().decode(), error.headers["Location"] or ""


def test_everything_a_site_wants_to_say_is_taken(local, client, shop):
    """The parameters of our own design, and what comes back of them."""
    session = checkout(
        client,
        shop,
        client_reference_id="ref-1",
        subscription_data={"metadata": {"ref": "ref-1"}},
        expires_at=local.now() + 3600,
        locale="en",
        billing_address_collection="auto",
        consent_collection={"promotions": "none"},
        wallet_options={"link": {"display": "never"}},
        allow_promotion_codes=True,
    )
    assert (session.status, session.payment_status, session.amount_total) == ("open", "unpaid", 900)
    assert (session.client_reference_id, session.wallet_options.link.display) == ("ref-1", "never")
    assert session.url.startswith(local.url)
    assert session.livemode is False


def test_paying_sends_the_visitor_back_with_the_session(local, client, shop):
    """The subscription is active, its invoice paid, and the session says so."""
    session = checkout(client, shop, subscription_data={"metadata": {"ref": "r"}})
    status, _, to = visit(session.url, outcome="pay")
    assert (status, to) == (303, f"http://127.0.0.1/done?session={session.id}")
    paid = client.checkout.sessions.retrieve(session.id, {"expand": ["subscription", "invoice"]})
    assert (paid.status, paid.payment_status, paid.url) == ("complete", "paid", None)
    assert (paid.subscription.status, paid.subscription.metadata["ref"]) == ("active", "r")
    assert (paid.invoice.status, paid.invoice.amount_paid) == ("paid", 900)
    assert paid.subscription["items"].data[0].price.id == shop.month
    assert paid.subscription.billing_mode.type == "flexible"


def test_looking_at_the_page_changes_nothing(local, client, shop):
    """A GET never changes state."""
    session = checkout(client, shop)
    before = len(local.objects("event"))
    status, text, _ = visit(session.url)
    assert status == 200
    assert "9.00 CAD a month" in text
    assert len(local.objects("event")) == before
    assert client.checkout.sessions.retrieve(session.id).status == "open"


def test_a_declined_card_sells_nothing(client, shop):
    """The session stays open; another card may be tried."""
    session = checkout(client, shop)
    status, text, _ = visit(session.url, outcome="decline")
    assert status == 402
    assert "declined" in text
    assert client.subscriptions.list({"customer": shop.customer, "status": "all"}).data == []
    assert visit(session.url, outcome="pay")[0] == 303


def test_a_finished_session_cannot_be_paid_again(client, shop):
    """410, and still one subscription."""
    session = checkout(client, shop)
    assert visit(session.url, outcome="pay")[0] == 303
    assert visit(session.url.split("?")[0], outcome="pay")[0] == 410
    assert len(client.subscriptions.list({"customer": shop.customer}).data) == 1


def test_an_expired_session_cannot_be_paid(client, shop):
    """Nor expired twice."""
    session = checkout(client, shop)
    assert client.checkout.sessions.expire(session.id).status == "expired"
    assert visit(session.url, outcome="pay")[0] == 410
    with pytest.raises(stripe.InvalidRequestError):
        client.checkout.sessions.expire(session.id)


def test_a_session_expires_by_itself(local, client, shop):
    """At `expires_at`, with an event."""
    session = checkout(client, shop, expires_at=local.now() + 3600)
    local.advance(hours=1)
    assert client.checkout.sessions.retrieve(session.id).status == "expired"
    assert client.events.list({"type": "checkout.session.expired"}).data[0].data.object.id == session.id


def test_two_open_sessions_make_two_subscriptions(local, client, shop):
    """Stripe does not prevent it: the site must."""
    first, second = checkout(client, shop), checkout(client, shop)
    local.pay(first.id)
    local.pay(second.id)
    assert len(client.subscriptions.list({"customer": shop.customer}).data) == 2


def test_open_sessions_of_a_customer_are_found(local, client, shop):
    """By customer and status."""
    done, still = checkout(client, shop), checkout(client, shop)
    local.pay(done.id)
    found = client.checkout.sessions.list({"customer": shop.customer, "status": "open"})
    assert [each.id for each in found] == [still.id]


def test_a_trial_costs_nothing_at_first(local, client, shop):
    """Trialing, a paid invoice over nothing, and no payment required."""
    session = checkout(client, shop, subscription_data={"trial_period_days": 14})
    subscription = client.subscriptions.retrieve(local.pay(session.id))
    assert subscription.status == "trialing"
    assert subscription.trial_end == subscription["items"].data[0].current_period_end
    assert client.checkout.sessions.retrieve(session.id).payment_status == "no_payment_required"
    assert client.invoices.retrieve(subscription.latest_invoice).amount_paid == 0


@pytest.mark.parametrize(
    "wrong",
    [
        {"success_url": ""},
        {"allow_promotion_codes": True, "discounts": [{"coupon": "x"}]},
        {"customer_email": "b@example.com"},
        {"expires_at": 1},
        {"customer": "cus_none"},
        {"line_items": [{"price": "price_none", "quantity": 1}]},
        {"line_items": [{"quantity": 1}]},
        {"ui_mode": "hosted"},
    ],
)
def test_it_refuses_what_stripe_refuses(client, shop, wrong):
    """Either-or rules, times, unknown ids, the old name of the hosted page."""
    with pytest.raises(stripe.InvalidRequestError):
        checkout(client, shop, **wrong)


def test_a_customer_keeps_one_currency(local, client, shop):
    """While anything of theirs is live."""
    local.subscribe(shop.customer, shop.month)
    with pytest.raises(stripe.InvalidRequestError, match="currencies"):
        checkout(client, shop, price(client, "plan_two", 800, currency="eur"))


def test_a_price_that_is_paid_once_is_no_subscription(client, shop):
    """At least one recurring price."""
    once = client.prices.create({"product": "plan_one", "currency": "cad", "unit_amount": 5})
    with pytest.raises(stripe.InvalidRequestError, match="recurring"):
        checkout(client, shop, once.id)


def test_an_unknown_page_is_404(local):
    """Pages exist for sessions only."""
    assert visit(local.url + "/c/pay/cs_test_none")[0] == 404
    assert visit(local.url + "/")[0] == 404
