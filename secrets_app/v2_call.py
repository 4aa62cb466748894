"""What every call of API v2 shares: who calls, reading, writing, refusals as problems, limits in headers."""

import base64
import binascii
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import wraps
from typing import Any, NamedTuple, TypeVar

import msgspec
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from accounts import tokens
from onetime import ratelimit
from onetime.limits import limits_for
from onetime.views import NOT_STORED, Unavailable, problem
from secrets_app.body import BodyTooLarge, read_body, read_exactly
from secrets_app.errors import (
    AlreadyExists,
    BadContent,
    BadLifetime,
    Gone,
    IncompleteUpload,
    TooLarge,
    UnknownSecret,
    WrongLength,
    WrongProof,
)
from secrets_app.problems import PROBLEMS

View = Callable[..., HttpResponseBase]
T = TypeVar("T")
Body = type[msgspec.Struct] | type[bytes]

#: JSON around an envelope: field names, numbers, white space.
BODY_SLACK = 4096


class Refused(Exception):
    """The call is refused with the problem `slug`; `detail` is for people, `more` for programs."""

    def __init__(self, slug: str, detail: str, **more: Any) -> None:
        super().__init__(slug)
        self.slug, self.detail, self.more = slug, detail, more


class Operation(NamedTuple):
    """What OpenAPI says about a call. `gives` maps each success to its body, None for none.

    A body is a type of JSON, or `bytes` for itself.
    """

    method: str
    takes: Body | None
    gives: Mapping[int, Body | None]
    refuses: tuple[str, ...]
    parameters: tuple[str, ...]
    needs_account: bool
    summary: str


# --- Reading and writing ---------------------------------------------------------------------------


def decode(body: bytes, kind: type[T]) -> T:
    """The body as `kind`. Raises Refused."""
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        # msgspec names the field and the type that was expected, and quotes no value.
        raise Refused("bad-request", str(error)[:200]) from None


def read_json_bytes(request: HttpRequest, most: int = BODY_SLACK) -> bytes:
    """The raw body, announced as JSON, of at most `most` bytes. Raises Refused."""
    if request.content_type != "application/json":
        raise Refused("unsupported-media-type", "Send the body as application/json.")
    try:
        return read_body(request, most)
    except BodyTooLarge:
        raise Refused("content-too-large", f"The body may have at most {most} bytes.", limit=most) from None


def read_json(request: HttpRequest, kind: type[T]) -> T:
    """A small body as `kind`. Raises Refused."""
    return decode(read_json_bytes(request), kind)


def read_bytes(request: HttpRequest, size: int) -> bytearray:
    """A raw body of exactly `size` bytes. Raises Refused or WrongLength."""
    if request.content_type != "application/octet-stream":
        raise Refused("unsupported-media-type", "Send the bytes as application/octet-stream.")
    try:
        body = read_exactly(request, size)
    except BodyTooLarge:
        body = None
    if body is None:
        raise WrongLength(size)
    return body


def unbase64(text: str) -> bytes:
    """The bytes of unpadded base64url. Raises Refused."""
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise Refused("bad-request", "A value is not unpadded base64url.") from None


