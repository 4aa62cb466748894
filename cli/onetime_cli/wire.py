"""One call over HTTP, by the standard library: repeated where the connection breaks, refused in words."""

import http.client
import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any, NamedTuple

from onetime_cli.errors import (
    Busy,
    CommandError,
    Gone,
    Incomplete,
    Refused,
    Unknown,
    Unreachable,
    WrongPassphrase,
)

#: Told how many bytes of how many have gone over the wire.
Progress = Callable[[int, int], None]

TIMEOUT_SECONDS = 60
#: Before each further try of a call that the connection broke, in seconds.
PAUSES = (0.2, 1.0)
TRY_AGAIN = {502, 503, 504}
CHUNK = 65_536

BY_TYPE: dict[str, tuple[type[CommandError], str]] = {
    "wrong-proof": (WrongPassphrase, "The passphrase is wrong. Nothing was consumed."),
    "unknown": (Unknown, "The server knows no such secret: the link is mistyped, or long gone."),
    "incomplete-upload": (Incomplete, "The server lacks a part of what was sent."),
    "not-authorized": (Refused, "The API token is wrong."),
    "plan-without-api": (Refused, "The account's plan does not include API tokens."),
}


class Body(NamedTuple):
    data: bytes
    kind: str


def as_json(value: dict[str, Any]) -> Body:
    return Body(json.dumps(value).encode(), "application/json")


def as_bytes(data: bytes) -> Body:
    return Body(data, "application/octet-stream")


class _Counted:
    """A body that tells how much of it has been read."""

    def __init__(self, data: bytes, progress: Progress) -> None:
        self._data, self._at, self._progress = data, 0, progress

    def read(self, size: int = -1) -> bytes:
        end = len(self._data) if size < 0 else self._at + size
        piece = self._data[self._at : end]
        self._at += len(piece)
        self._progress(self._at, len(self._data))
        return piece


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirect would turn a POST into a GET, and send it where nobody asked it to go."""

    def redirect_request(self, *_args: Any, **_kwargs: Any) -> None:
        return None


def nothing(_done: int, _total: int) -> None:
    """A progress that nobody watches."""


class Wire:
    """The way to one server, as nobody or with an account's API token."""

    def __init__(self, origin: str, token: str | None = None) -> None:
        self.origin = origin.rstrip("/")
        self._headers = {"Accept": "application/json"}
        if token:
            self._headers["Authorization"] = f"Bearer {token}"
        self._opener = urllib.request.build_opener(_NoRedirect)

    def call(
        self,
        method: str,
        path: str,
        body: Body | None = None,
        *,
        headers: dict[str, str] | None = None,
        sent: Progress = nothing,
        received: Progress = nothing,
        pauses: tuple[float, ...] = PAUSES,
        timeout: float = TIMEOUT_SECONDS,
    ) -> bytes:
        """The answer's bytes. Raises a CommandError for every other end."""
        for pause in (*pauses, None):
            request = self._request(method, path, body, headers or {}, sent)
            try:
                with self._opener.open(request, timeout=timeout) as answer:
                    return _read(answer, received)
            except urllib.error.HTTPError as error:
                with error:
                    if error.code not in TRY_AGAIN or pause is None:
                        raise _refusal(error) from None
            except (OSError, http.client.HTTPException) as error:
                if pause is None:
                    raise Unreachable(f"{self.origin} does not answer: {_why(error)}.") from None
            time.sleep(pause)
        raise AssertionError  # the last try returned or raised

    def _request(
        self, method: str, path: str, body: Body | None, headers: dict[str, str], sent: Progress
    ) -> urllib.request.Request:
        request = urllib.request.Request(f"{self.origin}/api/v2/{path}", method=method)  # noqa: S310 - links.server() takes http and https alone
        for name, value in (self._headers | headers).items():
            request.add_header(name, value)
        if body is not None:
            request.data = _Counted(body.data, sent)
            request.add_header("Content-Type", body.kind)
            request.add_header("Content-Length", str(len(body.data)))
        return request


def _why(error: Exception) -> str:
    reason = getattr(error, "reason", error)
    return str(getattr(reason, "strerror", None) or reason).rstrip(".") or type(error).__name__


def _read(answer: http.client.HTTPResponse, progress: Progress) -> bytes:
    total = int(answer.headers.get("Content-Length") or 0)
    parts, size = [], 0
    while data := answer.read(CHUNK):
        parts.append(data)
        size += len(data)
        progress(size, total)
    if size < total:  # read() in pieces does not complain of a connection that broke
        raise http.client.IncompleteRead(b"", total - size)
    return b"".join(parts)


def _refusal(error: urllib.error.HTTPError) -> CommandError:
    """A problem (RFC 9457) as the error that ends the command."""
    try:
        problem = json.loads(error.read(CHUNK))
        slug = str(problem["type"]).rpartition("#")[2]
        detail = str(problem.get("detail") or problem["title"])
    except (ValueError, KeyError, TypeError, AttributeError, OSError):
        return Unreachable(f"The server answered {error.code} {error.reason}.")
    if slug in BY_TYPE:
        kind, text = BY_TYPE[slug]
        return kind(text)
    if slug == "gone":
        return Gone(gone(str(problem.get("state")), str(problem.get("at"))))
    if slug == "rate-limited":
        return Busy(f"The server refuses: {detail}", _seconds(error.headers.get("Retry-After")))
    if error.code >= 500:  # noqa: PLR2004 - it is the server's fault
        return Unreachable(f"The server failed: {detail}")
    return Refused(f"The server refuses: {detail}")


def _seconds(text: str | None) -> int:
    return int(text) if text and text.isascii() and text.isdigit() else 1


def gone(state: str, at: str) -> str:
    """What became of a secret, as a sentence."""
    words = {"opened": "was opened", "burned": "was burned", "expired": "expired"}
    return f"The secret {words.get(state, 'is gone')} on {at.replace('T', ' at ').replace('Z', ' UTC')}."
