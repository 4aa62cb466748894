"""Signing in by a mailed code, which also opens accounts."""

import datetime as dt
import re

import pytest
import time_machine
from django.contrib.sessions.models import Session
from django.core import mail as django_mail
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import URLPattern, URLResolver, get_resolver

from accounts import codes
from accounts.models import User
from onetime.mail import MailFailed
from tests.accounts.people import ALICE, ask_code, code_in, last_mail, page_of, sign_in, signed_in_as
from tests.site import free_port

pytestmark = pytest.mark.django_db

NOW = dt.datetime(2030, 1, 1, 12, tzinfo=dt.UTC)


def wrong(code):
    return codes.shown(f"{(int(code.replace(' ', '')) + 1) % 10**8:08d}")


def every_route(patterns=None, prefix=""):
    for pattern in patterns or get_resolver().url_patterns:
        if isinstance(pattern, URLResolver):
            yield from every_route(pattern.url_patterns, prefix + str(pattern.pattern))
        elif isinstance(pattern, URLPattern):
            yield prefix + str(pattern.pattern)


def account_pages():
    for route in every_route():
        if route.startswith(("account", "dashboard", "send-link")):
            yield "/" + re.sub("<int:[^>]+>", "1", route)


@pytest.mark.parametrize("path", sorted(set(account_pages())))
def test_looking_at_an_account_page_starts_no_cookie(client, path):
    """An anonymous GET of every page of this part of the site: no Set-Cookie and no session row."""
    answer = client.get(path)
    assert answer.status_code in {200, 302, 403, 405}
    assert not answer.cookies
    assert not Session.objects.exists()


def test_the_account_pages_are_found():
    assert "/account/sign-in" in set(account_pages())
    assert len(set(account_pages())) > 25


def test_a_code_opens_an_account_and_signs_in():
    client = sign_in("  Alice@Example.COM ")
    assert signed_in_as(client) == ALICE
    user = User.objects.get()
    assert user.email == ALICE
    assert user.verified_at
    assert not user.has_usable_password()


def test_a_code_signs_in_to_the_account_that_is_there():
    user = User.objects.create_user(ALICE)
    assert signed_in_as(sign_in("ALICE@example.com")) == ALICE
    user.refresh_from_db()
    assert user.verified_at
    assert User.objects.count() == 1


def test_asking_for_a_code_makes_no_account(client):
    """Nothing about an address is stored outside the asker's own short session before it is proven."""
    ask_code(client, ALICE)
    assert not User.objects.exists()


def test_the_code_is_not_stored(client):
    code = ask_code(client, ALICE).replace(" ", "")
    assert code not in str(dict(client.session.items()))


def test_a_wrong_code_is_refused_and_the_right_one_still_works(client):
    code = ask_code(client, ALICE)
    answer = client.post("/account/sign-in/code", {"code": wrong(code)})
    assert answer.status_code == 400
    assert "This is not the code" in answer.content.decode()
    assert client.post("/account/sign-in/code", {"code": code}).status_code == 302
    assert signed_in_as(client) == ALICE


@pytest.mark.parametrize("typed", ["{0}", " {0} ", "{1}", "{2}-{3}"])
def test_people_may_type_the_code_as_they_like(client, typed):
    code = ask_code(client, ALICE)
    typed = typed.format(code, code.replace(" ", ""), code[:4], code[5:])
    assert client.post("/account/sign-in/code", {"code": typed}).status_code == 302


@pytest.mark.parametrize("typed", ["", "0" * 41, "١٢٣٤٥٦٧٨", "\0", "abcdefgh"])
def test_nonsense_is_refused(client, typed):
    ask_code(client, ALICE)
    assert client.post("/account/sign-in/code", {"code": typed}).status_code == 400


def test_a_code_works_once():
    first = Client()
    code = ask_code(first, ALICE)
    first.post("/account/sign-in/code", {"code": code})
    first.post("/account/sign-out")
    answer = first.post("/account/sign-in/code", {"code": code})
    assert answer.headers["Location"] == "/account/sign-in"
    assert signed_in_as(first) == ""


def test_a_code_works_only_in_the_browser_that_asked_for_it(client):
    """A mail scanner, or a stranger who reads the mail, has no session that awaits the code."""
    code = ask_code(client, ALICE)
    stranger = Client()
    stranger.post("/account/sign-in", {"email": "charlie@example.com"})
    assert stranger.post("/account/sign-in/code", {"code": code}).status_code == 400
    assert Client().post("/account/sign-in/code", {"code": code}).headers["Location"] == "/account/sign-in"
    assert not User.objects.exists()


def test_an_old_code_is_refused(client):
    with time_machine.travel(NOW, tick=False) as clock:
        code = ask_code(client, ALICE)
        clock.shift(codes.LIFETIME_SECONDS)
        assert client.post("/account/sign-in/code", {"code": code}).headers["Location"] == "/account/sign-in"
    assert not User.objects.exists()


