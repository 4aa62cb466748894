"""Closing an account."""

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.sessions.models import Session

from accounts import services as accounts
from accounts import tokens
from accounts.models import ApiToken, User
from accounts.signals import CannotClose, closing, erasing
from onetime import mail
from secrets_app import here, services
from secrets_app.envelope import Contents
from secrets_app.models import Secret, State
from tests.accounts.people import ALICE, CHARLIE, last_mail, sign_in, signed_in_as
from tests.accounts.test_app import set_up

from billing.limits import FREE  # isort: skip

pytestmark = pytest.mark.django_db


def make(owner):
    return services.create_here(Contents("hush"), None, ttl=3600, limits=FREE, owner=owner)


@pytest.fixture
def refusing():
    """Billing, as it behaves when Stripe cannot be reached."""

    def refuse(sender, user, **kwargs):
        raise CannotClose("The subscription cannot be cancelled just now.")

    closing.connect(refuse)
    yield
    closing.disconnect(refuse)


def test_it_asks_first():
    client = sign_in(ALICE)
    assert client.get("/account/close").status_code == 200
    assert client.post("/account/close").status_code == 400
    assert User.objects.exists()


def test_it_deletes_at_once_all_that_belongs_to_the_account(client):
    client = sign_in(ALICE)
    user = User.objects.get()
    set_up(client)
    tokens.create(user)
    client.post("/account/preferences", {"language": "uk"})
    made = make(user)
    answer = client.post("/account/close", {"sure": "yes"})
    assert answer.headers["Location"] == "/account/closed"
    assert not User.objects.exists()
    assert not ApiToken.objects.exists()
    assert not Authenticator.objects.exists()
    secret = Secret.objects.get(id=made.secret.id)
    assert (secret.state, secret.content, secret.owner_id) == (State.BURNED, None, None)
    assert (secret.label, secret.listing_hash) == (None, None)
    page = client.get("/account/closed")
    assert page.status_code == 200
    assert not page.cookies


def test_it_ends_every_session_and_leaves_nothing_of_this_one():
    here, elsewhere = sign_in(ALICE), sign_in(ALICE)
    here.post("/account/close", {"sure": "yes"})
    assert signed_in_as(here) == signed_in_as(elsewhere) == ""
    assert not [s for s in Session.objects.all() if ALICE in str(s.get_decoded())]


def test_a_last_mail_confirms_it():
    sign_in(ALICE).post("/account/close", {"sure": "yes"})
    mail.outbox.join()
    assert last_mail(ALICE).subject == "Your account was closed"


def test_a_strangers_secrets_stay():
    other = User.objects.create_user(CHARLIE)
    theirs = make(other)
    sign_in(ALICE).post("/account/close", {"sure": "yes"})
    assert Secret.objects.get().state == State.NEW
    assert here.open_link(theirs.link, None, b"n" * 16).text == "hush"


def test_where_billing_cannot_be_reached_nothing_is_deleted_and_the_person_is_told(refusing):
    client = sign_in(ALICE)
    made = make(User.objects.get())
    answer = client.post("/account/close", {"sure": "yes"})
    assert answer.status_code == 503
    assert "The subscription cannot be cancelled just now." in answer.content.decode()
    assert "Nothing was deleted" in answer.content.decode()
    assert signed_in_as(client) == ALICE
    assert here.open_link(made.link, None, b"n" * 16).text == "hush"


def test_where_erasing_fails_nothing_is_deleted():
    """Erasing and deleting are one transaction: a failure half-way leaves all as it was."""
    user = User.objects.create_user(ALICE)
    make(user)

    def fail(sender, user, **kwargs):
        raise RuntimeError("a bug")

    erasing.connect(fail)
    try:
        with pytest.raises(RuntimeError):
            accounts.close(user)
    finally:
        erasing.disconnect(fail)
    assert User.objects.get().email == ALICE
    assert Secret.objects.get().state == State.NEW


def test_the_address_may_open_a_new_account_that_has_nothing_of_the_old():
    client = sign_in(ALICE)
    make(User.objects.get())
    client.post("/account/close", {"sure": "yes"})
    again = sign_in(ALICE)
    assert Secret.objects.filter(owner=User.objects.get()).count() == 0
    assert "What you create" in again.get("/dashboard").content.decode()
