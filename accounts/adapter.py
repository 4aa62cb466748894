"""django-allauth's hooks, pointed at this project's own modules.

Of allauth the site uses the stages of a sign-in (so that a second factor cannot be skipped) and
the cryptography and models of `allauth.mfa`. Its mails, its limits and its e-mail tables are not
used: whatever would use them is refused here.
"""

import time
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from django.conf import settings
from django.contrib.auth import login
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import resolve_url

from accounts import sealing
from onetime import ratelimit


class MailRefused(RuntimeError):
    """allauth asked for a mail that is not on the closed list of onetime/mail.py."""


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    def get_client_ip(self, request: HttpRequest) -> str:
        """A keyed stand-in: allauth would put it into cache keys and mails."""
        return ratelimit.client_key(request)

    def get_http_user_agent(self, request: HttpRequest) -> str:
        return ""

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Refused: every permitted mail is a function of onetime/mail.py, called by our own views."""
        raise MailRefused(template_prefix)

    def send_notification_mail(self, *args: Any, **kwargs: Any) -> None:
        """Not sent here: accounts.notices listens to the signals and sends our own notices."""

    def add_message(self, *args: Any, **kwargs: Any) -> None:
        """Not shown: our pages say what happened in their own words."""

    def get_login_stages(self) -> list[str]:
        return ["accounts.stages.SecondFactorStage"]

    def is_reauthentication_required(self, *, app: str, **kwargs: Any) -> bool:
        """Never by allauth, which knows no mailed codes; accounts.proof guards the same views."""
        return False

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """allauth's own sign-up is not routed; an account opens with its first code."""
        return False

    def login(self, request: HttpRequest, user: Any) -> None:
        login(request, user)  # a new session key; what was pending stays until the sign-in is over
        request.session.set_expiry(None)  # from the minutes of a pending sign-in to the sliding two weeks
        request.session["proven_at"] = time.time()

    def post_login(
        self, request: HttpRequest, user: Any, *, redirect_url: str | None, **kwargs: Any
    ) -> HttpResponse:
        return HttpResponseRedirect(redirect_url or resolve_url(settings.LOGIN_REDIRECT_URL))

    def respond_user_inactive(self, request: HttpRequest, user: Any) -> HttpResponse:
        return HttpResponseRedirect(resolve_url("account_inactive"))


class MFAAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    def encrypt(self, text: str) -> str:
        return sealing.seal(text)

    def decrypt(self, encrypted_text: str) -> str:
        return sealing.unseal(encrypted_text)

    def get_totp_issuer(self) -> str:
        return settings.SITE_NAME

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        """From the settings, not from a request's Host header."""
        return {"id": str(settings.ORIGIN.hostname), "name": settings.SITE_NAME}
