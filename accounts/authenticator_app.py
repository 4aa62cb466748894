"""Codes from an authenticator app (TOTP) as the second step, and recovery codes for when it is lost."""

import re
from typing import Any

from allauth.account.internal.flows.login import record_authentication
from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret, validate_totp_code
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts import codes, sealing, services
from accounts.answers import show
from accounts.forms import CodeForm
from accounts.models import User
from accounts.person import person
from accounts.sign_in import limit_guesses
from onetime import ratelimit
from onetime.mail import Change

SESSION_KEY = "new_app_key"


def active(user: User) -> bool:
    return bool(Authenticator.objects.filter(user=user, type=Authenticator.Type.TOTP).exists())


@require_GET
def app(request: HttpRequest) -> HttpResponse:
    """Whether codes are needed, and what can be done about it."""
    return show(request, "app", {"active": active(person(request))})


@require_POST
def begin(request: HttpRequest) -> HttpResponse:
    """Make a key and show it, as a picture and as letters, until its first code confirms it."""
    if active(person(request)):
        return redirect("account_app")
    request.session[SESSION_KEY] = sealing.seal(generate_totp_secret())
    return _key_page(request, CodeForm())


def _key_page(request: HttpRequest, form: CodeForm, status: int = 200) -> HttpResponse:
    key = sealing.unseal(request.session[SESSION_KEY])
    url = get_adapter().build_totp_url(person(request), key)
    groups = " ".join(re.findall("....", key))
    return show(
        request, "app_key", {"form": form, "key": groups, "url": url, "picture": picture(url)}, status
    )


def picture(url: str) -> SafeString:
    """The QR code as an inline SVG: our own drawing of our own text, so it needs no escaping."""
    svg: str = get_adapter().build_totp_svg(url)
    return mark_safe(svg[svg.index("<svg") :])  # noqa: S308 - without the XML prologue


@require_POST
def confirm(request: HttpRequest) -> HttpResponse:
    """The first code: from now on they are needed. Shows the recovery codes, this once."""
    user, form = person(request), CodeForm(request.POST)
    if SESSION_KEY not in request.session or active(user):
        return redirect("account_app")
    limit_guesses(request, user.email)
    key = sealing.unseal(request.session[SESSION_KEY])
    if not form.is_valid() or not validate_totp_code(key, codes.normalise(form.cleaned_data["code"])):
        ratelimit.count_wrong_guess(request, f"account {user.email}")
        form.add_error("code", _("This code is wrong. Is the clock of your device right?"))
        return _key_page(request, form, 400)
    try:
        recovery = activate(user, key)
    except IntegrityError:  # two browsers at once: the other one has won
        return redirect("account_app")
    del request.session[SESSION_KEY]
    services.security_changed(request, user, Change.TOTP_ADDED)
    record_authentication(request, user, method="mfa", type=Authenticator.Type.TOTP)
    return show(request, "recovery_codes", {"codes": recovery})


@transaction.atomic
def activate(user: User, key: str) -> list[str]:
    """Store a key that has been confirmed; the recovery codes that go with it."""
    TOTP.activate(user, key)
    return new_recovery_codes(user)


@transaction.atomic
def new_recovery_codes(user: User) -> list[str]:
    """Ten new single-use codes; the old ones no longer work."""
    recovery: Any = Authenticator.objects.filter(user=user, type=Authenticator.Type.RECOVERY_CODES)
    recovery.delete()
    made: list[str] = RecoveryCodes.activate(user).get_unused_codes()
    return made


@require_POST
def recovery_codes(request: HttpRequest) -> HttpResponse:
    user = person(request)
    if not active(user):
        return redirect("account_app")
    made = new_recovery_codes(user)
    services.security_changed(request, user, Change.RECOVERY_CODES)
    return show(request, "recovery_codes", {"codes": made})


@require_POST
def remove(request: HttpRequest) -> HttpResponse:
    """No longer ask for codes; the recovery codes go too."""
    user = person(request)
    types = [Authenticator.Type.TOTP, Authenticator.Type.RECOVERY_CODES]
    deleted, _by_model = Authenticator.objects.filter(user=user, type__in=types).delete()
    if deleted:
        services.security_changed(request, user, Change.TOTP_REMOVED)
    return redirect("account_app")
