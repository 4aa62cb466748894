"""Looking, claiming and acknowledging through API v2."""

import secrets

import pytest
import time_machine
from django.utils import timezone

from secrets_app import envelope
from secrets_app.models import Secret
from tests.secrets_app.v2 import Api, b64, seal, slug

pytestmark = pytest.mark.django_db


def test_looking_tells_what_is_needed_and_changes_nothing(django_assert_num_queries):
    sealed = seal(passphrase="p")
    made = Api().create(sealed)
    before = Secret.objects.values().get()
    for method in ("GET", "HEAD"):
        with django_assert_num_queries(1):
            answer = Api().call(method, f"secrets/{sealed.id}")
    assert Api().call("GET", f"secrets/{sealed.id}").json() == {
        "state": "new", "passphrase": True, "size": 273, "expires_at": made["expires_at"],
    }  # fmt: skip
    assert answer.status_code == 200
    assert Secret.objects.values().get() == before


def test_what_is_gone_says_no_more_than_that():
    sealed = seal()
    Api().create(sealed)
    Api().open(sealed)
    assert Api().call("GET", f"secrets/{sealed.id}").json() == {"state": "gone"}


@pytest.mark.parametrize("path", ["secrets/" + "0" * 32, "receipts/" + "0" * 31])
def test_an_unknown_name_is_unknown(path):
    answer = Api().call("GET", path)
    assert (answer.status_code, slug(answer)) == (404, "unknown")


@pytest.mark.parametrize(
    "path",
    [
        "",
        "nothing",
        "secrets/",
        "secrets/x",
        "secrets/" + "A" * 32,
        "receipts/short",
        "status/",
        "secrets/x/claim",
    ],
)
def test_an_address_that_is_none_is_not_found_in_json(path):
    for method in ("GET", "POST", "DELETE"):
        answer = Api().call(method, path)
        assert (answer.status_code, slug(answer)) == (404, "not-found")


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("GET", "secrets", "POST"), ("PUT", "secrets", "POST"), ("POST", "status", "GET, HEAD"),
        ("OPTIONS", "limits", "GET, HEAD"), ("GET", "secrets/" + "0" * 32 + "/claim", "POST"),
        ("DELETE", "receipts/" + "0" * 31, "GET, HEAD"), ("GET", "receipts/" + "0" * 31 + "/burn", "POST"),
        ("POST", "openapi.json", "GET, HEAD"),
    ],
)  # fmt: skip
def test_another_method_is_refused_in_json_with_those_allowed(method, path, allow):
    answer = Api().call(method, path)
    assert (answer.status_code, slug(answer)) == (405, "method-not-allowed")
    assert answer["Allow"] == allow


def test_a_claim_gets_the_envelope_and_may_fetch_it_again():
    sealed, nonce = seal("Ї 🔑", passphrase="пароль"), secrets.token_bytes(16)
    Api().create(sealed)
    assert Api().open(sealed, nonce) == "Ї 🔑"
    assert Api().open(sealed, nonce) == "Ї 🔑"
    other = Api().call("POST", f"secrets/{sealed.id}/claim", sealed.claim(secrets.token_bytes(16)))
    assert (other.status_code, slug(other)) == (410, "gone")
    assert other.json()["state"] == "opened"
    assert other.json()["at"].endswith("Z")


def test_a_claim_gets_raw_bytes_if_it_asks_for_them():
    sealed = seal()
    Api().create(sealed)
    answer = Api().call(
        "POST", f"secrets/{sealed.id}/claim", sealed.claim(b"n" * 16), Accept="application/octet-stream"
    )
    assert answer["Content-Type"] == "application/octet-stream"
    assert answer["Content-Disposition"] == "attachment"
    assert answer["Hold-Until"].endswith("Z")
    assert envelope.open_envelope(sealed.key, None, answer.content).text == "the secret"


def test_a_claim_costs_two_statements_and_an_acknowledgement_one(django_assert_num_queries):
    sealed, nonce = seal(), b"n" * 16
    Api().create(sealed)
    with django_assert_num_queries(2):
        Api().call("POST", f"secrets/{sealed.id}/claim", sealed.claim(nonce))
    with django_assert_num_queries(1):
        Api().call("POST", f"secrets/{sealed.id}/ack", {"claim": b64(nonce)})


def test_a_wrong_passphrase_is_refused_slowed_and_touches_nothing():
    sealed = seal(passphrase="right")
    Api().create(sealed)
    before = Secret.objects.values().get()
    for _ in range(10):
        answer = Api().call("POST", f"secrets/{sealed.id}/claim", sealed.claim(b"n" * 16, "wrong"))
        assert (answer.status_code, slug(answer)) == (403, "wrong-proof")
    answer = Api().call("POST", f"secrets/{sealed.id}/claim", sealed.claim(b"n" * 16))
    assert (answer.status_code, slug(answer)) == (429, "rate-limited")
    assert Secret.objects.values().get() == before


@pytest.mark.parametrize(
    "body", [{}, {"proof": "x", "claim": "y"}, {"proof": "A" * 43}, {"proof": "A" * 43, "claim": "é" * 22}]
)
def test_a_claim_that_is_none_consumes_nothing(body):
    sealed = seal()
    Api().create(sealed)
    assert slug(Api().call("POST", f"secrets/{sealed.id}/claim", body)) == "bad-request"
    assert Secret.objects.get().state == "new"


def test_an_acknowledgement_erases_and_may_be_repeated():
    sealed, nonce = seal(), secrets.token_bytes(16)
    Api().create(sealed)
    Api().open(sealed, nonce)
    for _ in range(2):
        answer = Api().call("POST", f"secrets/{sealed.id}/ack", {"claim": b64(nonce)})
        assert answer.status_code == 204
        assert answer.content == b""
    assert Secret.objects.get().content is None


def test_nobody_else_can_acknowledge():
    sealed = seal()
    Api().create(sealed)
    Api().open(sealed, b"m" * 16)
    answer = Api().call("POST", f"secrets/{sealed.id}/ack", {"claim": b64(b"x" * 16)})
    assert slug(answer) == "unknown"
    assert Secret.objects.get().content is not None


def test_an_expired_secret_tells_the_holder_of_the_link_when():
    sealed = seal(ttl=60)
    made = Api().create(sealed)
    with time_machine.travel(Secret.objects.get().expires_at, tick=False):
        assert timezone.now()
        answer = Api().call("POST", f"secrets/{sealed.id}/claim", sealed.claim(b"n" * 16))
        assert (answer.json()["state"], answer.json()["at"]) == ("expired", made["expires_at"])
