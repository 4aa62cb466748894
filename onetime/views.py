"""Pages without data, and the error answers of the whole site."""

from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from typing import Any

from django.core.cache import cache
from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from onetime import kept

NOT_STORED = {"Cache-Control": "no-store", "X-Robots-Tag": "noindex, nofollow, noarchive"}


def is_visitor(request: HttpRequest) -> bool:
    """Whether nobody is signed in; does not load the session of a request without a cookie."""
    return request.session.session_key is None or not request.user.is_authenticated


_pages = kept.pages


def visitor_page(
    request: HttpRequest, template: str, context: Callable[[], dict[str, Any]], *key: Any
) -> str:
    """`template` as every visitor sees it, rendered once per process, language and `key`.

    Nothing that differs between visitors may be in the template or the context; what does
    (a form's claim) is put into the finished text by the view.
    """
    name = (template, get_language(), request.path != request.path_info, request.path_info, *key)
    page: str | None = _pages.get(name)
    if page is None:
        page = render_to_string(template, context(), request)
        kept.remember(name, page)
    return page


View = Callable[..., HttpResponse]


def allow(*methods: str) -> Callable[[View], View]:
    """A page that answers to `methods`, and to others with a 405 in the site's own words."""

    def decorate(view: View) -> View:
        @wraps(view)
        def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if request.method in methods:
                return view(request, *args, **kwargs)
            response = error(request, 405)
            response["Allow"] = ", ".join(methods)
            return response

        return wrapped

    return decorate


def page(template: str) -> Callable[[HttpRequest], HttpResponse]:
    """A view of one template without data."""

    @allow("GET", "HEAD")
    def view(request: HttpRequest) -> HttpResponse:
        if is_visitor(request):
            return kept.VisitorPage(visitor_page(request, template, dict))
        return HttpResponse(render_to_string(template, {}, request), headers={"Cache-Control": "no-store"})

    return view


# --- Errors -----------------------------------------------------------------------------------

#: API v1 answers these texts exactly: its clients compare them.
V1_MESSAGES = {
    HTTPStatus.NOT_FOUND: "Not Found",
    HTTPStatus.TOO_MANY_REQUESTS: "Apologies dear citizen! You have been rate limited.",
    HTTPStatus.INTERNAL_SERVER_ERROR: "An unexpected error occurred :[",
    HTTPStatus.BAD_REQUEST: "Bad request",
}


class Unavailable(OSError):
    """Something that the site needs does not answer just now; nothing was consumed."""


def error(
    request: HttpRequest, status: int, *, retry_after: int | None = None, detail: str = ""
) -> HttpResponse:
    """The error `status` in the caller's format: v1 JSON, v2 problem+json (RFC 9457), or a page.

    `retry_after` is in seconds. `detail` is a sentence for people and holds nothing of the
    request.
    """
    kind = HTTPStatus(status)
    if request.path_info.startswith("/api/v1"):
        response: HttpResponse = JsonResponse({"message": V1_MESSAGES.get(kind, kind.phrase)}, status=status)
        response["Content-Type"] = "application/json; charset=utf-8"
    elif request.path_info.startswith("/api/"):
        slug = (
            "rate-limited" if status == HTTPStatus.TOO_MANY_REQUESTS else kind.name.lower().replace("_", "-")
        )
        response = problem(kind, slug, detail)
    else:
        text = render_to_string(
            "error.html", {"status": status, "retry_after": retry_after, "detail": detail}, request
        )
        response = HttpResponse(text, status=status)
    if retry_after is not None:
        response["Retry-After"] = str(retry_after)
    for name, value in NOT_STORED.items():
        response[name] = value
    return response


def problem(status: int, slug: str, detail: str = "", **more: Any) -> HttpResponse:
    """An RFC 9457 problem; `type` is a stable relative reference into the API page."""
    kind = HTTPStatus(status)
    body = {"type": f"/api#{slug}", "title": kind.phrase, "status": int(kind), **more}
    if detail:
        body["detail"] = detail
    return JsonResponse(body, status=status, content_type="application/problem+json", headers=NOT_STORED)


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return error(request, 400)


def forbidden(request: HttpRequest, exception: Exception | None = None, reason: str = "") -> HttpResponse:
    return error(request, 403)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return error(request, 404)


def server_error(request: HttpRequest) -> HttpResponse:
    """A page that needs neither the database nor a context processor to be shown."""
    try:
        return error(request, 500)
    except Exception:  # noqa: BLE001 - the last resort says so in plain text
        return HttpResponse("500 Something went wrong on our side.", status=500, content_type="text/plain")


# --- Health -----------------------------------------------------------------------------------


@require_safe
def healthz(_request: HttpRequest) -> HttpResponse:
    return HttpResponse("ok\n", content_type="text/plain", headers={"Cache-Control": "no-store"})


@require_safe
def readyz(_request: HttpRequest) -> HttpResponse:
    """200 while the database answers, else 503; names what each part says.

    Without Redis the site works on, counting its limits per process: that is reported as
    degraded and does not take the worker out of service.
    """
    database = _database_answers()
    text = f"database: {'ok' if database else 'unavailable'}\ncache: {cache_state(cache)}\n"
    return HttpResponse(
        text,
        status=200 if database else 503,
        content_type="text/plain",
        headers={"Cache-Control": "no-store"},
    )


def _database_answers() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            return bool(cursor.fetchone() == (1,))
    except Exception:  # noqa: BLE001 - any failure means "not ready"
        return False


def cache_state(shared: Any) -> str:
    """`degraded` while a configured Redis does not answer."""
    answers = getattr(shared, "redis_answers", lambda: True)
    return "ok" if answers() else "degraded"
