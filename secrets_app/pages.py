"""What the pages about secrets share: reading a visitor's form, and answering."""

from datetime import datetime
from typing import Any
from urllib.parse import unquote_to_bytes

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils.formats import date_format

from onetime.views import NOT_STORED

FORM_SLACK = 8192  # bytes of a form besides its text


class Unreadable(Exception):
    """A form that cannot be read; `status` is 400, 413 or 415."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


def read_form(request: HttpRequest, most_bytes: int) -> Any:
    """The posted fields. Refuses by the announced length, unread, and text that is not UTF-8.

    Django would put U+FFFD for what is not UTF-8: a secret must not change on its way.
    Raises Unreadable.
    """
    announced = announced_length(request)
    if request.content_type != "application/x-www-form-urlencoded":
        raise Unreadable(415)
    if announced is None or announced > most_bytes:
        raise Unreadable(400 if announced is None else 413)
    try:
        unquote_to_bytes(request.body).decode()
    except UnicodeDecodeError:
        raise Unreadable(400) from None
    return request.POST


def announced_length(request: HttpRequest) -> int | None:
    """The bytes of the body by its Content-Length, 0 without one; None for what is no number."""
    announced = request.META.get("CONTENT_LENGTH") or "0"
    return int(announced) if announced.isascii() and announced.isdigit() else None


def moment(time: datetime) -> str:
    """A date and time for a page of the server, which knows no reader's zone."""
    return date_format(time, "DATETIME_FORMAT") + " UTC"


def api_root(request: HttpRequest) -> str:
    """Where the API is: outside the language prefix that the pages' own links carry."""
    return f"{request.META.get('SCRIPT_NAME', '')}/api/v2"


def answer(
    request: HttpRequest, template: str, context: dict[str, Any], status: int = 200, wait: int | None = None
) -> HttpResponse:
    """A page that nobody may keep: it holds something of a secret, or what somebody typed.

    `wait` is in seconds, for Retry-After.
    """
    response = HttpResponse(render_to_string(template, context, request), status=status, headers=NOT_STORED)
    if wait is not None:
        response["Retry-After"] = str(wait)
    return response
