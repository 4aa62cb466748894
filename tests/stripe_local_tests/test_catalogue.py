"""Products and prices."""

import pytest
import stripe

from .conftest import checkout, price


def test_a_product_keeps_the_id_it_was_given(client):
    """And a second one with the same id is refused."""
    made = client.products.create({"id": "plan_x", "name": "X", "metadata": {"slug": "x"}})
    assert (made.id, made.metadata["slug"], made.active) == ("plan_x", "x", True)
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.products.create({"id": "plan_x", "name": "X"})
    assert caught.value.code == "resource_already_exists"


def test_a_product_changes(client, shop):
    """Metadata merges; an empty value removes a key; an event says what was before."""
    client.products.update("plan_one", {"name": "Uno", "metadata": {"a": "1", "b": "2"}})
    client.products.update("plan_one", {"active": False, "metadata": {"a": ""}})
    found = client.products.retrieve("plan_one")
    assert (found.name, found.active, found.metadata.to_dict()) == ("Uno", False, {"b": "2"})
    assert [each.id for each in client.products.list({"active": True})] == ["plan_two"]
    newest = client.events.list({"type": "product.updated", "limit": 1}).data[0]
    assert newest.data.previous_attributes["active"] is True


def test_a_lookup_key_moves_to_the_new_price(client, shop):
    """Only when the caller says so; the old price keeps its subscribers and loses the key."""
    old = price(client, "plan_one", 900, lookup_key="one:month:cad")
    with pytest.raises(stripe.InvalidRequestError) as caught:
        price(client, "plan_one", 1000, lookup_key="one:month:cad")
    assert caught.value.param == "lookup_key"
    new = price(client, "plan_one", 1000, lookup_key="one:month:cad", transfer_lookup_key=True)
    assert [each.id for each in client.prices.list({"lookup_keys": ["one:month:cad"]})] == [new]
    assert client.prices.retrieve(old).lookup_key is None


def test_a_refused_price_leaves_nothing_behind(client, shop):
    """What was refused was not created."""
    price(client, "plan_one", 900, lookup_key="taken")
    before = len(client.prices.list({"limit": 100}).data)
    with pytest.raises(stripe.InvalidRequestError):
        price(client, "plan_one", 1, lookup_key="taken")
    assert len(client.prices.list({"limit": 100}).data) == before


def test_a_price_never_changes_its_amount(client, shop):
    """There is no such parameter; it can be made inactive."""
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.prices.update(shop.month, {"unit_amount": 5})
    assert caught.value.code == "parameter_unknown"
    assert client.prices.update(shop.month, {"active": False}).active is False


def test_prices_are_found_by_what_they_are(client, shop):
    """By product, interval, currency and state."""
    found = client.prices.list({"product": "plan_one", "recurring": {"interval": "year"}, "currency": "cad"})
    assert [each.id for each in found] == [shop.year]
    assert str(client.prices.retrieve(shop.year).unit_amount_decimal) == "9000"


@pytest.mark.parametrize("what", ["price", "product"])
def test_an_inactive_price_is_not_sold(client, shop, what):
    """Nor one of an inactive product."""
    if what == "price":
        client.prices.update(shop.month, {"active": False})
    else:
        client.products.update("plan_one", {"active": False})
    with pytest.raises(stripe.InvalidRequestError) as caught:
        checkout(client, shop)
    assert caught.value.param == "line_items[0][price]"


@pytest.mark.parametrize(
    "wrong", [{"unit_amount": -1}, {"currency": "dollars"}, {"product": "plan_none"}, {"unit_amount": 1.5}]
)
def test_it_refuses_a_wrong_price(client, shop, wrong):
    """Negative or broken amounts, odd currencies, unknown products."""
    good = {"product": "plan_one", "currency": "cad", "unit_amount": 1, "recurring": {"interval": "month"}}
    with pytest.raises(stripe.InvalidRequestError):
        client.prices.create(good | wrong)
