"""The pages of an account in every state that the server makes; see tests/pages.py."""

import re
import secrets
import time
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from accounts.models import User
from accounts.services import account_for
from accounts.tokens import create as create_token
from onetime.limits import limits_for
from secrets_app import history, services
from secrets_app.envelope import Contents

if TYPE_CHECKING:
    from tests.pages import Walk

PASSWORD = "long enough and not common"


def visit_account_pages(walk: "Walk") -> None:
    user = account_for(f"{secrets.token_hex(8)}@example.com")
    visit_signing_in(walk, user)
    cache.clear()  # the wrong guesses so far
    sign_in(walk, user)
    visit_dashboard(walk, user)
    visit_account(walk, user)
    visit_proof(walk, user)
    cache.clear()
    visit_second_factors(walk)
    visit_closing(walk)


def sign_in(walk: "Walk", user: User) -> None:
    """Signed in and lately proven, without the mail: that way is tried in tests/accounts."""
    walk.client.force_login(user, backend=settings.AUTHENTICATION_BACKENDS[0])
    prove(walk, time.time())


def prove(walk: "Walk", at: float) -> None:
    session = walk.client.session
    session["proven_at"] = at
    session.save()


def visit_signing_in(walk: "Walk", user: User) -> None:
    walk.get("sign in", "/account/sign-in")
    walk.post("sign in: nothing", "/account/sign-in", email="")
    walk.post("sign in: no address", "/account/sign-in", email="a@")
    walk.post("sign in: passkey refused", "/account/sign-in/passkey", credential="{}")
    walk.post("sign in: passkey challenge", "/account/sign-in/passkey/begin")
    walk.get("sign in: switched off", "/account/sign-in/off")
    walk.get("sign in: password", "/account/sign-in/password")
    walk.post("sign in: no password", "/account/sign-in/password", email="", password="")
    walk.post("sign in: wrong password", "/account/sign-in/password", email=user.email, password="wrong")
    walk.post("sign in: sent", "/account/sign-in", email=user.email)
    walk.get("sign in: code", "/account/sign-in/code")
    walk.post("sign in: no code", "/account/sign-in/code", code="")
    walk.post("sign in: another code at once", "/account/sign-in/code/resend")
    for again in range(6):
        walk.post(f"sign in: wrong code {again}", "/account/sign-in/code", code="0000 0000")


def visit_dashboard(walk: "Walk", user: User) -> None:
    walk.get("dashboard: empty", "/dashboard")
    for _ in range(3):
        services.create_here(Contents("x"), "p", ttl=3600, limits=limits_for(user), owner=user)
    walk.get("dashboard", "/dashboard")
    walk.get("dashboard: none of a kind", "/dashboard?state=burned")
    walk.get("dashboard: wrong kind", "/dashboard?state=wrong")
    keys = [row.key for row in history.page(user, "", None).rows]
    walk.post("label", "/dashboard/label", key=keys[0], label="Моя мітка" if walk.prefix == "/uk" else "Mine")
    walk.post("label: too long", "/dashboard/label", key=keys[0], label="a" * 500)
    walk.post("label: unknown", "/dashboard/label", key="k" * 31, label="a")
    walk.post("burn nothing", "/dashboard/burn")
    walk.get("dashboard: nothing burned", "/dashboard")
    walk.post("burn", "/dashboard/burn", key=keys[:2])
    walk.get("dashboard: burned", "/dashboard")
    walk.get("create, signed in", "/")
    walk.post("mail a link: nonsense", "/send-link", to="x", link="y")
    walk.get("mail a link: wrong request", "/send-link")


