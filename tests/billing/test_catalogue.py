"""Plans and prices here and at Stripe."""

import pytest
from django.db import IntegrityError, transaction

from billing import catalogue
from billing.models import PlanPrice
from billing.stripe_api import Unreachable
from tests.billing.conftest import make_plan

pytestmark = pytest.mark.django_db


def test_a_new_price_is_on_sale_as_soon_as_it_is_saved(local):
    price = catalogue.set_price(make_plan("one"), "month", "cad", 900).price
    price.refresh_from_db()
    (there,) = local.objects("price")
    assert (there["id"], there["unit_amount"]) == (price.stripe_price_id, 900)
    assert (there["product"], there["lookup_key"]) == ("plan_one", "one:month:cad")


def test_a_changed_price_is_another_price_and_subscribers_stay_on_theirs(local, shop, alice):
    alice.subscribe(shop.month)
    local.deliver()
    made = catalogue.set_price(shop.one, "month", "cad", 1200)
    assert (made.staying, made.before) == (1, "9 CAD / month")
    by_id = {each["id"]: each for each in local.objects("price")}
    made.price.refresh_from_db()
    new, old = by_id[made.price.stripe_price_id], by_id[shop.month.stripe_price_id]
    assert (new["active"], new["lookup_key"]) == (True, "one:month:cad")
    assert (old["active"], old["lookup_key"], old["unit_amount"]) == (False, None, 900)
    local.advance(days=32)
    local.deliver()
    assert (alice.plan, alice.account.price_id) == ("one", shop.month.stripe_price_id)


def test_the_same_price_again_changes_nothing(local, shop):
    before = len(local.log())
    assert catalogue.set_price(shop.one, "month", "cad", 900).price == shop.month
    assert len(local.log()) == before


def test_a_price_goes_back_and_forth(local, shop):
    for amount in (1000, 900, 1000):
        catalogue.set_price(shop.one, "month", "cad", amount)
    assert catalogue.differences(shop.one) == []
    active = [each["unit_amount"] for each in local.objects("price") if each["lookup_key"] == "one:month:cad"]
    assert active == [1000]


def test_a_push_that_fails_leaves_the_price_off_sale_and_shows_as_a_difference(local, shop):
    local.fail_next(status=500, times=3, method="post", path="/v1/prices")
    price = catalogue.set_price(shop.one, "year", "eur", 8000).price
    price.refresh_from_db()
    assert price.stripe_price_id is None
    assert catalogue.differences(shop.one) == ["one:year:eur: 80 EUR / year is not at Stripe yet"]
    catalogue.push(shop.one)
    assert catalogue.differences(shop.one) == []


def test_a_push_whose_answer_was_lost_makes_no_second_price(local, shop):
    """The price was made and the worker died before it was noted: it is found by its name."""
    made = catalogue.set_price(shop.one, "month", "cad", 1500).price
    made.refresh_from_db()
    first = made.stripe_price_id
    PlanPrice.objects.filter(pk=made.pk).update(stripe_price_id=None)
    catalogue.push(shop.one)
    made.refresh_from_db()
    assert made.stripe_price_id == first
    assert len([each for each in local.objects("price") if each["unit_amount"] == 1500]) == 1


def test_a_second_push_does_nothing(local, shop):
    before = len(local.objects("event"))
    assert catalogue.push(shop.one) == []
    kinds = {each["type"] for each in local.objects("event")[before:]}
    assert kinds <= {"billing_portal.configuration.updated"}


def test_a_withdrawn_price_is_withdrawn_at_stripe(local, shop):
    catalogue.withdraw_price(shop.year)
    assert {each["id"]: each["active"] for each in local.objects("price")}[shop.year.stripe_price_id] is False


def test_a_plan_that_everybody_has_cannot_have_a_price(local):
    with pytest.raises(catalogue.NotForSale):
        catalogue.set_price(make_plan("free"), "month", "cad", 900)
    assert catalogue.push(make_plan("free")) == []


def test_there_is_one_price_on_sale_for_each_plan_interval_and_currency(local, shop):
    """The database says so: two operators at once cannot make two."""
    with pytest.raises(IntegrityError), transaction.atomic():
        PlanPrice.objects.create(plan=shop.one, interval="month", currency="cad", unit_amount=1)


def test_every_difference_is_a_line(local, shop, client_at_stripe):
    stripe = client_at_stripe
    stripe.products.update("plan_one", {"name": "Renamed", "active": False})
    stripe.prices.update(shop.month.stripe_price_id, {"active": False})
    stripe.prices.update(shop.year.stripe_price_id, {"lookup_key": "elsewhere"})
    stray = stripe.prices.create(
        {"product": "plan_one", "currency": "usd", "unit_amount": 500, "recurring": {"interval": "month"}}
    )
    assert sorted(catalogue.differences(shop.one)) == sorted(
        [
            "plan_one: called “Renamed” at Stripe and “One” here",
            "plan_one: archived at Stripe, so nobody can buy it",
            "one:month:cad: 9 CAD / month is on sale here, and at Stripe it is 9 CAD / month, inactive, “one:month:cad”",
            "one:year:cad: 90 CAD / year is on sale here, and at Stripe it is 90 CAD / year, active, “elsewhere”",
            f"{stray.id}: 5 USD / month, active, “” is at Stripe and not here",
        ]
    )


def test_a_plan_that_was_never_pushed_says_so(local):
    plan = make_plan("three")
    assert catalogue.differences(plan) == ["plan_three: there is no such product at Stripe"]


def test_what_stripe_does_not_answer_is_not_called_a_difference(local, shop):
    local.fail_next(status=500, times=3)
    with pytest.raises(Unreachable):
        catalogue.differences(shop.one)


def test_without_a_key_prices_wait(settings):
    price = catalogue.set_price(make_plan("one"), "month", "cad", 900).price
    price.refresh_from_db()
    assert price.stripe_price_id is None
