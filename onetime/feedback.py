"""Feedback: what a visitor writes goes to the operator by mail, and nowhere else.

Nothing about the visitor goes with it: no address, browser, account or page.
"""

import logging
from http import HTTPStatus

from django import forms
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from onetime import mail, ratelimit
from onetime.pages import facts, information
from onetime.ratelimit import RateLimited
from onetime.views import NOT_STORED, allow, error, is_visitor, visitor_page

logger = logging.getLogger(__name__)

MOST_TEXT = 5000  # characters
#: Bytes of a body: each character may be four bytes of UTF-8, each written as %XX.
MOST_BYTES = MOST_TEXT * 12 + 4096


class FeedbackForm(forms.Form):
    text = forms.CharField(
        label=gettext_lazy("Your message"),
        help_text=gettext_lazy("Please write nothing secret here: this goes by ordinary mail."),
        max_length=MOST_TEXT,
        widget=forms.Textarea(attrs={"rows": 8}),
        error_messages={"required": gettext_lazy("Write your message first.")},
    )
    reply_to = forms.EmailField(
        label=gettext_lazy("Your e-mail address"),
        help_text=gettext_lazy("Only if you want an answer. It is not stored here."),
        required=False,
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )


@allow("GET", "HEAD", "POST")
def feedback(request: HttpRequest) -> HttpResponse:
    if request.method == "POST":
        return send(request)
    if is_visitor(request):
        return HttpResponse(
            visitor_page(request, "feedback.html", lambda: facts() | {"form": FeedbackForm()})
        )
    return shown(request, FeedbackForm())


def send(request: HttpRequest) -> HttpResponse:
    """Mail it, or show the form again with everything that was typed."""
    if int(request.META.get("CONTENT_LENGTH") or 0) > MOST_BYTES:
        return error(request, HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    form = FeedbackForm(request.POST)
    if not form.is_valid():
        return shown(request, form, HTTPStatus.BAD_REQUEST)
    try:
        ratelimit.check(request, "feedback")
        mail.feedback(form.cleaned_data["text"], reply_to=form.cleaned_data["reply_to"])
    except RateLimited as limit:
        form.add_error(None, too_soon(limit.retry_after))
        response = shown(request, form, HTTPStatus.TOO_MANY_REQUESTS)
        response["Retry-After"] = str(limit.retry_after)
        return response
    except OSError as failure:
        logger.warning("a feedback could not be mailed (%s)", type(failure).__name__)
        form.add_error(None, not_sent())
        return shown(request, form, HTTPStatus.SERVICE_UNAVAILABLE)
    return HttpResponseRedirect(reverse("feedback-sent"))


def too_soon(seconds: int) -> str:
    minutes = max(1, round(seconds / 60))
    wait = ngettext("Try again in %(minutes)s minute.", "Try again in %(minutes)s minutes.", minutes)
    return (
        _("Too many messages came from your network. Yours is still below.")
        + " "
        + wait % {"minutes": minutes}
    )


def not_sent() -> str:
    why = _("The mail could not be sent. Your message is still below: try again later.")
    if not settings.OPERATOR_EMAIL:
        return why
    return why + " " + _("Or write to %(address)s yourself.") % {"address": settings.OPERATOR_EMAIL}


def shown(request: HttpRequest, form: FeedbackForm, status: int = HTTPStatus.OK) -> HttpResponse:
    """The form with what was typed, which no cache may keep."""
    page = render_to_string("feedback.html", facts() | {"form": form}, request)
    return HttpResponse(page, status=status, headers=NOT_STORED)


feedback_sent = information("feedback_sent.html")
