"""API tokens, as accounts/tokens.py keeps them."""

import datetime as dt
import hashlib

import pytest
import time_machine

from accounts import tokens
from accounts.models import ApiToken, User

pytestmark = pytest.mark.django_db


@pytest.fixture
def alice():
    return User.objects.create_user("alice@example.com")


@pytest.fixture
def charlie():
    return User.objects.create_user("charlie@example.com")


def test_a_token_is_40_hex_digits_and_finds_its_account(alice):
    token = tokens.create(alice)
    assert len(token) == 40
    assert int(token, 16) >= 0
    assert tokens.user_for(token) == alice


def test_only_the_hash_is_stored(alice):
    """No column of the row holds the token, in hex or in bytes."""
    token = tokens.create(alice)
    row = ApiToken.objects.values().get()
    assert bytes(row["token_hash"]) == hashlib.sha256(token.encode()).digest()
    assert not [value for value in row.values() if token in str(value) or value == bytes.fromhex(token)]


@pytest.mark.parametrize("wrong", ["", "0" * 40, "0" * 39, "G" * 40, "\u0661" * 40, "a" * 10_000, "\0" * 40])
def test_it_refuses_what_is_no_token(alice, wrong):
    tokens.create(alice)
    assert tokens.user_for(wrong) is None
    assert tokens.user_for_basic("alice@example.com", wrong) is None


def test_basic_needs_the_address_of_the_same_account(alice, charlie):
    """Charlie's address with Alice's token is nobody; the case of the address does not matter."""
    token = tokens.create(alice)
    assert tokens.user_for_basic(" Alice@Example.COM", token) == alice
    assert tokens.user_for_basic("charlie@example.com", token) is None
    assert tokens.user_for_basic("", token) is None
    assert tokens.user_for_basic("\u00e4lice@example.com", token) is None
    assert tokens.user_for_basic("\ud800", token) is None


def test_a_revoked_token_is_refused_and_the_other_one_works(alice):
    first, second = tokens.create(alice), tokens.create(alice)
    assert tokens.revoke(alice, ApiToken.objects.order_by("pk")[0].pk)
    assert tokens.user_for(first) is None
    assert tokens.user_for(second) == alice


def test_a_stranger_cannot_revoke(alice, charlie):
    token = tokens.create(alice)
    assert not tokens.revoke(charlie, ApiToken.objects.get().pk)
    assert tokens.user_for(token) == alice


def test_an_inactive_account_is_refused(alice):
    token = tokens.create(alice)
    User.objects.update(is_active=False)
    assert tokens.user_for(token) is None


def test_it_notes_the_day_of_use_and_nothing_finer(alice, django_assert_num_queries):
    """The column is a date; a second use on the same day writes nothing."""
    token = tokens.create(alice)
    assert ApiToken.objects.get().last_used_on is None
    with time_machine.travel(dt.datetime(2030, 1, 2, 23, 59, tzinfo=dt.UTC), tick=False):
        with django_assert_num_queries(2):
            tokens.user_for(token)
        with django_assert_num_queries(1):
            tokens.user_for(token)
        assert ApiToken.objects.get().last_used_on == dt.date(2030, 1, 2)
    with time_machine.travel(dt.datetime(2030, 1, 3, 0, 1, tzinfo=dt.UTC), tick=False):
        tokens.user_for(token)
    assert ApiToken.objects.get().last_used_on == dt.date(2030, 1, 3)
