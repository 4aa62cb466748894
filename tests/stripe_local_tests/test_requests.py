"""What is refused, and how: through the real library, over real HTTP."""

import json
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
import stripe

from .conftest import checkout, client_of


def refused(call, *args):
    with pytest.raises(stripe.InvalidRequestError) as caught:
        call(*args)
    return caught.value


def test_it_refuses_an_unknown_parameter(client):
    """400 in Stripe's shape, with the parameter's name."""
    error = refused(client.customers.create, {"emial": "alice@example.com"})
    assert (error.http_status, error.code, error.param) == (400, "parameter_unknown", "emial")


def test_it_refuses_an_unknown_parameter_at_any_depth(client, shop):
    """Inside lists and objects too."""
    error = refused(lambda: checkout(client, shop, line_items=[{"price": shop.month, "amount": 3}]))
    assert error.param == "line_items[0][amount]"


def test_it_refuses_a_parameter_that_this_version_removed(client, shop):
    """`payment_method_types` left Checkout with API 2026-10-28."""
    assert refused(lambda: checkout(client, shop, payment_method_types=["card"])).code == "parameter_unknown"


def test_it_refuses_a_missing_parameter(client):
    """Required keys come from the library's types."""
    assert refused(client.products.create, {}).code == "parameter_missing"


@pytest.mark.parametrize(
    ("params", "param"),
    [
        ({"status": "happy"}, "status"),
        ({"limit": "many"}, "limit"),
        ({"customer": ""}, "customer"),
        ({"created": {"gt": "x"}}, "created[gt]"),
        ({"limit": 101}, "limit"),
    ],
)
def test_it_refuses_a_wrong_value(client, params, param):
    """Enumerations are closed here, whatever the library's types let through."""
    assert refused(client.subscriptions.list, params).param == param


def test_it_does_not_model_everything(client):
    """501 for a call, never a guessed answer."""
    with pytest.raises(stripe.APIError) as caught:
        client.coupons.list()
    assert caught.value.http_status == 501


def test_it_does_not_pretend_to_read_a_parameter(client, shop):
    """501 for a parameter that Stripe knows and no handler reads."""
    with pytest.raises(stripe.APIError) as caught:
        checkout(client, shop, phone_number_collection={"enabled": True})
    assert caught.value.http_status == 501


def test_it_knows_no_other_url(local):
    """404 for what is no call of Stripe's at all."""
    answer = raw(local, "/v1/no_such_thing")
    assert answer[0] == 404


def raw(local, path, **headers):
    request = Request(local.url + path, headers={"Authorization": f"Bearer {local.key}"} | headers)
    try:
        with urlopen(request) as answer:
            return answer.status, json.load(answer)
    except HTTPError as error:
        with error:
            return error.code, json.load(error)


@pytest.mark.parametrize("key", ["sk_live_x", "rk_test_x", "pk_test_x"])
def test_it_takes_only_test_keys(local, key):
    """A live key must never reach a pretended Stripe."""
    with pytest.raises(stripe.AuthenticationError):
        client_of(local, key=key).customers.list()


def test_it_speaks_one_version(local):
    """The shapes come from the installed library: another version would be a lie."""
    assert raw(local, "/v1/customers", **{"Stripe-Version": "2020-08-27"})[0] == 501


def test_it_listens_on_the_loopback_address_only(local):
    """Nothing else on the network can reach it."""
    assert local.server.server_address[0] == "127.0.0.1"


def test_a_missing_resource_is_404_in_the_path_and_400_in_a_parameter(client):
    """`resource_missing` both times."""
    by_path = refused(client.subscriptions.retrieve, "sub_none")
    by_parameter = refused(client.subscriptions.list, {"customer": "cus_none"})
    assert (by_path.http_status, by_path.code) == (404, "resource_missing")
    assert (by_parameter.http_status, by_parameter.code) == (400, "resource_missing")


def test_it_pages_through_everything(client):
    """Newest first, every one once, whatever the page size."""
    made = [client.customers.create({"email": f"u{n}@example.com"}).id for n in range(7)]
    found = [each.id for each in client.customers.list({"limit": 3}).auto_paging_iter()]
    assert found == made[::-1]
    assert [each.id for each in client.customers.list({"ending_before": made[2], "limit": 2})] == [
        made[4],
        made[3],
    ]
    assert client.customers.list({"limit": 7}).has_more is False


def test_it_expands_what_may_be_expanded(client, shop):
    """Ids become resources; fields left out by default appear; anything else is refused."""
    session = checkout(client, shop)
    assert "line_items" not in session
    found = client.checkout.sessions.retrieve(
        session.id, {"expand": ["customer", "line_items.data.price.product"]}
    )
    assert found.customer.email == "alice@example.com"
    assert found.line_items.data[0].price.product.name == "One"
    assert (
        refused(client.checkout.sessions.retrieve, session.id, {"expand": ["success_url"]}).param == "expand"
    )
    assert refused(client.checkout.sessions.retrieve, session.id, {"expand": ["nothing"]}).param == "expand"


def test_a_wrong_answer_of_ours_is_loud(local, client, shop):
    """Should the stand-in break Stripe's shape, the call is a 500, not a quiet lie."""
    customer = local.state.table("customer")[shop.customer]
    customer["mood"] = "odd"
    with pytest.raises(stripe.APIError, match=r"customer\.mood: unknown field"):
        client.customers.retrieve(shop.customer)
    del customer["mood"]