def test_a_code_is_good_to_the_last_second(client):
    with time_machine.travel(NOW, tick=False) as clock:
        code = ask_code(client, ALICE)
        clock.shift(codes.LIFETIME_SECONDS - 1)
        assert client.post("/account/sign-in/code", {"code": code}).status_code == 302


def test_a_code_that_was_guessed_at_too_often_is_dead(client):
    """After TRIES wrong ones the right one no longer helps; the page asks for the address again."""
    code = ask_code(client, ALICE)
    for _ in range(codes.TRIES - 1):
        assert client.post("/account/sign-in/code", {"code": wrong(code)}).status_code == 400
    last = client.post("/account/sign-in/code", {"code": wrong(code)})
    assert "Ask for a new one" in last.content.decode()
    assert client.post("/account/sign-in/code", {"code": code}).headers["Location"] == "/account/sign-in"


def test_ten_wrong_codes_are_slowed(client):
    """The eleventh try of one client on one address is a 429 that says when to come back, right or wrong."""
    for _ in range(2):
        code = ask_code(client, ALICE)
        for _ in range(codes.TRIES):
            client.post("/account/sign-in/code", {"code": wrong(code)})
    code = ask_code(client, ALICE)
    answer = client.post("/account/sign-in/code", {"code": code})
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) > 0
    assert signed_in_as(client) == ""


def test_a_stranger_who_guesses_does_not_lock_the_owner_out(client):
    stranger = Client(REMOTE_ADDR="192.0.2.9")
    for _ in range(2):
        code = ask_code(stranger, ALICE)
        for _ in range(codes.TRIES):
            stranger.post("/account/sign-in/code", {"code": wrong(code)})
    assert signed_in_as(sign_in(ALICE, client)) == ALICE


def test_only_so_many_mails_go_to_one_address():
    """One client's own limit first; from ever new clients another one, so nobody's mailbox is flooded."""
    client = Client(REMOTE_ADDR="192.0.2.1")
    statuses = [client.post("/account/sign-in", {"email": ALICE}).status_code for _ in range(7)]
    assert statuses == [302] * 6 + [429]
    others = [
        Client(REMOTE_ADDR=f"198.51.100.{n}").post("/account/sign-in", {"email": ALICE}).status_code
        for n in range(30)
    ]
    assert others.count(302) < 30
    assert 429 in others
    assert len(django_mail.outbox) <= 31


def test_another_mail_may_be_asked_for_after_a_visible_wait(client):
    with time_machine.travel(NOW, tick=False) as clock:
        first = ask_code(client, ALICE)
        assert (
            "You can ask for another mail in 60 seconds"
            in client.get("/account/sign-in/code").content.decode()
        )
        assert client.post("/account/sign-in/code/resend").status_code == 429
        assert len(django_mail.outbox) == 1
        clock.shift(codes.RESEND_SECONDS)
        assert 'data-wait="' not in client.get("/account/sign-in/code").content.decode()
        assert client.post("/account/sign-in/code/resend").status_code == 302
        second = code_in(last_mail(ALICE))
        assert len(django_mail.outbox) == 2
        if first != second:
            assert client.post("/account/sign-in/code", {"code": first}).status_code == 400
        assert client.post("/account/sign-in/code", {"code": second}).status_code == 302


def test_a_known_and_an_unknown_address_are_treated_alike():
    """The same statements, status, headers and pages, and the same mail but for the code and the address."""
    User.objects.create_user(ALICE)
    seen = []
    for email in (ALICE, "nobody@example.com"):
        client = Client(REMOTE_ADDR="192.0.2.1")
        with CaptureQueriesContext(
            connection,
        ) as queries:
            answer = client.post("/account/sign-in", {"email": email})
        page = page_of(client.get("/account/sign-in/code")).replace(email, "ADDRESS")
        message = last_mail(email)
        body = message.body.replace(code_in(message), "CODE")
        statements = [re.sub(r"'[^']*'", "?", query["sql"]) for query in queries]
        headers = {name: value for name, value in answer.headers.items() if name != "Set-Cookie"}
        seen.append((answer.status_code, headers, page, message.subject, body, statements))
    assert seen[0] == seen[1]
    assert not [sql for sql in seen[0][5] if "accounts_user" in sql]


@pytest.mark.parametrize(
    "email", ["", "alice", "a@b", "alice@example.com\n", "a" * 250 + "@example.com", "a\0@example.com"]
)
def test_what_is_no_address_is_refused(client, email):
    answer = client.post("/account/sign-in", {"email": email})
    if email.strip() == ALICE:
        assert answer.status_code == 302
    else:
        assert answer.status_code == 400
        assert not answer.cookies


