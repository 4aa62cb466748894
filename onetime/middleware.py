"""What every request passes through: headers, language, the one cookie, cross-site refusal."""

import time
from collections.abc import Callable
from functools import partial

from django.conf import settings
from django.contrib.auth.middleware import AuthenticationMiddleware as DjangoAuthenticationMiddleware
from django.contrib.auth.models import AnonymousUser
from django.contrib.messages.middleware import MessageMiddleware as DjangoMessageMiddleware
from django.contrib.sessions.middleware import SessionMiddleware as DjangoSessionMiddleware
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.middleware.csrf import CsrfViewMiddleware, RejectRequest
from django.urls import set_script_prefix
from django.utils import translation
from django.utils.cache import patch_vary_headers
from django.utils.log import log_response
from django.utils.translation import get_supported_language_variant
from django.utils.translation.trans_real import parse_accept_lang_header

from onetime import kept, views
from onetime.journal import JournalBroken
from onetime.ratelimit import RateLimited

GetResponse = Callable[[HttpRequest], HttpResponseBase]

CONTENT_SECURITY_POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self'",
    "font-src": "'self'",
    "connect-src": "'self'",
    "manifest-src": "'self'",
    "form-action": "'self'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
    "require-trusted-types-for": "'script'",
    "trusted-types": "'none'",
}

PERMISSIONS_POLICY = ", ".join(
    f"{feature}=()"
    for feature in (
        "accelerometer", "autoplay", "browsing-topics", "camera", "display-capture",
        "geolocation", "gyroscope", "hid", "idle-detection", "magnetometer", "microphone", "midi", "payment",
        "screen-wake-lock", "serial", "usb", "xr-spatial-tracking",
    )
)  # fmt: skip


LANGUAGE_CODES = frozenset(code for code, _name in settings.LANGUAGES)


def policy(**changes: str) -> str:
    """The Content-Security-Policy with directives replaced, or dropped where the value is empty.

    `policy(form_action="'self' https://checkout.stripe.com")` is for a page whose form is
    answered by a redirect there: browsers apply form-action to redirects too.
    """
    directives = CONTENT_SECURITY_POLICY | {name.replace("_", "-"): value for name, value in changes.items()}
    return "; ".join(f"{name} {value}" for name, value in directives.items() if value)


class KeptPagesMiddleware:
    """Pages without data, answered as they were finished the first time: see onetime/kept.py."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if not kept.may_be_kept(request):
            return self.get_response(request)
        language = language_of(request)[0]
        found = kept.find(request, language)
        if found is not None:
            return found
        response = self.get_response(request)
        kept.keep(request, language, response)
        return response


class SecurityHeadersMiddleware:
    """The headers of every response; a view that set one of them itself keeps its own."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response
        self.headers = {
            "Content-Security-Policy": policy(),
            "Cross-Origin-Opener-Policy": "same-origin",
            "Cross-Origin-Resource-Policy": "same-origin",
            "Permissions-Policy": PERMISSIONS_POLICY,
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
            "X-Frame-Options": "DENY",
        }
        if settings.SECURE_HSTS_SECONDS:
            self.headers["Strict-Transport-Security"] = (
                f"max-age={settings.SECURE_HSTS_SECONDS}; includeSubDomains; preload"
            )

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        for name, value in self.headers.items():
            response.headers.setdefault(name, value)
        if isinstance(response, HttpResponse) and "Content-Length" not in response.headers:
            response.headers["Content-Length"] = str(len(response.content))
        return response


class LanguageMiddleware:
    """The language from a `/uk/` prefix, else from Accept-Language; never from a cookie.

    The prefix is taken as part of the script name, so the URL patterns do not know it and
    every link that a prefixed page makes keeps it.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        language, prefix = language_of(request)
        if prefix:
            request.path_info = request.path_info.removeprefix(f"/{prefix}") or "/"
        set_script_prefix(f"{request.META.get('SCRIPT_NAME', '')}/" + (f"{prefix}/" if prefix else ""))
        translation.activate(language)
        request.LANGUAGE_CODE = language
        response = self.get_response(request)
        response.headers.setdefault("Content-Language", language)
        if not prefix:
            patch_vary_headers(response, ("Accept-Language",))
        return response


def language_of(request: HttpRequest) -> tuple[str, str]:
    """The language of the answer, and the prefix of the path that says so or ""."""
    first, _slash, rest = request.path_info[1:].partition("/")
    if first in LANGUAGE_CODES and not rest.startswith(("api/", "static/")):
        return first, first
    return negotiate(request.META.get("HTTP_ACCEPT_LANGUAGE", "")), ""


def negotiate(accept_language: str) -> str:
    """The best of our languages for an Accept-Language header (RFC 9110, 12.5.4)."""
    for wanted, weight in parse_accept_lang_header(accept_language[:200]):
        if wanted == "*" or not weight:
            break
        try:
            return get_supported_language_variant(wanted)
        except LookupError:
            continue
    return settings.LANGUAGE_CODE


class RateLimitMiddleware:
    """A reached limit, or a database that is away, as an answer in the caller’s format."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponseBase | None:
        if isinstance(exception, RateLimited):
            return views.error(request, 429, retry_after=exception.retry_after)
        if isinstance(exception, views.Unavailable):
            return views.error(request, 503, retry_after=10)
        if isinstance(exception, JournalBroken):
            return views.error(request, 503)
        if isinstance(exception, OperationalError | InterfaceError):
            return without_database(request, exception)
        return None


