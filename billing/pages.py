"""What the pages about plans share."""

from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import resolve_url
from django.template.loader import render_to_string
from django.urls import reverse

from onetime.middleware import policy
from onetime.views import NOT_STORED

View = Callable[..., HttpResponse]
STRIPE_PAGES = "https://checkout.stripe.com https://billing.stripe.com"


class SeeOther(HttpResponseRedirect):
    """303: whatever was posted, the next page is fetched."""

    status_code = 303


def when_enabled(view: View) -> View:
    """Without keys these addresses do not exist."""

    @wraps(view)
    def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not settings.BILLING_ENABLED:
            raise Http404
        return view(request, *args, **kwargs)

    return wrapped


def signed_in(back_to: str) -> Callable[[View], View]:
    """Whoever is not signed in does that first and goes on at the page named `back_to`."""

    def decorate(view: View) -> View:
        @wraps(view)
        def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if request.user.is_authenticated:
                return view(request, *args, **kwargs)
            return SeeOther(sign_in_url(reverse(back_to)))

        return wrapped

    return decorate


def sign_in_url(back_to: str) -> str:
    return f"{resolve_url(settings.LOGIN_URL)}?{urlencode({'next': back_to})}"


def form_action() -> str:
    """Where the forms of a page may lead: browsers hold redirects to it too."""
    if settings.STRIPE_API_BASE:  # a stand-in has its pages where it has its API
        base = urlsplit(settings.STRIPE_API_BASE)
        return f"'self' {base.scheme}://{base.netloc}"
    return f"'self' {STRIPE_PAGES}"


def page(
    request: HttpRequest,
    template: str,
    context: dict[str, Any],
    *,
    status: int = 200,
    to_stripe: bool = False,
) -> HttpResponse:
    """A page for one person; with `to_stripe` its forms may end at Stripe's hosted pages."""
    response = HttpResponse(render_to_string(template, context, request), status=status, headers=NOT_STORED)
    if to_stripe and settings.BILLING_ENABLED:
        response["Content-Security-Policy"] = policy(form_action=form_action())
    return response


def absolute(name: str) -> str:
    """The whole address of one of our pages, in the language that the reader has it in."""
    return f"{settings.SITE_ORIGIN}{reverse(name)}"