def to_base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def rfc3339(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def answer(body: msgspec.Struct, status: int = 200) -> HttpResponse:
    return HttpResponse(
        msgspec.json.encode(body), status=status, content_type="application/json", headers=NOT_STORED
    )


# --- Refusals --------------------------------------------------------------------------------------


def refusal(error: Exception) -> HttpResponse:
    """A refused call as a problem."""
    match error:
        case Refused():
            return _problem(error.slug, error.detail, **error.more)
        case UnknownSecret():
            return _problem("unknown", "No secret is known by this name.")
        case WrongProof():
            return _problem("wrong-proof", "The passphrase is wrong. Nothing was consumed.")
        case Gone():
            return _problem("gone", "The content is gone.", state=str(error.state), at=rfc3339(error.at))
        case AlreadyExists():
            return _problem("already-exists", "A secret with this id exists.")
        case TooLarge():
            return _problem("content-too-large", f"At most {error.limit} bytes.", limit=error.limit)
        case BadLifetime():
            detail = f"ttl must be from {error.minimum} to {error.maximum} seconds."
            return _problem("bad-lifetime", detail, minimum=error.minimum, maximum=error.maximum)
        case BadContent():
            return _problem("bad-envelope", "This is not an envelope of version 1.")
        case ratelimit.RateLimited():
            response = _problem("rate-limited", "Too many requests.", retry_after=error.retry_after)
            response["Retry-After"] = str(error.retry_after)
            return response
        case _:
            return _upload_refusal(error)


def _upload_refusal(error: Exception) -> HttpResponse:
    match error:
        case IncompleteUpload():
            return _problem("incomplete-upload", "Segments are missing.", missing=error.missing)
        case Unavailable():
            response = _problem("service-unavailable", "Try again in a while. Nothing was consumed.")
            response["Retry-After"] = "10"
            return response
        case WrongLength():
            return _problem("bad-request", f"This segment has {error.expected} bytes.")
        case _:
            raise error


def _problem(slug: str, detail: str, **more: Any) -> HttpResponse:
    response = problem(PROBLEMS[slug].status, slug, detail, **more)
    if slug == "not-authorized":
        response["WWW-Authenticate"] = 'Bearer realm="onetime"'
    return response


REFUSALS = (
    Refused, UnknownSecret, WrongProof, Gone, AlreadyExists, TooLarge, BadLifetime, BadContent,
    IncompleteUpload, WrongLength, Unavailable, ratelimit.RateLimited,
)  # fmt: skip


def tell_limits(request: HttpRequest, response: HttpResponseBase) -> None:
    """The limits that this call has counted against, as draft-ietf-httpapi-ratelimit-headers-10 has it."""
    usages = ratelimit.usages(request)
    if not usages:
        return
    response["RateLimit-Policy"] = ", ".join(f'"{u.name}";q={u.limit};w={u.window}' for u in usages)
    response["RateLimit"] = ", ".join(f'"{u.name}";r={max(0, u.limit - u.used)};t={u.left}' for u in usages)


# --- Calls -----------------------------------------------------------------------------------------


def sign_in(request: HttpRequest) -> None:
    """Make `request.user` the account of a Bearer token; without one it stays who the session says.

    Raises Refused, and RateLimited for a client that goes on guessing.
    """
    header = request.META.get("HTTP_AUTHORIZATION")
    if header is None:
        return
    scheme, _space, token = header.strip().partition(" ")
    user = tokens.user_for(token.strip()) if scheme.lower() == "bearer" else None
    if user is None:
        ratelimit.check(request, "api_token")
        raise Refused("not-authorized", "The API token is wrong.")
    if not limits_for(user).api:
        raise Refused("plan-without-api", "Your plan does not include API tokens.")
    request.user = user


def call(
    method: str,
    *,
    gives: Mapping[int, Body | None],
    takes: Body | None = None,
    refuses: tuple[str, ...] = (),
    parameters: tuple[str, ...] = (),
    needs_account: bool = False,
) -> Callable[[View], View]:
    """A call of the API: its method, its bodies, and the problems of its own, for OpenAPI to list.

    A GET answers to HEAD too. The first paragraph of the view's docstring is the summary.
    """
    methods = ("GET", "HEAD") if method == "GET" else (method,)

    def decorate(view: View) -> View:
        @wraps(view)
        def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            try:
                if request.method not in methods:
                    raise Refused("method-not-allowed", f"Use {' or '.join(methods)}.")
                sign_in(request)
                if needs_account and not request.user.is_authenticated:
                    raise Refused("not-authorized", "This call needs an account's API token.")
                response: HttpResponseBase = view(request, *args, **kwargs)
            except REFUSALS as error:
                response = refusal(error)
            if response.status_code == PROBLEMS["method-not-allowed"].status:
                response["Allow"] = ", ".join(methods)
            tell_limits(request, response)
            return response

        summary = (view.__doc__ or "").strip().partition("\n\n")[0].replace("\n", " ")
        wrapped.operation = Operation(  # type: ignore[attr-defined]
            method, takes, gives, refuses, parameters, needs_account, " ".join(summary.split())
        )
        return wrapped

    return decorate


def by_method(**views: View) -> View:
    """One address with several calls: `by_method(GET=status, DELETE=cancel)`."""
    calls: dict[str, View] = {method: view for view in views.values() for method in _methods(view)}

    def view(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        chosen = calls.get(request.method or "")
        if chosen is not None:
            return chosen(request, *args, **kwargs)
        response = refusal(Refused("method-not-allowed", f"Use {' or '.join(calls)}."))
        response["Allow"] = ", ".join(calls)
        return response

    view.operations = [operation for each in views.values() for operation in operations(each)]  # type: ignore[attr-defined]
    return view


def _methods(view: View) -> tuple[str, ...]:
    return tuple(  # a GET answers to HEAD too
        method
        for each in operations(view)
        for method in ({"GET": ("GET", "HEAD")}.get(each.method, (each.method,)))
    )


def operations(view: object) -> list[Operation]:
    """What the calls at a view's address say of themselves."""
    return getattr(view, "operations", None) or [each for each in [getattr(view, "operation", None)] if each]
