"""What operators do with accounts on the command line."""

import datetime as dt
from io import StringIO

import pytest
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.core.management import CommandError, call_command
from django.utils import timezone

from accounts import tokens
from accounts.models import User
from tests.accounts.people import ALICE, sign_in, signed_in_as

pytestmark = pytest.mark.django_db


def run(*arguments, **options):
    out = StringIO()
    call_command(*arguments, stdout=out, **options)
    return out.getvalue()


def test_create_account_opens_one_that_a_code_signs_in_to():
    run("create_account", "Alice@Example.com")
    assert signed_in_as(sign_in(ALICE)) == ALICE
    assert User.objects.count() == 1


@pytest.mark.parametrize("email", ["", "nobody", "a@b"])
def test_create_account_refuses_what_is_no_address(email):
    with pytest.raises(CommandError):
        run("create_account", email)
    assert not User.objects.exists()


def test_create_account_refuses_an_address_that_has_one():
    User.objects.create_user(ALICE)
    with pytest.raises(CommandError, match="already"):
        run("create_account", "ALICE@example.com")


def test_create_api_token_prints_it_once():
    User.objects.create_user(ALICE)
    token = run("create_api_token", "Alice@example.com").strip()
    assert tokens.user_for(token) == User.objects.get(email=ALICE)


def test_create_api_token_refuses_an_unknown_address():
    with pytest.raises(CommandError):
        run("create_api_token", ALICE)


def test_createsuperuser_works_with_an_address_alone():
    run("createsuperuser", "--noinput", "--email", ALICE)
    user = User.objects.get()
    assert user.is_superuser
    assert user.is_staff
    assert not user.has_usable_password()


def test_prune_deletes_what_nobody_confirmed_and_nothing_else():
    old = timezone.now() - dt.timedelta(days=31)
    User.objects.create_user("old@example.com", created_at=old)
    User.objects.create_user("new@example.com")
    User.objects.create_user("seen@example.com", created_at=old, verified_at=old)
    User.objects.create_superuser("operator@example.com", created_at=old)
    assert "1 unconfirmed accounts" in run("prune_accounts", "--dry-run")
    assert User.objects.count() == 4
    assert "1 unconfirmed accounts" in run("prune_accounts")
    left = set(User.objects.values_list("email", flat=True))
    assert left == {"new@example.com", "seen@example.com", "operator@example.com"}


@pytest.mark.parametrize("command", ["prune_accounts", "purge_secrets"])
def test_sessions_that_have_ended_go(command):
    """A pending sign-in holds an address: its session goes within half an hour and one pass of the purge."""
    for seconds in (-1, 3600):
        session = SessionStore()
        session["code:sign-in"] = {"email": ALICE}
        session.set_expiry(timezone.now() + dt.timedelta(seconds=seconds))
        session.create()
    run(command)
    assert Session.objects.count() == 1
