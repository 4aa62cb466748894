"""The optional password."""

import pytest
from django.contrib.auth import hashers
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from tests.accounts.people import ALICE, CHARLIE, page_of, sign_in, signed_in_as

pytestmark = pytest.mark.django_db

PASSWORD = "correct horse battery"


@pytest.fixture
def alice():
    return User.objects.create_user(ALICE, PASSWORD)


def enter(email, password, client=None, **fields):
    client = client or Client()
    return client, client.post("/account/sign-in/password", {"email": email, "password": password, **fields})


def test_it_signs_in(alice):
    client, answer = enter("Alice@example.com", PASSWORD, next="/account/preferences")
    assert answer.headers["Location"] == "/account/preferences"
    assert signed_in_as(client) == ALICE


def test_it_is_stored_with_argon2(alice):
    assert alice.password.startswith("argon2$argon2id$")


def test_a_wrong_one_an_unknown_address_and_no_password_read_the_same(alice):
    """Status, page and statements are the same for an account with a password, one without, and none."""
    User.objects.create_user(CHARLIE)
    seen: list[tuple[str, int]] = []
    for email in (ALICE, CHARLIE, "nobody@example.com"):
        with CaptureQueriesContext(connection) as queries:
            client, answer = enter(email, "wrong password", Client(REMOTE_ADDR=f"192.0.2.{len(seen)}"))
        assert answer.status_code == 400
        assert not answer.cookies
        seen.append((page_of(answer).replace(email, "ADDRESS"), len(queries)))
    assert len(set(seen)) == 1
    assert "wrong" in seen[0][0]


def counted(real, runs):
    def run(*args, **kwargs):
        runs.append(1)
        return real(*args, **kwargs)

    return run


@pytest.mark.parametrize("email", [ALICE, CHARLIE, "nobody@example.com"])
def test_every_refusal_costs_one_hash(alice, email, monkeypatch):
    """The slow part, Argon2, runs exactly once whatever the address: time tells nothing."""
    User.objects.create_user(CHARLIE)
    runs: list[int] = []
    hasher = type(hashers.get_hasher("argon2"))
    for name in ("encode", "verify"):
        real = getattr(hasher, name)
        monkeypatch.setattr(hasher, name, counted(real, runs))
    enter(email, "wrong password")
    assert len(runs) == 1


def test_an_empty_password_does_not_open_an_account_without_one():
    User.objects.create_user(CHARLIE)
    for password in ("", " ", "!"):
        client, answer = enter(CHARLIE, password)
        assert answer.status_code == 400
        assert signed_in_as(client) == ""


def test_an_account_that_was_switched_off_is_refused(alice):
    User.objects.update(is_active=False)
    assert enter(ALICE, PASSWORD)[1].status_code == 400


def test_ten_wrong_passwords_are_slowed_and_the_owner_elsewhere_is_not(alice):
    client = Client(REMOTE_ADDR="192.0.2.9")
    statuses = [enter(ALICE, f"guess number {n}", client)[1].status_code for n in range(11)]
    assert statuses == [400] * 10 + [429]
    assert enter(ALICE, PASSWORD, client)[1].status_code == 429
    assert enter(ALICE, PASSWORD)[1].status_code == 302


def test_setting_one_ends_every_other_session_and_tells_by_mail(mailoutbox):
    here, elsewhere = sign_in(ALICE), sign_in(ALICE)
    answer = here.post("/account/password", {"password": PASSWORD})
    assert answer.headers["Location"] == "/account"
    assert signed_in_as(here) == ALICE
    assert signed_in_as(elsewhere) == ""
    from onetime import mail

    mail.outbox.join()
    assert "A password was set" in mailoutbox[-1].body
    assert signed_in_as(enter(ALICE, PASSWORD)[0]) == ALICE


@pytest.mark.parametrize("bad", ["short", "password123", "alice@example.com", "1234567890", ""])
def test_it_refuses_what_is_short_common_or_like_the_address(bad):
    client = sign_in(ALICE)
    assert client.post("/account/password", {"password": bad}).status_code == 400
    assert not User.objects.get().has_usable_password()


def test_it_can_be_taken_away():
    client = sign_in(ALICE)
    client.post("/account/password", {"password": PASSWORD})
    client.post("/account/password", {"action": "remove"})
    assert not User.objects.get().has_usable_password()
    assert enter(ALICE, PASSWORD)[1].status_code == 400
    assert signed_in_as(client) == ALICE
