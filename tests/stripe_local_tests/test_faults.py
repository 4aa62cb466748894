"""Injected failures, as the real library meets them."""

import threading

import pytest
import stripe

from .conftest import client_of


def test_a_server_error_comes_once(local, client):
    """And nothing was done."""
    local.fail_next(status=500, method="post")
    with pytest.raises(stripe.APIError):
        client.customers.create({"email": "b@example.com"})
    assert local.objects("customer") == []
    assert client.customers.create({"email": "b@example.com"}).id


def test_the_library_retries_a_server_error(local):
    """Two failures, two retries."""
    local.fail_next(status=503, times=2)
    assert client_of(local, retries=2).customers.list().data == []
    assert [each["status"] for each in local.log()] == [503, 503, 200]


def test_the_library_does_not_retry_429(local):
    """RateLimitError at once."""
    local.fail_next(status=429)
    with pytest.raises(stripe.RateLimitError):
        client_of(local, retries=2).customers.list()
    assert len(local.log()) == 1


def test_a_dropped_connection(local, client):
    """Before anything was done."""
    local.fail_next("drop")
    with pytest.raises(stripe.APIConnectionError):
        client.customers.create({"email": "b@example.com"})
    assert local.objects("customer") == []


def test_a_silent_stripe(local):
    """The client's own timeout ends it."""
    local.fail_next("hang")
    with pytest.raises(stripe.APIConnectionError):
        client_of(local, timeout=0.2).customers.list()


def test_a_late_answer_is_an_old_one(local, client, shop):
    """Read now, told later: the slow read that a site must not let overwrite a newer one."""
    key = local.subscribe(shop.customer, shop.month)
    late = local.fail_next("late", path="/v1/subscriptions/.*")
    answers = []
    reader = threading.Thread(target=lambda: answers.append(client.subscriptions.retrieve(key).status))
    reader.start()
    assert late.met.wait(5)
    client_of(local).subscriptions.cancel(key)
    local.release()
    reader.join(5)
    assert answers == ["active"]
    assert client.subscriptions.retrieve(key).status == "canceled"


def test_a_failure_waits_for_its_call(local, client):
    """By verb and path; forgotten when released."""
    local.fail_next(path="/v1/products", times=5)
    assert client.customers.list().data == []
    with pytest.raises(stripe.APIError):
        client.products.list()
    local.release()
    assert client.products.list().data == []


def test_an_unknown_kind_is_refused(local):
    """A typing error must not make a test pass."""
    with pytest.raises(ValueError, match="Unknown kind"):
        local.fail_next("explode")


def test_it_falls_silent_when_stopped(local):
    """No kept connection answers for it."""
    client = client_of(local)
    assert client.customers.list().data == []
    local.stop()
    with pytest.raises(stripe.APIConnectionError):
        client.customers.list()