def without_database(request: HttpRequest, exception: Exception) -> HttpResponse:
    """503: the database is away for a moment. Whether it has done what was asked nobody knows; ask again."""
    response = views.error(request, 503, retry_after=1)
    log_response("the database is away", response=response, request=request, exception=exception)
    return response


def is_program(request: HttpRequest) -> bool:
    """Whether this calls an API and brings no session: nobody can be signed in but by a token."""
    return request.path_info.startswith("/api/") and settings.SESSION_COOKIE_NAME not in request.COOKIES


class PeopleOnly:
    """A middleware that programs pass by: no session, no messages, nothing to set when they are answered.

    What refuses cross-site requests stands before the view itself, in `process_view`, and holds for all.
    """

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if is_program(request):
            return self.get_response(request)  # type: ignore[attr-defined, no-any-return]
        return super().__call__(request)  # type: ignore[misc, no-any-return]


class SessionMiddleware(PeopleOnly, DjangoSessionMiddleware):
    """Django's sessions, with a sliding expiry that costs one write a day at most."""

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        session = request.session
        if request.path_info.startswith("/api/v1/"):
            return response  # whose clients sign in with each call, and are sent no cookie
        if not session.session_key and not session.modified:
            return response  # a visitor: nothing to save, nothing to vary on
        today = int(time.time()) // 86400
        if session.accessed and "_auth_user_id" in session and session.get("_day") != today:
            session["_day"] = today
        return super().process_response(request, response)


class AuthenticationMiddleware(PeopleOnly, DjangoAuthenticationMiddleware):
    """`request.user`: who the session says. A program is anonymous until its token has been read."""

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if is_program(request):
            request.user = AnonymousUser()
        return super().__call__(request)


class MessageMiddleware(PeopleOnly, DjangoMessageMiddleware):
    """Messages for the next page, kept in the session."""


class CrossSiteMiddleware(PeopleOnly, CsrfViewMiddleware):
    """Cross-site request forgery refused without giving a visitor a cookie.

    Order of proof for an unsafe method: Sec-Fetch-Site, which no page can forge; else Origin;
    else, where a session is at stake, Django's token (old browsers). A request with neither
    header and no session is not a browser's or has no authority to abuse.
    `Origin: null` comes from our own forms too, because of `Referrer-Policy: no-referrer`.
    """

    def process_request(self, request: HttpRequest) -> None:
        if settings.SESSION_COOKIE_NAME in request.COOKIES:
            super().process_request(request)

    def process_view(self, request, callback, callback_args, callback_kwargs):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
        if request.method in {"GET", "HEAD", "OPTIONS"} or getattr(callback, "csrf_exempt", False):
            request.csrf_processing_done = True
            return None
        if getattr(request, "_dont_enforce_csrf_checks", False):
            request.csrf_processing_done = True
            return None
        if signs_in_by_itself(request):
            request.csrf_processing_done = True
            return None
        verdict = same_site(request)
        if verdict is None and reads_form_itself(request, callback):
            request.check_token = partial(self._token_where_needed, request)
            request.csrf_processing_done = True
            return None
        if verdict is False or (verdict is None and not self._token_where_needed(request)):
            return self._reject(request, "cross-site request")  # type: ignore[attr-defined]
        request.csrf_processing_done = True
        return None

    def _token_where_needed(self, request: HttpRequest) -> bool:
        """Whether there is no session to abuse, or the token of the session is right.

        Django's own check would first ask for a Referer over https, which our pages send nobody.
        """
        if settings.SESSION_COOKIE_NAME not in request.COOKIES:
            return True
        try:
            self._check_token(request)  # type: ignore[attr-defined]
        except RejectRequest:
            return False
        return True

    def _set_csrf_cookie(self, request: HttpRequest, response: HttpResponseBase) -> None:
        # Only a session that exists anyway may hold a token: a form shown to a visitor
        # must not start one.
        if settings.SESSION_COOKIE_NAME in request.COOKIES or request.session.modified:
            super()._set_csrf_cookie(request, response)  # type: ignore[misc]


def form_read_by_view(view: GetResponse) -> GetResponse:
    """Mark a view that reads a form with a file by itself, while it arrives.

    Looking for the token would have Django read the file. So where neither Sec-Fetch-Site nor Origin has
    settled it, the view finds `request.check_token`: it sets `request.POST` to the fields, calls that, and
    stores nothing where it gives False.
    """
    view.form_read_by_view = True  # type: ignore[attr-defined]
    return view


def reads_form_itself(request: HttpRequest, view: object) -> bool:
    return request.content_type == "multipart/form-data" and getattr(view, "form_read_by_view", False)


def signs_in_by_itself(request: HttpRequest) -> bool:
    """Whether the request's only authority is a token in it, which no other site's page can add.

    With a cookie beside it the session would count too, so then this proves nothing.
    """
    token = request.META.get("HTTP_AUTHORIZATION", "")[:7].lower() == "bearer "
    return token and not request.META.get("HTTP_COOKIE")


def same_site(request: HttpRequest) -> bool | None:
    """Whether the browser says that our own page sent this; None where it does not say."""
    site = request.META.get("HTTP_SEC_FETCH_SITE")
    if site is not None:
        return site in {"same-origin", "none"}
    origin: str | None = request.META.get("HTTP_ORIGIN")
    if origin is None or origin == "null":
        return None
    return origin == f"{request.scheme}://{request.get_host()}"
