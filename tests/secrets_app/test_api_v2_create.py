"""POST /api/v2/secrets stores what a client sealed, once."""

from dataclasses import replace

import pytest
import time_machine

from billing.limits import ANONYMOUS
from secrets_app import services
from secrets_app.models import Secret
from tests.secrets_app.v2 import Api, b64, seal, slug

pytestmark = pytest.mark.django_db


def test_it_answers_the_receipt_and_the_times(django_assert_num_queries):
    sealed = seal(ttl=3600)
    with time_machine.travel("2030-01-01T12:00:00.5Z", tick=False), django_assert_num_queries(1):
        answer = Api().call("POST", "secrets", sealed.body)
    assert answer.status_code == 201
    made = answer.json()
    assert len(made.pop("receipt")) == 31
    assert made == {
        "id": sealed.id, "state": "new", "created_at": "2030-01-01T12:00:00.500Z",
        "expires_at": "2030-01-01T13:00:00.500Z",
    }  # fmt: skip


@pytest.mark.django_db(transaction=True)
def test_an_id_is_made_once():
    sealed = seal()
    Api().create(sealed)
    again = Api().call("POST", "secrets", sealed.body)
    assert (again.status_code, slug(again)) == (409, "already-exists")
    assert Secret.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_repeated_creation_answers_the_same_and_makes_nothing():
    """The answer was lost, and the client repeats the very call, even after somebody opened the secret."""
    sealed = seal()
    first = Api().create(sealed, **{"Idempotency-Key": "7d3f"})
    assert Api().create(sealed, **{"Idempotency-Key": "7d3f"}) == first
    Api().open(sealed)
    assert Api().create(sealed, **{"Idempotency-Key": "7d3f"}) == first
    assert Secret.objects.count() == 1
    assert Api().call("GET", f"receipts/{first['receipt']}").json()["state"] == "opened"


@pytest.mark.django_db(transaction=True)
def test_a_creation_that_differs_is_no_repetition(alice, bob):
    """Another key, another body, no key at all, or another caller: refused, and the receipt stays secret."""
    sealed = seal()
    key = {"Idempotency-Key": "one"}
    alice.create(sealed, **key)
    before = Secret.objects.values().get()
    changed = {**sealed.body, "ttl": 1800}
    answers = [
        alice.call("POST", "secrets", sealed.body, **{"Idempotency-Key": "two"}),
        alice.call("POST", "secrets", changed, **key),
        alice.call("POST", "secrets", sealed.body),
        bob.call("POST", "secrets", sealed.body, **key),
        Api().call("POST", "secrets", sealed.body, **key),
    ]
    assert [slug(answer) for answer in answers] == ["already-exists"] * 5
    assert Secret.objects.values().get() == before


@pytest.mark.django_db(transaction=True)
def test_one_idempotency_key_may_serve_many_secrets():
    made = [Api().create(seal(), **{"Idempotency-Key": "same"})["receipt"] for _ in range(2)]
    assert made[0] != made[1]


@pytest.mark.parametrize("key", ["", " ", "a b", "x" * 256, "ключ"])
def test_an_idempotency_key_is_short_visible_ascii(key):
    answer = Api().call("POST", "secrets", seal().body, **{"Idempotency-Key": key})
    assert slug(answer) == "bad-request"
    assert not Secret.objects.exists()


@pytest.mark.parametrize(
    "change",
    [
        {"id": "x"}, {"id": "A" * 32}, {"id": None}, {"proof_hash": "short"}, {"envelope": "!"}, {"envelope": "A"},
        {"envelope": 1}, {"ttl": "60"}, {"ttl": 0}, {"ttl": 1.5}, {"ttl": None}, {"passphrase": 1}, {"more": 1},
    ],
)  # fmt: skip
def test_a_field_that_is_wrong_is_named(change):
    answer = Api().call("POST", "secrets", {**seal().body, **change})
    assert (answer.status_code, slug(answer)) == (400, "bad-request")
    assert answer.json()["detail"]
    assert not Secret.objects.exists()


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"null", b"\xff", b'"\xff"', b'{"id":' * 5000, b"[" * 50_000, b'{"a":\xed\xa0\x80}'],
)
def test_a_body_that_cannot_be_read_is_refused(body):
    assert slug(Api().call("POST", "secrets", body)) == "bad-request"


@pytest.mark.parametrize(
    "content_type", ["", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data"]
)
def test_only_json_is_taken(content_type):
    """A form of another site cannot send JSON without asking first."""
    answer = Api().call("POST", "secrets", seal().body, **{"Content-Type": content_type})
    assert (answer.status_code, slug(answer)) == (415, "unsupported-media-type")


@pytest.mark.parametrize(
    ("ttl", "allowed"), [(59, False), (60, True), (604_800, True), (604_801, False), (10**30, False)]
)
def test_a_lifetime_out_of_range_is_refused_with_the_range(ttl, allowed):
    answer = Api().call("POST", "secrets", seal(ttl=ttl).body)
    if allowed:
        assert answer.status_code == 201
    else:
        assert (answer.status_code, slug(answer)) == (422, "bad-lifetime")
        assert (answer.json()["minimum"], answer.json()["maximum"]) == (60, 604_800)


@pytest.mark.parametrize("data", [b"", b"\x01", b"\x02" + b"x" * 300, b"\x01" + b"x" * 100])
def test_what_is_no_envelope_is_refused(data):
    answer = Api().call("POST", "secrets", {**seal().body, "envelope": b64(data)})
    assert (answer.status_code, slug(answer)) == (422, "bad-envelope")


def test_the_largest_envelope_is_taken_and_a_larger_one_refused():
    largest = services.largest_envelope(ANONYMOUS)
    body = {**seal().body, "envelope": b64(b"\x01" + b"x" * (largest - 1))}
    assert Api().call("POST", "secrets", body).status_code == 201
    for size in (largest, 10 * largest):
        answer = Api().call("POST", "secrets", {**seal().body, "envelope": b64(b"\x01" + b"x" * size)})
        assert (answer.status_code, slug(answer)) == (413, "content-too-large")


def test_it_counts_by_hour_and_day_and_says_what_is_left():
    answer = Api().call("POST", "secrets", seal().body)
    assert answer["RateLimit-Policy"] == '"create";q=120;w=3600, "create_day";q=500;w=86400'
    assert answer["RateLimit"].startswith('"create";r=119;t=')
    for _ in range(ANONYMOUS.creates_per_hour):
        answer = Api().call("POST", "secrets", b"")
    assert (answer.status_code, slug(answer)) == (429, "rate-limited")
    assert int(answer["Retry-After"]) == answer.json()["retry_after"] > 0
    assert '"create";r=0' in answer["RateLimit"]


def test_the_day_is_limited_too(settings):
    settings.LIMITS_FOR = "tests.secrets_app.test_api_v2_create.three_a_day"
    for _ in range(3):
        Api().create()
    answer = Api().call("POST", "secrets", seal().body)
    assert slug(answer) == "rate-limited"
    assert '"create_day";r=0' in answer["RateLimit"]
    assert Secret.objects.count() == 3


def three_a_day(_user):
    return replace(ANONYMOUS, creates_per_day=3)


def test_a_page_of_another_site_makes_nothing():
    answer = Api().call("POST", "secrets", seal().body, **{"Sec-Fetch-Site": "cross-site"})
    assert (answer.status_code, slug(answer)) == (403, "forbidden")
    assert not Secret.objects.exists()
