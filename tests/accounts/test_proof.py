"""Proving again that it is you, before something that a borrowed session must not do."""

import pytest
import time_machine
from django.urls import reverse

from accounts.models import User
from accounts.proof import PROOF_SECONDS
from tests.accounts.people import ALICE, code_in, forget_proof, last_mail, sign_in
from tests.accounts.test_app import app_code, set_up

pytestmark = pytest.mark.django_db

GUARDED = [
    "account_email", "account_email_codes", "account_password", "account_passkeys", "account_passkeys_begin",
    "account_passkeys_add", "account_app", "account_app_begin", "account_app_confirm", "account_app_remove",
    "account_recovery_codes", "account_api_tokens", "account_export", "account_close",
]  # fmt: skip


@pytest.mark.parametrize("name", GUARDED)
@pytest.mark.parametrize("method", ["get", "post"])
def test_a_session_that_proved_it_long_ago_is_asked_again(name, method):
    client = sign_in(ALICE)
    forget_proof(client)
    answer = getattr(client, method)(reverse(name), {"password": "correct horse battery", "sure": "yes"})
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("/account/prove?next=")
    assert User.objects.get().password.startswith("!")


def test_a_call_of_a_script_is_told_so():
    client = sign_in(ALICE)
    forget_proof(client)
    answer = client.post("/account/passkeys/begin", headers={"accept": "application/json"})
    assert answer.status_code == 403
    assert "Reload" in answer.json()["detail"]


def test_a_sign_in_is_a_proof_for_ten_minutes():
    with time_machine.travel(1_900_000_000, tick=False) as clock:
        client = sign_in(ALICE)
        clock.shift(PROOF_SECONDS - 1)
        assert client.get("/account/export").status_code == 200
        clock.shift(1)
        assert client.get("/account/export").status_code == 302


def prove(client, **fields):
    return client.post("/account/prove", {"next": "/account/export", **fields})


def test_a_mailed_code_proves_it():
    client = sign_in(ALICE)
    forget_proof(client)
    assert prove(client, way="send").status_code == 200
    answer = prove(client, way="mail", code=code_in(last_mail(ALICE)))
    assert answer.headers["Location"] == "/account/export"
    assert client.get("/account/export").status_code == 200


def test_a_sign_in_code_is_no_proof_and_the_other_way_round():
    """Codes are good for the one purpose that they were asked for."""
    client = sign_in(ALICE)
    forget_proof(client)
    prove(client, way="send")
    stolen = code_in(last_mail(ALICE))
    stranger = sign_in("charlie@example.com")
    forget_proof(stranger)
    prove(stranger, way="send")
    assert prove(stranger, way="mail", code=stolen).status_code == 400


def test_the_password_proves_it():
    client = sign_in(ALICE)
    client.post("/account/password", {"password": "correct horse battery"})
    forget_proof(client)
    assert prove(client, way="password", password="wrong horse battery").status_code == 400
    assert prove(client, way="password", password="correct horse battery").status_code == 302
    assert client.get("/account/export").status_code == 200


def test_with_an_app_neither_mail_nor_password_is_enough():
    """Else the second factor could be taken away by whoever has the first."""
    client = sign_in(ALICE)
    client.post("/account/password", {"password": "correct horse battery"})
    key, _recovery = set_up(client)
    forget_proof(client)
    assert prove(client, way="password", password="correct horse battery").status_code == 400
    assert prove(client, way="mail", code="12345678").status_code == 400
    page = client.get("/account/prove").content.decode()
    assert 'value="password"' not in page
    assert 'value="send"' not in page
    assert prove(client, way="app", code=app_code(key)).headers["Location"] == "/account/export"


@pytest.mark.parametrize("way", ["", "nothing", "passkey", "app", "password"])
def test_a_way_that_the_account_does_not_have_is_refused(way):
    client = sign_in(ALICE)
    forget_proof(client)
    assert prove(client, way=way, code="1", password="", credential="{}").status_code == 400
    assert client.get("/account/export").status_code == 302


def test_guessing_is_slowed():
    client = sign_in(ALICE)
    client.post("/account/password", {"password": "correct horse battery"})
    forget_proof(client)
    statuses = [prove(client, way="password", password=f"guess {n}").status_code for n in range(11)]
    assert statuses == [400] * 10 + [429]


def test_it_goes_on_to_our_own_pages_only():
    client = sign_in(ALICE)
    prove(client, way="send")
    answer = prove(client, way="mail", code=code_in(last_mail(ALICE)), next="https://evil.example/")
    assert answer.headers["Location"] == "/account"
