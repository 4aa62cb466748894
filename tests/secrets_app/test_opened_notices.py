"""The notice that a secret was opened, for owners who asked for it."""

import pytest
from django.core import mail as django_mail
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from accounts.models import Preferences, User
from billing.limits import FREE
from onetime import mail
from onetime.outbox import Outbox
from secrets_app import here, history, services
from secrets_app.envelope import Contents
from tests.accounts.people import ALICE

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def alice():
    return User.objects.create_user(ALICE)


def make(owner):
    return services.create_here(Contents("hush"), None, ttl=3600, limits=FREE, owner=owner)


def open_it(made, nonce=b"n" * 16):
    here.open_link(made.link, None, nonce)
    mail.outbox.join()
    return [message for message in django_mail.outbox if message.to == [ALICE]]


def test_nobody_is_told_who_did_not_ask(alice):
    assert not open_it(make(alice))


def test_who_asked_is_told_once_and_neither_link_nor_label_is_in_the_mail(alice):
    Preferences.objects.create(user=alice, opened_notices=True)
    made = make(alice)
    key = services.listing_key(services.as_secret_id(made.secret.id))
    history.set_label(alice, key, "Telltale")
    (message,) = open_it(made)
    assert len(open_it(made)) == 1  # the same holder again, within the hold
    text = message.subject + message.body + message.alternatives[0][0]
    for hidden in (made.link, made.receipt, key, "Telltale", made.secret.id.hex):
        assert hidden not in text


def test_it_is_in_the_owners_language_not_the_recipients(alice):
    Preferences.objects.create(user=alice, opened_notices=True, language="uk")
    (message,) = open_it(make(alice))
    assert '<html lang="uk">' in message.alternatives[0][0]


def test_an_opening_that_is_rolled_back_tells_nothing(alice):
    Preferences.objects.create(user=alice, opened_notices=True)
    made = make(alice)
    with transaction.atomic():
        here.open_link(made.link, None, b"n" * 16)
        transaction.set_rollback(True)
    mail.outbox.join()
    assert not django_mail.outbox


def test_a_mail_server_that_is_gone_holds_no_opening_up(alice, settings, monkeypatch):
    monkeypatch.setattr(mail, "outbox", Outbox(delays=()))  # or a later try falls into another test
    Preferences.objects.create(user=alice, opened_notices=True)
    settings.EMAIL_BACKEND = "onetime.mail.UnconfiguredBackend"
    made = make(alice)
    assert here.open_link(made.link, None, b"n" * 16).text == "hush"
    mail.outbox.join()


def test_a_secret_without_an_owner_costs_no_statement_more():
    made = make(None)
    with CaptureQueriesContext(connection) as queries:
        here.open_link(made.link, None, b"n" * 16)
    assert not [query for query in queries if "accounts_" in query["sql"]]