def test_the_person_who_waits_is_told_that_the_mail_failed(client, settings):
    """503 with the form as it was, no cookie, and it works once the mail server is back."""
    backend = settings.EMAIL_BACKEND
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", free_port()
    answer = client.post("/account/sign-in", {"email": ALICE})
    assert answer.status_code == 503
    assert "could not be sent" in answer.content.decode()
    assert ALICE in answer.content.decode()
    assert not answer.cookies
    assert issubclass(MailFailed, OSError)
    settings.EMAIL_BACKEND = backend
    assert signed_in_as(sign_in(ALICE, client)) == ALICE


@pytest.mark.parametrize(
    ("target", "location"),
    [
        ("/account/export", "/account/export"),
        ("https://evil.example/", "/dashboard"),
        ("//evil.example/", "/dashboard"),
        ("/\\evil.example", "/dashboard"),
        ("javascript:alert(1)", "/dashboard"),
        ("", "/dashboard"),
    ],
)
def test_it_goes_on_to_our_own_pages_only(client, target, location):
    code = ask_code(client, ALICE, next=target)
    assert client.post("/account/sign-in/code", {"code": code}).headers["Location"] == location


def test_a_page_that_needs_an_account_leads_to_the_door_and_back(client):
    answer = client.get("/account/preferences")
    assert answer.headers["Location"] == "/account/sign-in?next=/account/preferences"
    assert 'value="/account/preferences"' in client.get(answer.headers["Location"]).content.decode()


def test_an_account_that_was_switched_off_stays_out(client):
    User.objects.create_user(ALICE, is_active=False)
    answer = client.post("/account/sign-in/code", {"code": ask_code(client, ALICE)}, follow=True)
    assert answer.status_code == 403
    assert "switched off" in answer.content.decode()
    assert signed_in_as(client) == ""


def test_signed_in_means_exactly_one_cookie(client, settings):
    code = ask_code(client, ALICE)
    client.post("/account/sign-in/code", {"code": code})
    client.get("/account")
    client.get("/dashboard")
    assert list(client.cookies) == [settings.SESSION_COOKIE_NAME]
    cookie = client.cookies[settings.SESSION_COOKIE_NAME]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"


def test_the_session_key_changes_with_the_sign_in(client, settings):
    code = ask_code(client, ALICE)
    before = client.cookies[settings.SESSION_COOKIE_NAME].value
    client.post("/account/sign-in/code", {"code": code})
    after = client.cookies[settings.SESSION_COOKIE_NAME].value
    assert before != after
    assert not Session.objects.filter(session_key=before).exists()


def test_the_cookie_of_a_pending_sign_in_is_short_and_a_session_slides(client, settings):
    """Half an hour before the sign-in; then 14 days, begun again on each day of use."""
    name = settings.SESSION_COOKIE_NAME
    with time_machine.travel(NOW, tick=False) as clock:
        code = ask_code(client, ALICE)
        assert client.cookies[name]["max-age"] == 1800
        client.post("/account/sign-in/code", {"code": code})
        assert client.cookies[name]["max-age"] == 14 * 86400
        for _ in range(3):
            clock.shift(10 * 86400)
            assert signed_in_as(client) == ALICE
        clock.shift(14 * 86400 + 1)
        assert signed_in_as(client) == ""


def test_signing_out_ends_the_session_on_the_server_and_the_cookie(settings):
    client = sign_in(ALICE)
    key = client.cookies[settings.SESSION_COOKIE_NAME].value
    answer = client.post("/account/sign-out")
    assert answer.headers["Location"] == "/"
    assert answer.cookies[settings.SESSION_COOKIE_NAME].value == ""
    assert not Session.objects.filter(session_key=key).exists()
    thief = Client()
    thief.cookies[settings.SESSION_COOKIE_NAME] = key
    assert signed_in_as(thief) == ""


def test_a_get_signs_nobody_out():
    client = sign_in(ALICE)
    assert client.get("/account/sign-out").status_code == 405
    assert signed_in_as(client) == ALICE


def test_two_browsers_of_one_new_person_get_one_account():
    first, second = Client(), Client()
    codes_ = [ask_code(first, ALICE), ask_code(second, ALICE)]
    first.post("/account/sign-in/code", {"code": codes_[0]})
    second.post("/account/sign-in/code", {"code": codes_[1]})
    assert signed_in_as(first) == signed_in_as(second) == ALICE
    assert User.objects.count() == 1


def test_the_page_and_the_mail_speak_the_language_of_the_path(client):
    client.post("/uk/account/sign-in", {"email": ALICE})
    assert '<html lang="uk">' in last_mail(ALICE).alternatives[0][0]
    answer = client.post("/uk/account/sign-in/code", {"code": code_in(last_mail(ALICE))})
    assert answer.headers["Location"].startswith("/uk/")
