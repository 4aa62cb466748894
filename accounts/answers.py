"""How the account pages answer."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.http import url_has_allowed_host_and_scheme

from onetime.views import NOT_STORED


def show(
    request: HttpRequest, template: str, context: dict[str, Any] | None = None, status: int = 200
) -> HttpResponse:
    """A page that no cache may keep: it is one person's, or about to be."""
    context = {"passkeys_possible": settings.PASSKEYS, **(context or {})}
    response = render(request, f"account/{template}.html", context, status=status)
    for name, value in NOT_STORED.items():
        response[name] = value
    return response


def own_path(request: HttpRequest, path: str) -> str:
    """`path` if it leads to this site, else nothing: where to go on after a step must not be abroad."""
    safe = url_has_allowed_host_and_scheme(path, allowed_hosts=None) and path.startswith("/")
    return path if safe else ""
