"""Proving again that it is you, before something that a borrowed session must not do.

A sign-in counts as a proof for PROOF_SECONDS. After that: with an authenticator app its code or a
passkey; without one a mailed code, the password or a passkey.
"""

import time
from collections.abc import Callable
from functools import wraps
from urllib.parse import urlencode

from allauth.account.internal.flows.login import record_authentication
from allauth.mfa.models import Authenticator
from django import forms
from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, resolve_url
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from accounts import codes, passkeys
from accounts.answers import own_path, show
from accounts.forms import CodeForm, PasswordForm
from accounts.mailing import mail_code
from accounts.models import User
from accounts.person import person
from accounts.sign_in import limit_guesses, mail_problem
from onetime import ratelimit
from onetime.mail import MailFailed
from onetime.views import problem

PURPOSE = "proof"
PROOF_SECONDS = 600

View = Callable[..., HttpResponseBase]


def is_proven(request: HttpRequest) -> bool:
    """Whether who is signed in has proven it within PROOF_SECONDS."""
    proven_at: float = request.session.get("proven_at", 0)
    return time.time() - proven_at < PROOF_SECONDS


def sensitive(view: View) -> View:
    """The view for whoever is signed in and has proven it lately; others prove it first.

    A request for JSON is answered 403, for its page to reload.
    """

    @wraps(view)
    def guarded(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
        if is_proven(request):
            return view(request, *args, **kwargs)
        if request.headers.get("Accept") == "application/json":
            return problem(403, "proof-needed", _("Reload the page: you have to confirm that it is you."))
        return redirect(f"{resolve_url('account_reauthenticate')}?{urlencode({'next': request.path})}")

    return login_required(guarded)


def methods(user: User) -> dict[str, bool]:
    """By which ways `user` may prove it."""
    types = set(Authenticator.objects.filter(user=user).values_list("type", flat=True))
    app = Authenticator.Type.TOTP in types
    return {
        "app": app,
        "mail": not app,
        "password": not app and user.has_usable_password(),
        "passkey": Authenticator.Type.WEBAUTHN in types and settings.PASSKEYS,
    }


@sensitive_post_parameters("password")
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def prove(request: HttpRequest) -> HttpResponse:
    """One page with a form for each way."""
    if request.method != "POST":
        return _page(request)
    user = person(request)
    way = request.POST.get("way", "")
    if way == "send":
        return _send(request, user)
    if way not in methods(user) or not methods(user)[way]:
        return _page(request, status=400)
    limit_guesses(request, user.email)
    form, ok = WAYS[way](request, user)
    if ok:
        return _proven(request)
    ratelimit.count_wrong_guess(request, f"account {user.email}")
    return _page(request, status=400, **{f"{way}_form": form})


def _page(request: HttpRequest, status: int = 200, **context: object) -> HttpResponse:
    user = person(request)
    target = request.POST.get("next") or request.GET.get("next", "")
    waiting = codes.awaited(request.session, PURPOSE)
    wait = codes.resend_wait(waiting) if waiting else 0
    forms_ = {"mail_form": CodeForm(), "app_form": AppCodeForm(), "password_form": PasswordForm()}
    context = {
        **forms_,
        "methods": methods(user),
        "waiting": waiting,
        "wait": wait,
        "next": target,
        **context,
    }
    return show(request, "prove", context, status)


def _send(request: HttpRequest, user: User) -> HttpResponse:
    waiting = codes.awaited(request.session, PURPOSE)
    if waiting and codes.resend_wait(waiting):
        return _page(request, status=429)
    try:
        mail_code(request, PURPOSE, user.email)
    except MailFailed:
        return _page(request, status=503, problem=mail_problem())
    return _page(request)


def _proven(request: HttpRequest) -> HttpResponse:
    request.session["proven_at"] = time.time()
    return redirect(own_path(request, request.POST.get("next", "")) or "account")


# --- The ways: each gives (the form with what is wrong, whether it proved it) -----------------------


class AppCodeForm(CodeForm):
    """A code of the authenticator app, or one of the recovery codes."""


def _by_mail(request: HttpRequest, user: User) -> tuple[forms.Form, bool]:
    form = CodeForm(request.POST)
    if not form.is_valid():
        return form, False
    try:
        return form, codes.use(request.session, PURPOSE, form.cleaned_data["code"]) == user.email
    except codes.WrongCode:
        form.add_error("code", _("This is not the code. Compare it with the newest mail."))
    except codes.NoCode:
        form.add_error("code", _("That code is no longer awaited. Ask for a new one."))
    return form, False


def _by_password(request: HttpRequest, user: User) -> tuple[forms.Form, bool]:
    form = PasswordForm(request.POST)
    if not form.is_valid():
        return form, False
    if user.check_password(form.cleaned_data["password"]):
        return form, True
    form.add_error("password", _("This is not the password."))
    return form, False


def _by_app(request: HttpRequest, user: User) -> tuple[forms.Form, bool]:
    form = AppCodeForm(request.POST)
    if not form.is_valid():
        return form, False
    typed = codes.normalise(form.cleaned_data["code"])
    for authenticator in Authenticator.objects.filter(user=user).exclude(type=Authenticator.Type.WEBAUTHN):
        if authenticator.wrap().validate_code(typed):
            record_authentication(request, user, method="mfa", type=authenticator.type)
            return form, True
    form.add_error("code", _("This code is wrong, or was used before."))
    return form, False


def _by_passkey(request: HttpRequest, user: User) -> tuple[forms.Form, bool]:
    form = passkeys.CredentialForm(request.POST)
    authenticator = passkeys.authenticator_of(form, user)
    if authenticator is not None:
        record_authentication(request, user, method="mfa", type=authenticator.type)
    return form, authenticator is not None


WAYS: dict[str, Callable[[HttpRequest, User], tuple[forms.Form, bool]]] = {
    "mail": _by_mail,
    "password": _by_password,
    "app": _by_app,
    "passkey": _by_passkey,
}
