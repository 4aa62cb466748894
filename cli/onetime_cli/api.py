"""The calls of API v2, over the standard library. docs/api.md and /api describe them."""

import http.client
import json
import secrets
import time
import urllib.error
import urllib.request
from base64 import urlsafe_b64encode
from collections.abc import Callable
from typing import Any

from onetime_cli.errors import CommandError, Gone, Refused, Unknown, Unreachable, WrongPassphrase

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
    "not-authorized": (Refused, "The API token is wrong."),
    "plan-without-api": (Refused, "The account's plan does not include API tokens."),
}


def base64url(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


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


def _nothing(_done: int, _total: int) -> None:
    return None


class Server:
    """One server, called as nobody or with an account's API token."""

    def __init__(self, origin: str, token: str | None = None) -> None:
        self.origin = origin.rstrip("/")
        self._headers = {"Accept": "application/json"}
        if token:
            self._headers["Authorization"] = f"Bearer {token}"
        self._opener = urllib.request.build_opener(_NoRedirect)

    def create(self, body: dict[str, Any], progress: Progress = _nothing) -> dict[str, Any]:
        """Store an envelope; what was made. Repeated by itself when the connection breaks."""
        headers = {"Idempotency-Key": secrets.token_hex(16)}
        return self._json("POST", "secrets", body, headers=headers, progress=progress)

    def status(self, secret_id: bytes) -> dict[str, Any]:
        return self._json("GET", f"secrets/{secret_id.hex()}")

    def claim(self, secret_id: bytes, proof: bytes, claim: bytes, progress: Progress = _nothing) -> bytes:
        """The envelope. The same `claim` may be repeated, so a broken connection loses nothing."""
        body = {"proof": base64url(proof), "claim": base64url(claim)}
        headers = {"Accept": "application/octet-stream"}
        return self._call(
            "POST", f"secrets/{secret_id.hex()}/claim", body, headers=headers, download=progress
        )

    def acknowledge(self, secret_id: bytes, claim: bytes) -> None:
        self._call("POST", f"secrets/{secret_id.hex()}/ack", {"claim": base64url(claim)})

    def receipt(self, key: str) -> dict[str, Any]:
        return self._json("GET", f"receipts/{key}")

    def burn(self, key: str) -> dict[str, Any]:
        return self._json("POST", f"receipts/{key}/burn")

    def _json(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        try:
            found = json.loads(self._call(*args, **kwargs))
        except ValueError:
            found = None
        if not isinstance(found, dict):
            raise Unreachable(f"{self.origin} is not a Onetime Secret server, or not one of this version.")
        return found

    def _call(
        self,
        method: str,
        path: str,
        body: dict[str, Any] | None = None,
        *,
        headers: dict[str, str] | None = None,
        progress: Progress = _nothing,
        download: Progress = _nothing,
    ) -> bytes:
        data = None if body is None else json.dumps(body).encode()
        for pause in (*PAUSES, None):
            request = urllib.request.Request(f"{self.origin}/api/v2/{path}", method=method)  # noqa: S310 - links.server() takes http and https alone
            for name, value in (self._headers | (headers or {})).items():
                request.add_header(name, value)
            if data is not None:
                request.data = _Counted(data, progress)
                request.add_header("Content-Type", "application/json")
                request.add_header("Content-Length", str(len(data)))
            try:
                with self._opener.open(request, timeout=TIMEOUT_SECONDS) as answer:
                    return _read(answer, download)
            except urllib.error.HTTPError as error:
                with error:
                    if error.code not in TRY_AGAIN or pause is None:
                        raise _refusal(error) from None
            except (OSError, http.client.HTTPException) as error:
                if pause is None:
                    raise Unreachable(f"{self.origin} does not answer: {_why(error)}.") from None
            time.sleep(pause)
        raise AssertionError  # the last try returned or raised


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
    if error.code >= 500:  # noqa: PLR2004 - it is the server's fault
        return Unreachable(f"The server failed: {detail}")
    return Refused(f"The server refuses: {detail}")


def gone(state: str, at: str) -> str:
    """What became of a secret, as a sentence."""
    words = {"opened": "was opened", "burned": "was burned", "expired": "expired"}
    return f"The secret {words.get(state, 'is gone')} on {at.replace('T', ' at ').replace('Z', ' UTC')}."
