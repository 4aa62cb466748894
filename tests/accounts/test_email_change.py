"""Changing the address: both ends confirm."""

import pytest
from django.core import mail as django_mail

from accounts import codes
from accounts.models import User
from onetime import mail
from tests.accounts.people import ALICE, CHARLIE, code_in, last_mail, page_of, sign_in, signed_in_as

pytestmark = pytest.mark.django_db

NEW = "alice@new.example"


def start(client, new=NEW):
    answer = client.post("/account/email", {"email": new})
    assert answer.headers["Location"] == "/account/email/codes"
    return code_in(last_mail(ALICE)), code_in(last_mail(new.strip().lower()))


def confirm(client, old_code, new_code):
    return client.post("/account/email/codes", {"old_code": old_code, "new_code": new_code})


def wrong(code):
    return f"{(int(code.replace(' ', '')) + 1) % 10**8:08d}"


def test_both_codes_change_it():
    client = sign_in(ALICE)
    assert confirm(client, *start(client, "  Alice@NEW.example")).headers["Location"] == "/account"
    assert signed_in_as(client) == NEW
    assert User.objects.get().email == NEW


def spoilt(old_code, new_code):
    return {
        "old wrong": (wrong(old_code), new_code),
        "new wrong": (old_code, wrong(new_code)),
        "swapped": (new_code, old_code),
        "new missing": (old_code, ""),
        "old missing": ("", new_code),
        "old twice": (old_code, old_code),
    }


@pytest.mark.parametrize("how", spoilt("1", "2"))
def test_one_code_is_not_enough_and_a_slip_spends_neither(how):
    client = sign_in(ALICE)
    both = start(client)
    assert confirm(client, *spoilt(*both)[how]).status_code == 400
    assert User.objects.get().email == ALICE
    assert confirm(client, *both).status_code == 302
    assert User.objects.get().email == NEW


def test_every_other_session_ends_and_the_old_address_is_told():
    here, elsewhere = sign_in(ALICE), sign_in(ALICE)
    confirm(here, *start(here))
    assert signed_in_as(here) == NEW
    assert signed_in_as(elsewhere) == ""
    mail.outbox.join()
    notice = last_mail(ALICE)
    assert "now uses another one" in notice.body
    assert NEW not in notice.body + notice.alternatives[0][0]


def test_the_old_address_then_opens_another_account():
    client = sign_in(ALICE)
    confirm(client, *start(client))
    assert signed_in_as(sign_in(ALICE)) == ALICE
    assert User.objects.count() == 2


def test_it_does_not_tell_whether_the_new_address_has_an_account():
    """The page and both mails are the same; only who has that mailbox too is told, at the end."""
    User.objects.create_user(CHARLIE)
    seen = []
    for new in (CHARLIE, NEW):
        client = sign_in(ALICE)
        both = start(client, new)
        page = page_of(client.get("/account/email/codes")).replace(new, "NEW")
        body = last_mail(new).body.replace(both[1], "CODE")
        seen.append((page, last_mail(new).subject, body))
    assert seen[0] == seen[1]
    client = sign_in(ALICE)
    answer = confirm(client, *start(client, CHARLIE))
    assert answer.status_code == 409
    assert "has an account of its own" in answer.content.decode()
    assert set(User.objects.values_list("email", flat=True)) == {ALICE, CHARLIE}


@pytest.mark.parametrize("new", [ALICE, "ALICE@example.com", "", "nobody", "a@b"])
def test_it_refuses_the_same_address_and_what_is_none(new):
    assert sign_in(ALICE).post("/account/email", {"email": new}).status_code == 400
    assert len(django_mail.outbox) == 1


def test_the_codes_of_another_session_do_nothing():
    """Charlie has read both mails, and still cannot change Alice's address, or his own to hers."""
    owner, stranger = sign_in(ALICE), sign_in(CHARLIE)
    both = start(owner)
    assert confirm(stranger, *both).headers["Location"] == "/account/email"
    stranger.post("/account/email", {"email": "charlie@new.example"})
    assert confirm(stranger, *both).status_code == 400
    assert set(User.objects.values_list("email", flat=True)) == {ALICE, CHARLIE}


def test_guessed_at_too_often_it_begins_again():
    client = sign_in(ALICE)
    old_code, new_code = start(client)
    for _ in range(codes.TRIES):
        answer = confirm(client, old_code, wrong(new_code))
    assert "Start again" in answer.content.decode()
    assert confirm(client, old_code, new_code).headers["Location"] == "/account/email"
    assert User.objects.get().email == ALICE


def test_a_failing_mail_is_told_and_changes_nothing(settings):
    client = sign_in(ALICE)
    settings.EMAIL_BACKEND = "onetime.mail.UnconfiguredBackend"
    answer = client.post("/account/email", {"email": NEW})
    assert answer.status_code == 503
    assert "could not be sent" in answer.content.decode()
    assert User.objects.get().email == ALICE
