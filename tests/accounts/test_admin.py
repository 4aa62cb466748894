"""The operators' site: the same door, a second factor where required, and no secret in sight."""

import pytest
from allauth.mfa.models import Authenticator
from django.contrib import admin
from django.test import Client

from accounts import tokens
from accounts.models import ApiToken, User
from tests.accounts.people import ALICE, CHARLIE, sign_in
from tests.accounts.test_app import app_code, first_step, second_step, set_up

pytestmark = pytest.mark.django_db


@pytest.fixture
def operator():
    User.objects.create_superuser(ALICE)
    return sign_in(ALICE)


def test_its_door_is_the_door_of_the_site():
    client = Client()
    answer = client.get("/admin/", follow=True)
    assert answer.redirect_chain[-1][0] == "/account/sign-in?next=%2Fadmin%2F"
    assert not client.cookies
    assert client.post("/admin/login/", {"username": ALICE, "password": "x"}).status_code == 302


def test_an_operator_comes_in_by_a_code(operator):
    assert operator.get("/admin/").status_code == 200


def test_who_is_no_operator_is_refused():
    client = sign_in(CHARLIE)
    for path in ("/admin/", "/admin/accounts/user/"):
        assert client.get(path, follow=True).status_code == 403


def test_a_second_factor_can_be_required(settings):
    settings.ADMIN_REQUIRES_SECOND_FACTOR = True
    User.objects.create_superuser(ALICE)
    client = sign_in(ALICE)
    answer = client.get("/admin/", follow=True)
    assert answer.status_code == 403
    assert "second factor" in answer.content.decode()
    key, _recovery = set_up(client)
    assert client.get("/admin/").status_code == 200
    later = first_step()
    second_step(later, app_code(key))
    assert later.get("/admin/").status_code == 200


def test_no_model_that_holds_keys_is_shown():
    shown = {model._meta.label for model in admin.site._registry}
    assert "accounts.User" in shown
    assert not shown & {"accounts.ApiToken", "mfa.Authenticator", "account.EmailAddress", "sessions.Session"}


def test_an_account_is_shown_without_password_token_or_keys(operator):
    user = User.objects.create_user(CHARLIE, "correct horse battery")
    token = tokens.create(user)
    Authenticator.objects.create(user=user, type="totp", data={"secret": "sealed-key"})
    for path in (f"/admin/accounts/user/{user.pk}/change/", "/admin/accounts/user/"):
        page = operator.get(path).content.decode()
        assert CHARLIE in page
        stored = bytes(ApiToken.objects.get().token_hash).hex()
        for hidden in (user.password, "argon2", token, stored, "sealed-key"):
            assert hidden not in page


def test_accounts_are_neither_added_nor_deleted_here(operator):
    user = User.objects.create_user(CHARLIE)
    assert operator.get("/admin/accounts/user/add/").status_code == 403
    assert operator.post(f"/admin/accounts/user/{user.pk}/delete/", {"post": "yes"}).status_code == 403
    operator.post(
        "/admin/accounts/user/", {"action": "delete_selected", "_selected_action": [user.pk], "post": "yes"}
    )
    assert User.objects.filter(pk=user.pk).exists()


def test_an_account_can_be_switched_off_which_ends_its_sessions(operator):
    stranger = sign_in(CHARLIE)
    user = User.objects.get(email=CHARLIE)
    operator.post(f"/admin/accounts/user/{user.pk}/change/", {"is_staff": ""})
    user.refresh_from_db()
    assert not user.is_active
    assert stranger.get("/account").status_code == 302


def test_an_operator_who_is_no_superuser_makes_no_operators():
    from django.contrib.auth.models import Permission

    staff = User.objects.create_user(ALICE, is_staff=True)
    staff.user_permissions.set(Permission.objects.filter(codename__in=["change_user", "view_user"]))
    user = User.objects.create_user(CHARLIE)
    data = {"is_active": "on", "is_staff": "on", "is_superuser": "on", "email": "x@example.com"}
    sign_in(ALICE).post(f"/admin/accounts/user/{user.pk}/change/", data)
    user.refresh_from_db()
    assert (user.is_staff, user.is_superuser, user.email) == (False, False, CHARLIE)


def test_nobody_switches_themselves_off(operator):
    me = User.objects.get()
    operator.post(f"/admin/accounts/user/{me.pk}/change/", {})
    me.refresh_from_db()
    assert me.is_active
    assert me.is_superuser


def test_its_policy_still_allows_scripts_of_this_site_only(operator):
    policy = operator.get("/admin/").headers["Content-Security-Policy"]
    assert "script-src 'self'" in policy
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
