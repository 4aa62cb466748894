"""The pages that explain the site: what they say follows from how this installation is set up."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.urls import reverse

from onetime import client_code, inventory
from onetime.kept import VisitorPage
from onetime.limits import limits_for
from onetime.views import allow, error, is_visitor, visitor_page

#: RFC 9116 asks for less than a year; half of one keeps the file true if the site is left alone.
SECURITY_TXT_DAYS = 180
TEXT = "text/plain; charset=utf-8"


def facts() -> dict[str, Any]:
    """What the texts may claim about this installation, and nothing more."""
    return {
        "operator_email": settings.OPERATOR_EMAIL,
        "jurisdiction": settings.OPERATOR_JURISDICTION,
        "hold_seconds": settings.HOLD_SECONDS,
        "https": settings.HTTPS,
        "sends_mail": bool(settings.EMAIL_URL),
        "encrypts_backups": bool(settings.BACKUP_PUBLIC_KEY),
        "overwrites_at_once": connection.vendor == "sqlite",
        "session_days": settings.SESSION_COOKIE_AGE // 86400,
        "limits": limits_for(None),
    }


def information(
    template: str, more: Callable[[], dict[str, Any]] = dict
) -> Callable[[HttpRequest], HttpResponse]:
    """A page of text: rendered once for all visitors of a language, anew for who is signed in."""

    def context() -> dict[str, Any]:
        return facts() | more()

    @allow("GET", "HEAD")
    def view(request: HttpRequest) -> HttpResponse:
        if is_visitor(request):
            limits = limits_for(None)
            return VisitorPage(visitor_page(request, template, context, limits), limits=limits)
        text = render_to_string(template, context(), request)
        return HttpResponse(text, headers={"Cache-Control": "no-store"})

    return view


about = information("about.html")
principles = information("principles.html")
privacy = information("privacy.html", lambda: {"inventory": list(inventory.table())})
security = information(
    "security.html", lambda: {"scripts": [each for each in client_code.scripts() if each.for_visitors]}
)
terms = information("terms.html")
help_page = information("help.html")


# --- For machines -------------------------------------------------------------------------------------


@allow("GET", "HEAD")
def security_txt(request: HttpRequest) -> HttpResponse:
    """RFC 9116. Without an operator's address there is nobody to contact, and no file."""
    if not settings.OPERATOR_EMAIL:
        return error(request, 404)
    expires = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    expires += timedelta(days=SECURITY_TXT_DAYS)
    lines = {
        "Contact": f"mailto:{settings.OPERATOR_EMAIL}",
        "Expires": expires.isoformat().replace("+00:00", "Z"),
        "Preferred-Languages": ", ".join(code for code, _name in settings.LANGUAGES),
        "Canonical": f"{settings.SITE_ORIGIN}/.well-known/security.txt",
        "Policy": f"{settings.SITE_ORIGIN}{reverse('security')}",
    }
    return HttpResponse("".join(f"{name}: {value}\n" for name, value in lines.items()), content_type=TEXT)


#: Paths that lead to one secret or one account. Their answers say noindex as well.
UNLISTED = ("/secret/", "/receipt/", "/private/", "/metadata/", "/account/", "/api/v1/", "/api/v2/")


@allow("GET", "HEAD")
def robots(_request: HttpRequest) -> HttpResponse:
    lines = ["User-agent: *", *(f"Disallow: {path}" for path in UNLISTED)]
    return HttpResponse("\n".join(lines) + "\n", content_type=TEXT)
