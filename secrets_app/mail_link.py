"""Mailing a secret link for its maker, who is signed in and asked for just this mail.

For this the link passes through our server, which the page says. It is in memory for the length
of the request, in the mail, and nowhere else.
"""

from typing import cast

from django import forms
from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters

from accounts.models import User
from onetime import mail, ratelimit
from onetime.limits import limits_for
from onetime.views import NOT_STORED, allow, problem
from secrets_app import envelope, services
from secrets_app.envelope import LinkKey
from secrets_app.errors import UnknownSecret
from secrets_app.models import Secret, State
from secrets_app.pages import answer


class LinkForm(forms.Form):
    """The key of a link and where to send it. The link is made here, so that none but ours is mailed."""

    link = forms.RegexField(r"^[0-9A-Za-z]{31}\Z", widget=forms.HiddenInput)
    recipient = forms.EmailField(max_length=254)


@sensitive_post_parameters("link", "recipient")
@login_required
@allow("POST")
def send(request: HttpRequest) -> HttpResponse:
    """Mail the link; 200, or what is wrong: 400, 403 (not in the plan), 404 (not yours), 429, 503."""
    user, form = cast("User", request.user), LinkForm(request.POST)
    if not limits_for(user).mail_links:
        return _answer(request, 403, _("Your plan does not include mailing links."))
    if not form.is_valid():
        return _answer(request, 400, _("That is no e-mail address, or no link of ours."))
    try:
        link = LinkKey(form.cleaned_data["link"])
        secret = own_unopened(user, link)
    except UnknownSecret:
        return _answer(request, 404, _("Only links of your own unopened secrets can be mailed."))
    ratelimit.check(request, "mail_link", subject=f"account:{user.pk}")
    try:
        send_link(user, link, secret, form.cleaned_data["recipient"])
    except mail.MailFailed:
        return _answer(request, 503, _("The mail could not be sent just now. The link is safe: try again."))
    return _answer(request, 200, _("The link was mailed."))


def own_unopened(user: User, link: LinkKey) -> Secret:
    """The secret behind `link`, if `user` made it and nobody has opened it. Raises UnknownSecret."""
    secret = services.status(envelope.secret_id(link))
    if secret.owner_id != user.pk or secret.state_at(timezone.now()) != State.NEW:
        raise UnknownSecret
    return secret


def send_link(user: User, link: LinkKey, secret: Secret, recipient: str) -> None:
    """Raises MailFailed."""
    mail.secret_link(
        recipient,
        f"{settings.SITE_ORIGIN}/secret#{link}",
        sender=user.email,
        expires_at=secret.expires_at,
        passphrase=secret.passphrase,
        language=get_language() or settings.LANGUAGE_CODE,
    )


def _answer(request: HttpRequest, status: int, text: str) -> HttpResponse:
    if request.headers.get("Accept") != "application/json":
        return answer(request, "link_mailed.html", {"text": text, "sent": status == 200}, status)  # noqa: PLR2004
    if status == 200:  # noqa: PLR2004
        return JsonResponse({"detail": text}, headers=NOT_STORED)
    return problem(status, "link-not-mailed", text)
