"""Changing the address: a code to the present one and a code to the new one, both typed in."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts import codes, services
from accounts.answers import show
from accounts.forms import BothCodesForm, ChangeEmailForm
from accounts.mailing import mail_code
from accounts.person import person
from accounts.proof import sensitive
from accounts.sign_in import limit_guesses, mail_problem
from onetime import mail, ratelimit
from onetime.mail import MailFailed

OLD, NEW = "old-address", "new-address"


@sensitive
@require_http_methods(["GET", "HEAD", "POST"])
def start(request: HttpRequest) -> HttpResponse:
    """Ask for the new address; mail a code to both. Whether it has an account is not looked up."""
    user = person(request)
    if request.method != "POST":
        return show(request, "email", {"form": ChangeEmailForm(user)})
    form = ChangeEmailForm(user, request.POST)
    if not form.is_valid():
        return show(request, "email", {"form": form}, 400)
    try:
        mail_code(request, OLD, user.email, mail.address_confirmation)
        mail_code(request, NEW, form.cleaned_data["email"], mail.address_confirmation)
    except MailFailed:
        form.add_error(None, mail_problem())
        return show(request, "email", {"form": form}, 503)
    return redirect("account_email_codes")


@sensitive
@require_http_methods(["GET", "HEAD", "POST"])
def confirm(request: HttpRequest) -> HttpResponse:
    """Ask for both codes; both right change the address."""
    user, session = person(request), request.session
    old, new = codes.awaited(session, OLD), codes.awaited(session, NEW)
    if old is None or new is None or old["email"] != user.email:
        return redirect("account_email")
    form = BothCodesForm(request.POST) if request.method == "POST" else BothCodesForm()
    page = {"form": form, "new_email": new["email"]}
    if request.method != "POST":
        return show(request, "email_codes", page)
    limit_guesses(request, user.email)
    if not form.is_valid() or not _both_right(request, form):
        ratelimit.count_wrong_guess(request, f"account {user.email}")
        return show(request, "email_codes", page, 400)
    codes.forget(session, OLD)
    codes.forget(session, NEW)
    try:
        services.change_email(request, user, new["email"])
    except services.AddressTaken:
        form.add_error(None, _("This address has an account of its own. Close that one first."))
        return show(request, "email_codes", page, 409)
    messages.success(request, _("Your address is changed. Every other session was signed out."))
    return redirect("account")


def _both_right(request: HttpRequest, form: BothCodesForm) -> bool:
    """Whether both codes are right; marks the one that is not. Neither is spent by the other's error."""
    for purpose, field in ((OLD, "old_code"), (NEW, "new_code")):
        try:
            codes.check(request.session, purpose, form.cleaned_data[field])
        except codes.WrongCode:
            form.add_error(field, _("This is not the code. Compare it with the newest mail."))
        except codes.NoCode:
            form.add_error(field, _("That code was wrong too often. Start again."))
    return form.is_valid()
