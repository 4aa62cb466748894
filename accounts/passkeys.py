"""Passkeys: WebAuthn credentials that the device keeps and unlocks, so that they sign in alone."""

from typing import Any

from allauth.mfa.models import Authenticator
from allauth.mfa.webauthn.internal import auth
from django import forms
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts import services
from accounts.answers import show
from accounts.forms import CredentialField, EmailForm, PasskeyForm
from accounts.models import User
from accounts.person import person
from accounts.sign_in import begin, finish
from onetime import ratelimit
from onetime.mail import Change
from onetime.views import NOT_STORED

MOST_PASSKEYS = 20

#: What junk in a credential makes the decoders raise besides allauth's own ValidationError.
JUNK = (ValidationError, ValueError, TypeError, KeyError, AttributeError, IndexError)


class CredentialForm(forms.Form):
    """What the browser answered, as JSON."""

    credential = CredentialField()


def authenticator_of(form: forms.Form, user: User | None) -> Authenticator | None:
    """The passkey that `form` proves: one of `user`, or with None of whoever it names.

    None, with the error in the form, when it proves nothing. The challenge is spent either way.
    """
    if not form.is_valid():
        return None
    credential = form.cleaned_data["credential"]
    try:
        auth.parse_authentication_response(credential)
        owner = user or auth.extract_user_from_response(credential)
        authenticator = auth.complete_authentication(owner, credential)
    except JUNK:
        auth.clear_state()
        form.add_error(None, _("The passkey was not accepted. Try again, or sign in by mail."))
        return None
    authenticator.record_usage()
    return authenticator


def json_answer(data: dict[str, Any]) -> HttpResponse:
    return JsonResponse(data, headers=NOT_STORED)


# --- Signing in ---------------------------------------------------------------------------------


@require_POST
def begin_sign_in(request: HttpRequest) -> HttpResponse:
    """A challenge for whichever passkey the device offers: the same for everybody.

    A POST: it starts the cookie, because the challenge must come back to who asked for it.
    """
    ratelimit.check(request, "sign_in")
    begin(request)
    return json_answer(auth.begin_authentication(None))


@require_POST
def sign_in(request: HttpRequest) -> HttpResponse:
    """Sign in with what the browser answered to the challenge."""
    ratelimit.check(request, "sign_in")
    form = CredentialForm(request.POST)
    authenticator = authenticator_of(form, None)
    if authenticator is None or not authenticator.user.is_active:
        text = _("The passkey was not accepted. Try again, or sign in by mail.")
        return show(request, "sign_in", {"form": EmailForm(), "problem": text}, 400)
    details = {"id": authenticator.pk, "type": authenticator.type, "passwordless": True}
    return finish(request, authenticator.user, "mfa", **details)


@login_required
@require_POST
def begin_proof(request: HttpRequest) -> HttpResponse:
    """A challenge for one of the passkeys of who is signed in."""
    return json_answer(auth.begin_authentication(person(request)))


# --- Keeping them -------------------------------------------------------------------------------


def own(user: User) -> Any:
    return Authenticator.objects.filter(user=user, type=Authenticator.Type.WEBAUTHN).order_by("pk")


@require_GET
def passkeys(request: HttpRequest) -> HttpResponse:
    return _page(request, PasskeyForm())


def _page(request: HttpRequest, form: forms.Form, status: int = 200) -> HttpResponse:
    listed = [(key.pk, key.wrap().name, key.created_at, key.last_used_at) for key in own(person(request))]
    context = {"form": form, "passkeys": listed, "room": len(listed) < MOST_PASSKEYS}
    return show(request, "passkeys", context, status)


@require_POST
def begin_add(request: HttpRequest) -> HttpResponse:
    """A challenge for a new passkey that the device keeps and unlocks by itself."""
    return json_answer(auth.begin_registration(person(request), passwordless=True))


@require_POST
def add(request: HttpRequest) -> HttpResponse:
    user, form = person(request), PasskeyForm(request.POST)
    if own(user).count() >= MOST_PASSKEYS:
        return _page(request, form, 400)
    if not form.is_valid() or not _complete(form):
        return _page(request, form, 400)
    name = form.cleaned_data["name"] or _("Passkey")
    auth.WebAuthn.add(user, name, form.cleaned_data["credential"])
    services.security_changed(request, user, Change.PASSKEY_ADDED)
    return redirect("account_passkeys")


def _complete(form: PasskeyForm) -> bool:
    """Whether the browser's answer is one to our challenge. Checked before anything is stored."""
    try:
        auth.parse_registration_response(form.cleaned_data["credential"])
        auth.complete_registration(form.cleaned_data["credential"])
    except JUNK:
        auth.clear_state()
        form.add_error(None, _("The passkey was not accepted. Try again."))
        return False
    return True


@require_POST
def remove(request: HttpRequest, pk: int) -> HttpResponse:
    """Forget one passkey of who is signed in; 404 for another account's."""
    user = person(request)
    get_object_or_404(own(user), pk=pk).delete()
    services.security_changed(request, user, Change.PASSKEY_REMOVED)
    return redirect("account_passkeys")
