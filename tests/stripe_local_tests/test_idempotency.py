"""Idempotency keys: the first answer again, or IdempotencyError; and what they are for."""

import pytest
import stripe

from .conftest import checkout, client_of


def options(key):
    return {"idempotency_key": key}


def test_the_same_key_gives_the_same_answer(local, client):
    """One customer, however often it is asked for."""
    first = client.customers.create({"email": "b@example.com"}, options("customer-1"))
    again = client.customers.create({"email": "b@example.com"}, options("customer-1"))
    assert first.id == again.id
    assert len(local.objects("customer")) == 1
    assert again.last_response.headers["Idempotent-Replayed"] == "true"


def test_a_finished_session_comes_back_under_its_old_key(local, client, shop):
    """Why Checkout needs a fresh key each time: the replay is the old answer, even after payment."""
    more = {"expires_at": local.now() + 3600}

    def ask():
        lines = [{"price": shop.month, "quantity": 1}]
        wanted = {"mode": "subscription", "line_items": lines, "success_url": "http://127.0.0.1/done"}
        return client.checkout.sessions.create(wanted | more, options("per-day"))

    first = ask()
    local.pay(first.id)
    assert (ask().id, ask().status) == (first.id, "open")


def test_the_same_key_with_other_parameters_is_an_error(client):
    """Also on another path."""
    client.customers.create({"email": "b@example.com"}, options("k"))
    with pytest.raises(stripe.IdempotencyError):
        client.customers.create({"email": "c@example.com"}, options("k"))
    with pytest.raises(stripe.IdempotencyError):
        client.products.create({"name": "B"}, options("k"))


def test_a_refused_request_uses_no_key_up(client):
    """Corrected, it may go under the same key."""
    with pytest.raises(stripe.InvalidRequestError):
        client.customers.create({"emial": "b@example.com"}, options("k"))
    assert client.customers.create({"email": "b@example.com"}, options("k")).id


def test_a_key_lives_for_a_day(local, client):
    """By the stand-in's clock."""
    first = client.customers.create({"email": "b@example.com"}, options("k"))
    local.advance(days=1, hours=1)
    assert client.customers.create({"email": "b@example.com"}, options("k")).id != first.id


def test_a_lost_answer_is_asked_for_again(local, shop):
    """The library retries with the same key: done once, though the connection dropped after it was done."""
    local.fail_next("drop_after", method="post", path="/v1/checkout/sessions")
    session = checkout(client_of(local, retries=1), shop)
    assert [each["id"] for each in local.objects("checkout.session")] == [session.id]
    posts = [each for each in local.log() if each["path"] == "/v1/checkout/sessions"]
    assert len(posts) == 2
    assert len({each["key"] for each in posts}) == 1
