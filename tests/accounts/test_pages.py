"""The account page, preferences, tokens, signing out everywhere."""

import re

import pytest
from django.test import Client

from accounts import preferences, tokens
from accounts.models import ApiToken, Preferences, User
from onetime import mail
from onetime.limits import DEFAULT_LIFETIME
from tests.accounts.people import ALICE, CHARLIE, last_mail, sign_in, signed_in_as

pytestmark = pytest.mark.django_db

PAGES = ["", "/preferences", "/email", "/password", "/passkeys", "/app", "/tokens", "/export", "/close"]


@pytest.mark.parametrize("page", PAGES)
def test_every_page_shows_and_may_not_be_kept(page):
    answer = sign_in(ALICE).get(f"/account{page}")
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("page", PAGES)
def test_nobody_else_sees_them(page):
    assert Client().get(f"/account{page}").headers["Location"].startswith("/account/sign-in?next=")


@pytest.mark.parametrize("page", PAGES)
def test_no_page_has_inline_script_or_style(page):
    """Our Content-Security-Policy would stop it."""
    html = sign_in(ALICE).get(f"/account{page}").content.decode()
    assert not re.search(r"<style| style=|<script(?![^>]*src=)| on[a-z]+=", html)


# --- Preferences ------------------------------------------------------------------------------------


def test_choices_are_kept():
    data = {"language": "uk", "lifetime": "3600", "passphrase": "on", "opened_notices": "on"}
    assert sign_in(ALICE).post("/account/preferences", data).status_code == 302
    user = User.objects.get()
    assert preferences.mail_language(user) == "uk"
    assert preferences.lifetime(user) == 3600
    assert preferences.of(user).passphrase
    assert preferences.wants_opened_notices(user)


def test_who_chose_nothing_has_the_sites_defaults_and_no_row():
    sign_in(ALICE).get("/account/preferences")
    user = User.objects.get()
    assert not Preferences.objects.exists()
    assert preferences.mail_language(user) == "en"
    assert preferences.lifetime(user) == DEFAULT_LIFETIME
    assert not preferences.wants_opened_notices(user)


def test_the_notice_of_an_opening_is_off_by_default_and_may_be_turned_off_again():
    client = sign_in(ALICE)
    client.post("/account/preferences", {"opened_notices": "on"})
    client.post("/account/preferences", {})
    assert not preferences.wants_opened_notices(User.objects.get())


@pytest.mark.parametrize(
    "data", [{"language": "xx"}, {"lifetime": "1"}, {"lifetime": "x"}, {"lifetime": str(10**20)}]
)
def test_what_is_not_offered_is_refused(data):
    assert sign_in(ALICE).post("/account/preferences", data).status_code == 400
    assert not Preferences.objects.exists()


def test_a_lifetime_that_the_plan_no_longer_allows_is_cut():
    user = User.objects.create_user(ALICE)
    Preferences.objects.create(user=user, lifetime=10**8)
    assert preferences.lifetime(user) < 10**8


# --- Tokens -----------------------------------------------------------------------------------------


def test_a_token_is_shown_once_and_told_of_by_mail():
    client = sign_in(ALICE)
    page = client.post("/account/tokens").content.decode()
    (token,) = re.findall(r">([0-9a-f]{40})<", page)
    assert tokens.user_for(token) == User.objects.get(email=ALICE)
    assert token not in client.get("/account/tokens").content.decode()
    mail.outbox.join()
    assert "API token was made" in last_mail(ALICE).body
    assert token not in last_mail(ALICE).body


def test_a_token_can_be_revoked_by_its_owner_and_by_nobody_else():
    client = sign_in(ALICE)
    client.post("/account/tokens")
    pk = ApiToken.objects.get().pk
    assert sign_in(CHARLIE).post(f"/account/tokens/{pk}/revoke").status_code == 404
    assert Client().post(f"/account/tokens/{pk}/revoke").headers["Location"].startswith("/account/sign-in")
    assert ApiToken.objects.exists()
    assert client.post(f"/account/tokens/{pk}/revoke").status_code == 302
    assert not ApiToken.objects.exists()
    assert client.post(f"/account/tokens/{pk}/revoke").status_code == 404


def test_a_strangers_list_shows_no_token_of_mine():
    sign_in(ALICE).post("/account/tokens")
    assert "Revoke" not in sign_in(CHARLIE).get("/account/tokens").content.decode()


def test_there_may_be_ten():
    client = sign_in(ALICE)
    statuses = [client.post("/account/tokens").status_code for _ in range(11)]
    assert statuses == [200] * 10 + [400]


# --- Sessions ---------------------------------------------------------------------------------------


def test_signing_out_everywhere_ends_every_session_and_no_token():
    here, elsewhere, stranger = sign_in(ALICE), sign_in(ALICE), sign_in(CHARLIE)
    token = tokens.create(User.objects.get(email=ALICE))
    assert here.post("/account/sign-out/everywhere").headers["Location"] == "/account/sign-in"
    assert signed_in_as(here) == signed_in_as(elsewhere) == ""
    assert signed_in_as(stranger) == CHARLIE
    assert tokens.user_for(token)
    assert signed_in_as(sign_in(ALICE)) == ALICE


@pytest.mark.parametrize("path", ["sign-out", "sign-out/everywhere", "tokens", "app/remove", "close"])
def test_another_site_cannot_act_for_who_is_signed_in(path):
    client = sign_in(ALICE)
    client.post("/account/tokens")
    browser = Client(enforce_csrf_checks=True)
    browser.cookies = client.cookies
    headers = {"sec-fetch-site": "cross-site", "origin": "https://evil.example"}
    assert browser.post(f"/account/{path}", {"sure": "yes"}, headers=headers).status_code == 403
    assert browser.post(f"/account/{path}", {"sure": "yes"}).status_code == 403
    assert signed_in_as(client) == ALICE
    assert ApiToken.objects.count() == 1
