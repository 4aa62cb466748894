"""What every template may use."""

from typing import Any
from urllib.parse import quote

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import get_language_bidi, get_language_info


def site(request: HttpRequest) -> dict[str, Any]:
    path = request.path_info
    return {
        "site_name": settings.SITE_NAME,
        "site_origin": settings.SITE_ORIGIN,
        "operator_name": settings.OPERATOR_NAME,
        "billing_enabled": settings.BILLING_ENABLED,
        "text_direction": "rtl" if get_language_bidi() else "ltr",
        "language_links": [
            (code, get_language_info(code)["name_local"], f"/{code}{language_path(path)}")
            for code, _name in settings.LANGUAGES
        ],
    }


def language_path(path: str) -> str:
    """The path of the same page without a link key, which only the fragment may carry."""
    return "/secret" if path.startswith("/secret/") else quote(path)
