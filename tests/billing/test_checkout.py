"""Buying a plan: where the button leads, and what coming back is worth."""

from urllib.parse import parse_qs

import pytest

from accounts.signals import address_changed
from billing import checkout
from billing.catalogue import set_price, withdraw_price
from billing.models import BillingAccount, Plan
from tests.billing.conftest import make_person

pytestmark = pytest.mark.django_db


def last_form(local, path):
    return parse_qs(
        [each for each in local.log() if each["path"] == path and each["method"] == "post"][-1]["form"]
    )


def test_limits_grow_when_coming_back_though_no_notice_came(local, shop, alice):
    session = alice.open_checkout(shop.month)
    local.pay(session)
    assert alice.plan == "free"
    answer = alice.come_back(session)
    assert answer.status_code == 200
    assert "90 days" in answer.content.decode()
    assert alice.plan == "one"


def test_limits_grow_by_the_notice_though_nobody_came_back(local, shop, alice):
    alice.subscribe(shop.month)
    local.deliver()
    assert alice.plan == "one"


def test_coming_back_without_having_paid_gives_nothing(local, shop, alice):
    """The address of the success page can be typed in."""
    session = alice.open_checkout(shop.month)
    answer = alice.come_back(session)
    assert (answer.status_code, answer["Location"]) == (303, "/plans")
    assert alice.plan == "free"


def test_a_stranger_cannot_come_back_with_somebody_elses_page(local, shop, alice, charlie):
    session = alice.open_checkout(shop.month)
    local.pay(session)
    assert charlie.come_back(session).status_code == 404
    charlie.open_checkout(shop.month)
    assert charlie.come_back(session).status_code == 404
    assert charlie.plan == "free"


@pytest.mark.parametrize("session", ["", "x", "cs_test_unknown", "cs_test_a/../b", "cs_" + "a" * 300])
def test_coming_back_with_a_page_that_never_was_is_a_404(local, alice, session):
    assert alice.come_back(session).status_code == 404


def test_what_stripe_is_told_is_the_address_and_a_random_reference(local, shop, alice):
    """And nothing else about the person; Stripe is asked for no name, phone or consent to be written to."""
    alice.open_checkout(shop.month)
    ref = [str(alice.account.ref)]
    assert last_form(local, "/v1/customers") == {"email": ["alice@example.com"], "metadata[ref]": ref}
    form = last_form(local, "/v1/checkout/sessions")
    assert form["client_reference_id"] == form["subscription_data[metadata][ref]"] == ref
    assert form["consent_collection[promotions]"] == ["none"]
    assert form["wallet_options[link][display]"] == ["never"]
    asked = {name.partition("[")[0] for name in form}
    assert asked == {
        "mode", "customer", "line_items", "client_reference_id", "subscription_data", "success_url",
        "cancel_url", "expires_at", "locale", "billing_address_collection", "consent_collection",
        "wallet_options",
    }  # fmt: skip


def test_somebody_who_pays_already_is_sent_to_the_portal(local, shop, alice):
    alice.subscribe(shop.month)
    answer = alice.browser.post("/billing/checkout", {"price": shop.dear.pk})
    assert answer.status_code == 303
    assert "/p/session/" in answer["Location"]
    assert len(local.objects("checkout.session")) == 1


def test_somebody_whose_payment_failed_is_sent_to_the_portal_too(local, shop, alice):
    """Past due is not over: a second subscription would be a second charge."""
    alice.subscribe(shop.month, card="fails_later")
    local.advance(days=32)
    answer = alice.browser.post("/billing/checkout", {"price": shop.month.pk})
    assert alice.account.status == "past_due"
    assert "/p/session/" in answer["Location"]


def test_somebody_whose_plan_is_over_can_buy_again(local, shop, alice, client_at_stripe):
    client_at_stripe.subscriptions.cancel(alice.subscribe(shop.month))
    second = alice.subscribe(shop.dear)
    local.deliver()
    assert (alice.plan, alice.account.subscription_id) == ("two", second)


@pytest.mark.parametrize("price", ["", "0", "x", "-1", "1" * 40, "²"])
def test_a_price_that_is_none_is_refused_in_words(local, shop, alice, price):
    answer = alice.browser.post("/billing/checkout", {"price": price})
    assert answer.status_code == 409
    assert "Nothing was charged" in answer.content.decode()


def test_a_withdrawn_price_cannot_be_bought(local, shop, alice):
    withdraw_price(shop.month)
    assert alice.browser.post("/billing/checkout", {"price": shop.month.pk}).status_code == 409


def test_a_price_that_is_not_at_stripe_cannot_be_bought(local, shop, alice):
    local.fail_next(status=500, times=99, method="post")
    price = set_price(shop.one, "month", "cad", 1000).price
    local.release()
    assert alice.browser.post("/billing/checkout", {"price": price.pk}).status_code == 409


