"""Creating a secret and looking at its receipt. Script talks to API v2; what posts here has none."""

import contextlib
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import preferences
from accounts.models import User
from onetime import ratelimit
from onetime.kept import VisitorPage
from onetime.limits import Limits, limits_for
from onetime.middleware import form_read_by_view
from onetime.views import NOT_STORED, allow, error, is_visitor, visitor_page
from secrets_app import services
from secrets_app.errors import Gone, UnknownSecret
from secrets_app.forms import CreateForm, duration, size
from secrets_app.make_here import RefusedForm, make_here
from secrets_app.multipart import Part
from secrets_app.pages import Unreadable, answer, api_root, moment
from secrets_app.posted import read_posted

# --- Create -----------------------------------------------------------------------------------


@form_read_by_view
@allow("GET", "HEAD", "POST")
def create(request: HttpRequest) -> HttpResponse:
    limits = limits_for(request.user)
    if request.method == "POST":
        return create_here(request, limits)

    def context() -> dict[str, Any]:
        return create_context(request, create_form(request, limits))

    if is_visitor(request):
        return VisitorPage(visitor_page(request, "create.html", context, limits), limits=limits)
    return answer(request, "create.html", context())


def create_form(
    request: HttpRequest, limits: Limits, data: Any = None, file: Part | None = None
) -> CreateForm:
    """The form, begun as an account prefers it."""
    form = CreateForm(limits, data, with_file=file is not None)
    if isinstance(request.user, User):
        chosen = preferences.of(request.user)
        form.prefer(preferences.lifetime(request.user), passphrase=chosen.passphrase)
    return form


def create_context(request: HttpRequest, form: CreateForm) -> dict[str, Any]:
    limits = form.limits
    return {
        "form": form,
        "most_text": size(limits.max_text_bytes),
        "most_files": size(limits.max_files_bytes),
        "may_mail": request.user.is_authenticated and limits.mail_links,
        "page_config": {
            "limits": {"max_text_bytes": limits.max_text_bytes, "max_files_bytes": limits.max_files_bytes},
            "origin": settings.SITE_ORIGIN,
            "api": api_root(request),
            "receipt": reverse("receipt", args=["0" * 31]).removesuffix("0" * 31),
        },
    }


def create_here(request: HttpRequest, limits: Limits) -> HttpResponse:
    """A posted form: the server encrypts, and shows the link once."""
    try:
        posted = read_posted(request, limits)
    except Unreadable as unreadable:
        return error(request, unreadable.status)
    form = create_form(request, limits, posted.fields, posted.file)
    try:
        made = make_here(request, form, posted)
    except RefusedForm as refused:
        posted.drain()
        return answer(request, "create.html", create_context(request, form), refused.status, refused.wait)
    context = created_context(made, form.cleaned_data)
    context["may_mail"] = request.user.is_authenticated and limits.mail_links
    return answer(request, "created.html", context)


def created_context(made: services.CreatedHere, data: dict[str, Any]) -> dict[str, Any]:
    path = reverse("receipt", args=[made.receipt])
    has_passphrase = bool(data["passphrase"])
    note = _("It asks for a passphrase, which I will tell you by another way.")
    return {
        "link": f"{settings.SITE_ORIGIN}/secret#{made.link}",
        "link_key": made.link,
        "receipt_link": f"{settings.SITE_ORIGIN}{path}",
        "receipt_path": path,
        "expires": moment(made.secret.expires_at),
        "duration": duration(data["ttl"]),
        "has_passphrase": has_passphrase,
        "passphrase_note": note if has_passphrase else "",
    }


# --- Receipt ------------------------------------------------------------------------------------


@allow("GET", "HEAD", "POST")
def receipt(request: HttpRequest, receipt: str) -> HttpResponse:
    ratelimit.check(request, "receipt")
    try:
        return burn(receipt) if request.method == "POST" else show_receipt(request, receipt)
    except UnknownSecret:
        detail = _(
            "No receipt is known by this address. A receipt is forgotten after twice its secret's lifetime."
        )
        return error(request, 404, detail=detail)


def show_receipt(request: HttpRequest, receipt: str) -> HttpResponse:
    found = services.by_receipt(receipt)
    context = {
        "receipt": found,
        "size": size(found.size),
        "state": found.state_at(timezone.now()),
        "receipt_path": reverse("receipt", args=[receipt]),
    }
    return answer(request, "receipt.html", context)


def burn(receipt: str) -> HttpResponse:
    """Burn, and show the receipt again: it tells what became of the secret either way."""
    with contextlib.suppress(Gone):
        services.burn(receipt)
    return HttpResponseRedirect(reverse("receipt", args=[receipt]), status=303, headers=NOT_STORED)
