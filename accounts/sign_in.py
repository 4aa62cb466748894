"""Signing in, which is also how an account is opened: by a code that is mailed, or a password.

Whether an address has an account is not looked up before its owner has proven to be its owner, so
no text, status, time or mail can tell. The one cookie starts when the form is sent.
"""

from typing import Any

from allauth.account.internal.flows.login import perform_login, record_authentication
from allauth.account.internal.flows.logout import logout
from allauth.account.models import Login
from django.conf import settings
from django.contrib.auth import authenticate
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, resolve_url
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from accounts import codes, services
from accounts.answers import own_path, show
from accounts.forms import CodeForm, EmailForm, PasswordSignInForm
from accounts.mailing import mail_code
from accounts.models import User
from onetime import ratelimit
from onetime.mail import MailFailed
from onetime.views import error

PURPOSE = "sign-in"
#: How long the cookie of somebody who has not signed in yet may last.
PENDING_SECONDS = 1800


def begin(request: HttpRequest) -> None:
    """Remember for a short while what a visitor is about to do; this starts the cookie."""
    request.session.set_expiry(PENDING_SECONDS)
    request.session["next"] = own_path(request, request.POST.get("next", ""))


def finish(request: HttpRequest, user: User, method: str, **details: Any) -> HttpResponse:
    """Sign `user` in, or go to the second step first."""
    target = request.session.pop("next", "") or resolve_url(settings.LOGIN_REDIRECT_URL)
    record_authentication(request, user, method=method, **details)
    response: HttpResponse = perform_login(request, Login(user=user, redirect_url=target))
    return response


@require_http_methods(["GET", "HEAD", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    """Ask for the address; mail a code to it."""
    if request.user.is_authenticated:
        return redirect(own_path(request, request.GET.get("next", "")) or settings.LOGIN_REDIRECT_URL)
    if request.method != "POST":
        return show(request, "sign_in", {"form": EmailForm(), "next": request.GET.get("next", "")})
    form = EmailForm(request.POST)
    if not form.is_valid():
        return show(request, "sign_in", {"form": form, "next": request.POST.get("next", "")}, 400)
    try:
        mail_code(request, PURPOSE, form.cleaned_data["email"])
    except MailFailed:
        form.add_error(None, mail_problem())
        return show(request, "sign_in", {"form": form, "next": request.POST.get("next", "")}, 503)
    begin(request)
    return redirect("account_code")


@require_http_methods(["GET", "HEAD", "POST"])
def code(request: HttpRequest) -> HttpResponse:
    """Ask for the code; the right one signs in."""
    waiting = codes.awaited(request.session, PURPOSE)
    if request.user.is_authenticated or waiting is None:
        return redirect("account_login")
    if request.method != "POST":
        return _code_page(request, waiting, CodeForm())
    form = CodeForm(request.POST)
    if not form.is_valid():
        return _code_page(request, waiting, form, 400)
    email = waiting["email"]
    limit_guesses(request, email)
    try:
        codes.use(request.session, PURPOSE, form.cleaned_data["code"])
    except (codes.WrongCode, codes.NoCode):
        ratelimit.count_wrong_guess(request, f"account {email}")
        return _wrong_code(request, form)
    return finish(request, services.account_for(email), "code")


def limit_guesses(request: HttpRequest, email: str) -> None:
    """Refuse a client that has guessed too often on this account, by whatever way. Raises RateLimited."""
    ratelimit.check_guessing(request, f"account {email}")


def _wrong_code(request: HttpRequest, form: CodeForm) -> HttpResponse:
    waiting = codes.awaited(request.session, PURPOSE)
    if waiting is None:
        email_form = EmailForm()
        text = _("That code was wrong too often. Ask for a new one.")
        return show(request, "sign_in", {"form": email_form, "problem": text}, 400)
    form.add_error("code", _("This is not the code. Compare it with the newest mail."))
    return _code_page(request, waiting, form, 400)


def _code_page(
    request: HttpRequest, waiting: codes.Awaited, form: CodeForm, status: int = 200
) -> HttpResponse:
    context = {"form": form, "email": waiting["email"], "wait": codes.resend_wait(waiting)}
    return show(request, "code", context, status)


@require_POST
def resend(request: HttpRequest) -> HttpResponse:
    """Mail another code, once the visible wait is over."""
    waiting = codes.awaited(request.session, PURPOSE)
    if waiting is None:
        return redirect("account_login")
    if codes.resend_wait(waiting):
        form = CodeForm()
        return _code_page(request, waiting, form, 429)
    try:
        mail_code(request, PURPOSE, waiting["email"])
    except MailFailed:
        context = {"form": EmailForm({"email": waiting["email"]}), "problem": mail_problem()}
        return show(request, "sign_in", context, 503)
    return redirect("account_code")


@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def password(request: HttpRequest) -> HttpResponse:
    """For those who set a password. Every refusal reads and takes the same."""
    if request.user.is_authenticated:
        return redirect(settings.LOGIN_REDIRECT_URL)
    if request.method != "POST":
        form = PasswordSignInForm()
        return show(request, "sign_in_password", {"form": form, "next": request.GET.get("next", "")})
    form = PasswordSignInForm(request.POST)
    context = {"form": form, "next": request.POST.get("next", "")}
    if not form.is_valid():
        return show(request, "sign_in_password", context, 400)
    email = form.cleaned_data["email"]
    ratelimit.check(request, "sign_in")
    limit_guesses(request, email)
    user = authenticate(request, username=email, password=form.cleaned_data["password"])
    if not isinstance(user, User):
        ratelimit.count_wrong_guess(request, f"account {email}")
        form.add_error(None, _("The address or the password is wrong, or this account has no password."))
        return show(request, "sign_in_password", context, 400)
    begin(request)
    return finish(request, user, "password")


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """End this session; the cookie goes."""
    logout(request, show_message=False)
    request.session.flush()
    return redirect("/")


def inactive(request: HttpRequest) -> HttpResponse:
    """What the owner of an account reads that the operator has switched off."""
    return error(request, 403, detail=_("This account was switched off by the operator of this site."))


def mail_problem() -> str:
    return _("The mail could not be sent just now. Nothing is lost: try again in a minute.")