def test_the_price_of_a_hidden_plan_cannot_be_bought(local, shop, alice):
    Plan.objects.filter(pk=shop.one.pk).update(offered=False)
    assert alice.browser.post("/billing/checkout", {"price": shop.month.pk}).status_code == 409


def test_a_visitor_signs_in_first_and_comes_back_to_the_plans(client, local, shop):
    for path in ("/billing/checkout", "/billing/portal"):
        answer = client.post(path, {"price": shop.month.pk})
        assert answer.status_code == 303
        assert "next=%2F" in answer["Location"]
    assert not local.objects("customer")


@pytest.mark.parametrize("path", ["/billing/checkout", "/billing/portal"])
def test_a_link_cannot_begin_a_payment(local, alice, path):
    """A GET changes nothing."""
    assert alice.browser.get(path).status_code == 405


def test_when_stripe_is_silent_the_page_says_so_and_nothing_was_begun(local, shop, alice):
    local.fail_next(status=503, times=99)
    answer = alice.browser.post("/billing/checkout", {"price": shop.month.pk})
    assert answer.status_code == 503
    assert answer["Retry-After"]
    assert "Nothing was charged" in answer.content.decode()
    local.release()
    assert alice.subscribe(shop.month)


def test_when_stripe_is_silent_coming_back_says_that_nothing_is_lost(local, shop, alice):
    session = alice.open_checkout(shop.month)
    local.pay(session)
    local.fail_next(status=503, times=3)
    answer = alice.come_back(session)
    assert answer.status_code == 503
    assert "nothing is lost" in answer.content.decode()
    assert alice.come_back(session).status_code == 200
    assert alice.plan == "one"


def test_too_many_requests_at_stripe_is_not_hammered(local, shop, alice):
    """429 is not tried again by us; the person is asked to wait."""
    local.fail_next(status=429, times=1, method="post", path="/v1/customers")
    before = len(local.log())
    assert alice.browser.post("/billing/checkout", {"price": shop.month.pk}).status_code == 503
    assert len(local.log()) == before + 1


def test_an_answer_that_is_lost_makes_no_second_customer(local, shop, alice):
    """The key that comes with the repetition brings the first one back."""
    local.fail_next(kind="drop_after", times=1, method="post", path="/v1/customers")
    alice.open_checkout(shop.month)
    assert len(local.objects("customer")) == 1


def test_a_customer_who_was_deleted_at_stripe_is_made_anew(local, shop, alice, client_at_stripe):
    alice.subscribe(shop.month)
    local.deliver()
    old = alice.account
    client_at_stripe.customers.delete(old.customer_id)
    local.deliver()
    assert alice.plan == "free"
    assert alice.account.customer_id is None
    alice.subscribe(shop.month)
    local.deliver()
    assert alice.plan == "one"
    assert alice.account.customer_id != old.customer_id


def test_a_changed_address_reaches_stripe_with_the_next_visit_there(local, shop, alice, client_at_stripe):
    alice.subscribe(shop.month)
    type(alice.user).objects.filter(pk=alice.user.pk).update(email="new@example.com")
    alice.browser.force_login(type(alice.user).objects.get(pk=alice.user.pk))  # it ended the session
    alice.browser.post("/billing/portal")
    assert client_at_stripe.customers.retrieve(alice.account.customer_id).email == "new@example.com"


def test_a_changed_address_reaches_stripe_by_itself(local, shop, alice, client_at_stripe):
    """Its receipts must not go on to an address that may be somebody else's."""
    alice.subscribe(shop.month)
    alice.user.email = "new@example.com"
    address_changed.send(sender=type(alice.user), user=alice.user)
    checkout.outbox.join()
    assert client_at_stripe.customers.retrieve(alice.account.customer_id).email == "new@example.com"


def test_the_page_is_good_for_an_hour(local, shop, alice):
    alice.open_checkout(shop.month)
    made = local.objects("checkout.session")[0]
    assert 3590 <= made["expires_at"] - made["created"] <= 3610


def test_the_way_back_is_in_the_readers_language(local, shop, alice):
    answer = alice.browser.post("/uk/billing/checkout", {"price": shop.month.pk})
    assert answer.status_code == 303
    form = last_form(local, "/v1/checkout/sessions")
    assert form["success_url"][0].endswith("/uk/billing/done?session={CHECKOUT_SESSION_ID}")
    assert form["locale"] == ["auto"]


def test_two_people_at_once_get_a_row_each(local, shop):
    people = [make_person(local, f"{name}@example.com") for name in ("dana", "eve")]
    for person in people:
        person.open_checkout(shop.month)
    assert BillingAccount.objects.count() == 2
    assert len({person.account.ref for person in people}) == 2
