"""The operators' site: entered by the same door as every account, with a second step if so set."""

from typing import Any
from urllib.parse import urlencode

from allauth.account.internal.flows.login import get_authentication_records
from django.conf import settings
from django.contrib.admin import AdminSite
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, resolve_url
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from onetime import overview
from onetime.middleware import policy
from onetime.views import error

#: Django's admin scripts write HTML as text, which Trusted Types forbid, and its style sheets hold
#: pictures as data. Scripts and styles come from this site alone here too.
POLICY = policy(require_trusted_types_for="", trusted_types="", img_src="'self' data:")


class OperatorsSite(AdminSite):
    site_header = settings.SITE_NAME
    site_title = settings.SITE_NAME
    index_title = gettext_lazy("Operators")

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        return super().index(request, {**(extra_context or {}), "overview": overview.facts()})

    def has_permission(self, request: HttpRequest) -> bool:
        return super().has_permission(request) and has_second_factor(request)

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Not a door of its own: the codes, limits and second steps of the site hold here too."""
        if request.user.is_authenticated:
            return error(request, 403, detail=refusal(request))
        target = request.GET.get("next") or request.get_full_path()
        return redirect(f"{resolve_url(settings.LOGIN_URL)}?{urlencode({'next': target})}")

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:
        inner = super().admin_view(view, cacheable)

        def with_policy(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            response = inner(request, *args, **kwargs)
            response.headers["Content-Security-Policy"] = POLICY
            return response

        return with_policy


def has_second_factor(request: HttpRequest) -> bool:
    """Whether this session was opened with two factors, or none is required of operators."""
    if not settings.ADMIN_REQUIRES_SECOND_FACTOR:
        return True
    return any(record["method"] == "mfa" for record in get_authentication_records(request, request.user))


def refusal(request: HttpRequest) -> str:
    if request.user.is_active and getattr(request.user, "is_staff", False):
        return _("Operators need a second factor: set one up on your account page and sign in with it.")
    return _("This account is no operator’s.")