def visit_account(walk: "Walk", user: User) -> None:
    walk.get("account", "/account")
    walk.get("preferences", "/account/preferences")
    walk.post("preferences: wrong", "/account/preferences", language="1", lifetime="1")
    walk.post("preferences: saved", "/account/preferences", language="", lifetime="")
    walk.get("preferences: saved and shown", "/account/preferences")
    walk.get("email", "/account/email")
    walk.post("email: nothing", "/account/email", email="")
    walk.post("email: wrong", "/account/email", email="a@")
    walk.post("email: the same", "/account/email", email=user.email)
    walk.post("email: sent", "/account/email", email=f"{secrets.token_hex(8)}@example.com")
    walk.get("email: codes", "/account/email/codes")
    walk.post("email: wrong codes", "/account/email/codes", old_code="0000 0000", new_code="")
    walk.get("password", "/account/password")
    walk.post("password: nothing", "/account/password", password="")
    walk.post("password: poor", "/account/password", password="password")
    walk.post("password: like the address", "/account/password", password=user.email)
    walk.get("tokens: none", "/account/tokens")
    walk.post("tokens: made", "/account/tokens")
    walk.post("tokens: unknown", "/account/tokens/99999999/revoke")
    user.api_tokens.update(last_used_on=timezone.now().date())
    while user.api_tokens.count() < 10:
        create_token(user)
    walk.get("tokens: as many as there may be", "/account/tokens")
    walk.post("tokens: one more", "/account/tokens")
    walk.get("export", "/account/export")


def visit_proof(walk: "Walk", user: User) -> None:
    walk.post("password: set", "/account/password", password=PASSWORD)
    walk.get("account with a password", "/account")
    walk.get("password: change", "/account/password")
    prove(walk, 0)
    walk.get("prove", "/account/prove")
    walk.post("prove: wrong way", "/account/prove", way="wrong")
    walk.post("prove: no password", "/account/prove", way="password", password="")
    walk.post("prove: wrong password", "/account/prove", way="password", password="wrong")
    walk.post("prove: no code waiting", "/account/prove", way="mail", code="0000 0000")
    walk.post("prove: code sent", "/account/prove", way="send")
    cache.clear()
    walk.post("prove: wrong code", "/account/prove", way="mail", code="0000 0000")
    walk.post("prove: passkey challenge", "/account/prove/passkey/begin")
    prove(walk, time.time())


def visit_second_factors(walk: "Walk") -> None:
    walk.get("passkeys", "/account/passkeys")
    walk.post("passkeys: refused", "/account/passkeys/add", credential="{}", name="a")
    walk.post("passkeys: challenge", "/account/passkeys/begin")
    walk.post("passkeys: unknown", "/account/passkeys/99999999/remove")
    walk.get("app", "/account/app")
    answer = walk.post("app: key", "/account/app/begin")
    walk.post("app: wrong code", "/account/app/confirm", code="000000")
    walk.post("app: recovery codes", "/account/app/confirm", code=app_code(answer.content.decode()))
    walk.get("app: set up", "/account/app")
    walk.get("account with an app", "/account")
    walk.post("app: new recovery codes", "/account/app/recovery-codes")
    visit_second_step(walk)
    walk.post("app: removed", "/account/app/remove")


def app_code(page: str) -> str:
    """The code that an authenticator app shows now for the key on the page."""
    from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time

    (key,) = re.findall(r"(?:[A-Z2-7]{4} ){7}[A-Z2-7]{4}", page)
    moment = next(yield_hotp_counters_from_time())
    return str(format_hotp_value(hotp_value(key.replace(" ", ""), moment)))


def another_browser(client: Client) -> Client:
    """A client of the same site without the session."""
    other = Client(raise_request_exception=client.raise_request_exception)
    other.defaults.update(client.defaults)
    return other


def visit_second_step(walk: "Walk") -> None:
    """The password in another browser: the code of the app is asked for."""
    email = User.objects.get(pk=walk.client.session["_auth_user_id"]).email
    signed_in, walk.client = walk.client, another_browser(walk.client)
    walk.post("sign in: by password", "/account/sign-in/password", email=email, password=PASSWORD)
    walk.get("second step", "/account/sign-in/second-step")
    walk.post("second step: nothing", "/account/sign-in/second-step", code="")
    walk.post("second step: wrong", "/account/sign-in/second-step", code="000000")
    walk.client = signed_in
    prove(walk, 0)
    walk.get("prove by app", "/account/prove")
    prove(walk, time.time())


def visit_closing(walk: "Walk") -> None:
    walk.get("close", "/account/close")
    walk.post("close: unsure", "/account/close", sure="")
    walk.post("close: sure", "/account/close", sure="yes")
    walk.get("closed", "/account/closed")
    walk.post("sign out", "/account/sign-out")
    walk.post("sign out everywhere", "/account/sign-out/everywhere")
