"""Mailing a link for its maker."""

import re
from urllib.parse import urlencode

import pytest
from django.core import mail as django_mail
from django.test import Client

from accounts.models import User
from billing.limits import FREE
from secrets_app import here, services
from secrets_app.envelope import Contents
from tests.accounts.people import ALICE, BOB, CHARLIE, last_mail, sign_in
from tests.accounts.test_personal_data import everything_stored
from tests.cached import cached_lines

pytestmark = pytest.mark.django_db


@pytest.fixture
def alice():
    return User.objects.create_user(ALICE)


def make(owner, passphrase=None):
    return services.create_here(Contents("hush"), passphrase, ttl=3600, limits=FREE, owner=owner)


def create(client, **fields):
    """Send the create page's form, as a browser without script does."""
    kind = "application/x-www-form-urlencoded"
    return client.post("/", urlencode({"text": "hush", "ttl": "3600", **fields}), content_type=kind)


def send(client, link, recipient=BOB, **headers):
    return client.post("/send-link", {"link": link, "recipient": recipient}, headers=headers)


def test_it_goes_to_the_recipient_with_the_senders_address(alice):
    made = make(alice, "phrase")
    answer = send(sign_in(ALICE), made.link)
    assert answer.status_code == 200
    message = last_mail(BOB)
    assert f"http://testserver/secret#{made.link}" in message.body
    assert ALICE in message.body
    assert "asks for a passphrase" in message.body


def test_a_script_gets_json(alice):
    client = sign_in(ALICE)
    made = make(alice)
    assert send(client, made.link, accept="application/json").json()["detail"]
    wrong = send(client, made.link, "nobody", accept="application/json")
    assert wrong.status_code == 400
    assert wrong.headers["Content-Type"] == "application/problem+json"


def test_the_link_is_never_stored(alice):
    """Neither in a table nor in the cache, nor the recipient's address."""
    client, made = sign_in(ALICE), make(alice)
    send(client, made.link)
    held = [str(place) for place in everything_stored()] + cached_lines()
    assert held
    assert not [place for place in held if made.link in place or BOB in place]


@pytest.mark.parametrize(
    "link", ["", "x", "0" * 30, "0" * 32, "https://evil.example/#" + "0" * 31, "0" * 30 + "\n"]
)
def test_only_links_of_this_site_are_mailed(alice, link):
    assert send(sign_in(ALICE), link).status_code == 400
    assert len(django_mail.outbox) == 1


@pytest.mark.parametrize(
    "recipient", ["", "bob", "bob@example.com, eve@example.com", "bob@example.com\nBcc: e@x.com"]
)
def test_only_to_one_address(alice, recipient):
    assert send(sign_in(ALICE), make(alice).link, recipient).status_code == 400
    assert len(django_mail.outbox) == 1


def test_a_stranger_mails_no_link_that_is_not_theirs(alice):
    """Not even one that they hold: the mail would say that they made it. A visitor mails none at all."""
    made = make(alice)
    assert send(sign_in(CHARLIE), made.link).status_code == 404
    assert send(Client(), made.link).status_code == 302
    assert not [message for message in django_mail.outbox if message.to == [BOB]]


def test_nobody_owns_what_a_visitor_made(alice):
    assert send(sign_in(ALICE), make(None).link).status_code == 404


def test_what_is_opened_burned_or_unknown_is_not_mailed(alice):
    opened, burned = make(alice), make(alice)
    here.open_link(opened.link, None, b"n" * 16)
    services.burn(burned.receipt)
    client = sign_in(ALICE)
    for link in (opened.link, burned.link, "0" * 31):
        assert send(client, link).status_code == 404


def test_a_failing_mail_is_told_and_loses_nothing(alice, settings):
    client, made = sign_in(ALICE), make(alice)
    settings.EMAIL_BACKEND = "onetime.mail.UnconfiguredBackend"
    answer = send(client, made.link)
    assert answer.status_code == 503
    assert "could not be sent" in answer.content.decode()
    assert here.open_link(made.link, None, b"n" * 16).text == "hush"


def test_a_get_mails_nothing(alice):
    assert sign_in(ALICE).get("/send-link").status_code == 405


def test_so_many_and_no_more(alice):
    client, made = sign_in(ALICE), make(alice)
    statuses = [send(client, made.link).status_code for _ in range(31)]
    assert statuses == [200] * 30 + [429]


# --- The create page --------------------------------------------------------------------------------------


def test_the_page_offers_it_to_accounts_and_says_what_it_means(alice):
    page = sign_in(ALICE).get("/").content.decode()
    assert 'action="/send-link"' in page
    assert "passes through our mail server" in page
    assert 'action="/send-link"' not in Client().get("/").content.decode()


def test_without_script_the_made_page_can_mail_it_too(alice):
    client = sign_in(ALICE)
    page = create(client).content.decode()
    (key,) = re.findall(r'name="link" value="([0-9A-Za-z]{31})"', page)
    assert send(client, key).status_code == 200
    assert f"#{key}" in last_mail(BOB).body


def test_an_accounts_preferences_begin_the_create_page(alice):
    client = sign_in(ALICE)
    client.post("/account/preferences", {"lifetime": "3600", "passphrase": "on"})
    page = client.get("/").content.decode()
    assert '<option value="3600" selected>' in page
    answer = create(client)
    assert answer.status_code == 400
    assert "your preferences ask for one" in answer.content.decode()
    assert create(client, passphrase="x").status_code == 200
    assert '<option value="604800" selected>' in Client().get("/").content.decode()
