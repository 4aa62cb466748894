"""The authenticator app (TOTP) as the second step, and recovery codes."""

import re
import time

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.test import Client

from accounts import sealing
from accounts.models import User
from onetime import mail
from tests.accounts.people import ALICE, ask_code, sign_in, signed_in_as

pytestmark = pytest.mark.django_db


def app_code(key, steps=0):
    return format_hotp_value(hotp_value(key, int(time.time()) // 30 + steps))


def key_in(page):
    (key,) = re.findall(r'id="key"[^>]*value="([A-Z2-7 ]+)"', page)
    return key.replace(" ", "")


def codes_in(page):
    (codes,) = re.findall(r"<pre[^>]*>([\d\s]+)</pre>", page)
    return codes.split()


def set_up(client):
    """Set the app up as a person does; (its key, the recovery codes)."""
    page = client.post("/account/app/begin").content.decode()
    key = key_in(page)
    page = client.post("/account/app/confirm", {"code": app_code(key, -1)}).content.decode()
    return key, codes_in(page)


def first_step(email=ALICE):
    client = Client()
    answer = client.post("/account/sign-in/code", {"code": ask_code(client, email)})
    assert answer.headers["Location"] == "/account/sign-in/second-step"
    return client


def second_step(client, code):
    return client.post("/account/sign-in/second-step", {"code": code})


def test_a_sign_in_then_needs_its_code():
    key, _recovery = set_up(sign_in(ALICE))
    client = first_step()
    assert signed_in_as(client) == ""
    assert client.get("/account/sign-in/second-step").status_code == 200
    assert second_step(client, "000000" if app_code(key) != "000000" else "111111").status_code == 200
    assert signed_in_as(client) == ""
    assert second_step(client, app_code(key)).headers["Location"] == "/dashboard"
    assert signed_in_as(client) == ALICE


def test_a_password_does_not_skip_it():
    owner = sign_in(ALICE)
    owner.post("/account/password", {"password": "correct horse battery"})
    set_up(owner)
    client = Client()
    answer = client.post("/account/sign-in/password", {"email": ALICE, "password": "correct horse battery"})
    assert answer.headers["Location"] == "/account/sign-in/second-step"
    assert signed_in_as(client) == ""


@pytest.mark.parametrize("path", ["/account", "/dashboard", "/account/export", "/account/app", "/admin/"])
def test_between_the_steps_nothing_is_open(path):
    set_up(sign_in(ALICE))
    client = first_step()
    answer = client.get(path, follow=True)
    assert answer.redirect_chain[-1][0].startswith("/account/sign-in")
    assert signed_in_as(client) == ""


def test_a_code_of_the_app_works_once():
    key, _recovery = set_up(sign_in(ALICE))
    code = app_code(key)
    second_step(first_step(), code)
    client = first_step()
    second_step(client, code)
    assert signed_in_as(client) == ""


def test_a_recovery_code_works_once():
    _key, recovery = set_up(sign_in(ALICE))
    assert len(set(recovery)) == 10
    client = first_step()
    second_step(client, recovery[3])
    assert signed_in_as(client) == ALICE
    again = first_step()
    second_step(again, recovery[3])
    assert signed_in_as(again) == ""


def test_ten_wrong_codes_are_slowed():
    key, _recovery = set_up(sign_in(ALICE))
    client = first_step()
    for n in range(10):
        second_step(client, f"{n:03d}")
    answer = second_step(client, app_code(key))
    assert answer.status_code == 429
    assert signed_in_as(client) == ""


def test_it_is_confirmed_by_its_first_code_before_it_counts():
    client = sign_in(ALICE)
    client.post("/account/app/begin")
    assert client.post("/account/app/confirm", {"code": "12"}).status_code == 400
    assert not Authenticator.objects.exists()
    assert client.post("/account/app/confirm").status_code == 400


def test_confirming_without_a_key_leads_back():
    assert (
        sign_in(ALICE).post("/account/app/confirm", {"code": "123456"}).headers["Location"] == "/account/app"
    )


def test_the_page_shows_the_picture_inline_and_the_key_in_letters():
    """No data: image, no style attribute: both would break our Content-Security-Policy."""
    page = sign_in(ALICE).post("/account/app/begin").content.decode()
    assert re.search(r'<div class="qr"[^>]*><svg', page)
    assert "<?xml" not in page
    assert "data:" not in re.sub(r'data-[a-z]+="[^"]*"', "", page).replace("metadata:", "")
    assert " style=" not in page
    assert "otpauth://totp/alice%40example.com?" in page


def test_neither_key_nor_seed_is_stored_in_clear():
    client = sign_in(ALICE)
    page = client.post("/account/app/begin").content.decode()
    key = key_in(page)
    assert key not in str(dict(client.session.items()))
    client.post("/account/app/confirm", {"code": app_code(key)})
    stored = {a.type: a.data for a in Authenticator.objects.all()}
    assert key not in str(stored)
    assert sealing.unseal(stored["totp"]["secret"]) == key
    assert len(sealing.unseal(stored["recovery_codes"]["seed"])) == 80
    assert sealing.unseal(stored["recovery_codes"]["seed"]) not in str(stored)


def test_new_recovery_codes_replace_the_old():
    owner = sign_in(ALICE)
    _key, old = set_up(owner)
    page = owner.post("/account/app/recovery-codes").content.decode()
    new = codes_in(page)
    assert not set(old) & set(new)
    client = first_step()
    second_step(client, old[0])
    assert signed_in_as(client) == ""
    second_step(client, new[0])
    assert signed_in_as(client) == ALICE


def test_it_can_be_taken_away_with_its_recovery_codes():
    owner = sign_in(ALICE)
    set_up(owner)
    owner.post("/account/app/remove")
    assert not Authenticator.objects.exists()
    assert signed_in_as(sign_in(ALICE)) == ALICE


@pytest.mark.parametrize("act", [set_up, lambda c: (set_up(c), c.post("/account/app/remove"))])
def test_a_change_ends_other_sessions_and_tells_by_mail(act, mailoutbox):
    here, elsewhere = sign_in(ALICE), sign_in(ALICE)
    act(here)
    assert signed_in_as(here) == ALICE
    assert signed_in_as(elsewhere) == ""
    mail.outbox.join()
    assert "security of your account" in mailoutbox[-1].subject


def test_setting_it_up_twice_changes_nothing():
    owner = sign_in(ALICE)
    set_up(owner)
    before = Authenticator.objects.values_list("data", flat=True).get(type="totp")
    assert owner.post("/account/app/begin").headers["Location"] == "/account/app"
    assert owner.post("/account/app/confirm", {"code": "123456"}).headers["Location"] == "/account/app"
    assert Authenticator.objects.values_list("data", flat=True).get(type="totp") == before


def test_recovery_codes_without_an_app_are_not_made():
    assert sign_in(ALICE).post("/account/app/recovery-codes").headers["Location"] == "/account/app"
    assert not Authenticator.objects.exists()


def test_only_the_day_of_use_is_noted():
    key, _recovery = set_up(sign_in(ALICE))
    second_step(first_step(), app_code(key))
    used = Authenticator.objects.get(type="totp").last_used_at
    assert (used.hour, used.minute, used.second, used.microsecond) == (0, 0, 0, 0)
    assert User.objects.get().last_login is None
