"""Passkeys at the server; tests/browser/test_accounts.py uses them for real."""

import json

import pytest
from allauth.mfa.models import Authenticator
from django.test import Client

from accounts.models import User
from tests.accounts.people import ALICE, CHARLIE, sign_in, signed_in_as

pytestmark = pytest.mark.django_db

B64 = "AAAAAAAAAAAAAAAAAAAAAA"
JUNK = [
    "", "not json", "null", "[]", "1", '"text"', "{}", '{"id": 1}', '{"response": {}}', '{"response": []}',
    json.dumps({"id": B64, "rawId": B64, "type": "public-key", "response": {}}),
    json.dumps({"id": B64, "rawId": B64, "type": "public-key", "response": {"clientDataJSON": B64}}),
    json.dumps({"id": B64, "rawId": B64, "type": "public-key", "clientExtensionResults": {}, "response": {
        "clientDataJSON": "e30", "authenticatorData": B64, "signature": B64, "userHandle": "MQ"}}),
    json.dumps({"id": "é", "rawId": "\x00", "type": "x", "response": {"clientDataJSON": "!!"}}),
    json.dumps({"id": B64, "rawId": B64, "type": "public-key", "clientExtensionResults": {}, "response": {
        "clientDataJSON": "e30", "attestationObject": B64}}),
    json.dumps({"id": B64, "response": {"clientDataJSON": B64 * 2000}}),
    "[" * 5000,
]  # fmt: skip


def passkey(email, name="Phone"):
    user = User.objects.get(email=email)
    return Authenticator.objects.create(user=user, type="webauthn", data={"name": name, "credential": {}})


def test_the_challenge_is_the_same_kind_for_everybody_and_starts_the_cookie_by_post():
    client = Client()
    assert client.get("/account/sign-in/passkey/begin").status_code == 405
    assert not client.cookies
    options = client.post("/account/sign-in/passkey/begin").json()["publicKey"]
    assert len(client.cookies) == 1
    assert options["userVerification"] == "required"
    assert not options.get("allowCredentials")


@pytest.mark.parametrize("credential", JUNK)
def test_junk_signs_nobody_in(credential):
    """A clear 400 for whatever is sent in the place of a passkey, with and without a challenge."""
    User.objects.create_user(ALICE)
    client = Client()
    assert client.post("/account/sign-in/passkey", {"credential": credential}).status_code == 400
    client.post("/account/sign-in/passkey/begin")
    assert client.post("/account/sign-in/passkey", {"credential": credential}).status_code == 400
    assert signed_in_as(client) == ""


@pytest.mark.parametrize("credential", JUNK)
def test_junk_is_not_added_and_proves_nothing(credential):
    client = sign_in(ALICE)
    client.post("/account/passkeys/begin")
    assert client.post("/account/passkeys/add", {"credential": credential}).status_code == 400
    assert not Authenticator.objects.exists()


def test_a_new_passkey_is_one_that_the_device_keeps_and_unlocks():
    options = sign_in(ALICE).post("/account/passkeys/begin").json()["publicKey"]
    assert options["authenticatorSelection"]["residentKey"] == "required"
    assert options["authenticatorSelection"]["userVerification"] == "required"
    assert options["rp"]["id"] == "testserver"


def test_the_site_is_named_by_its_settings_not_by_the_host_header(settings):
    settings.ALLOWED_HOSTS = ["*"]
    client = sign_in(ALICE)
    options = client.post("/account/passkeys/begin", headers={"host": "evil.example"}).json()
    assert options["publicKey"]["rp"]["id"] == "testserver"


def test_a_stranger_cannot_remove_one():
    sign_in(ALICE)
    key = passkey(ALICE)
    assert sign_in(CHARLIE).post(f"/account/passkeys/{key.pk}/remove").status_code == 404
    assert Client().post(f"/account/passkeys/{key.pk}/remove").status_code == 302
    assert Authenticator.objects.exists()


def test_what_is_no_passkey_cannot_be_removed_as_one():
    """An app's key has a row of the same kind; only passkeys go this way."""
    from tests.accounts.test_app import set_up

    client = sign_in(ALICE)
    set_up(client)
    for authenticator in Authenticator.objects.all():
        assert client.post(f"/account/passkeys/{authenticator.pk}/remove").status_code == 404
    assert Authenticator.objects.count() == 2


def test_removing_one_ends_other_sessions():
    here, elsewhere = sign_in(ALICE), sign_in(ALICE)
    key = passkey(ALICE)
    assert here.post(f"/account/passkeys/{key.pk}/remove").status_code == 302
    assert signed_in_as(here) == ALICE
    assert signed_in_as(elsewhere) == ""
    assert not Authenticator.objects.exists()
