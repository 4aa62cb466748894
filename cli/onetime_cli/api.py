"""The calls of API v2. docs/api.md and /api describe them."""

import json
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any, NamedTuple

from onetime_cli.errors import CommandError, Unreachable
from onetime_cli.wire import Progress, Wire, as_bytes, as_json, nothing

#: For a call on our way out, which a person waits for: one try, in seconds.
PARTING_SECONDS = 5


def base64url(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def unbase64url(text: str) -> bytes:
    """The bytes of unpadded base64url. Raises ValueError."""
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


class Upload(NamedTuple):
    """The name of what is being sent, and the right to go on with it."""

    id: str
    key: str

    def headers(self) -> dict[str, str]:
        return {"Upload-Key": self.key}


class Claimed(NamedTuple):
    """What a claim has won: the envelope itself, or how many segments are to be fetched."""

    envelope: bytes | None
    segments: int
    size: int


class Server:
    """One server, called as nobody or with an account's API token."""

    def __init__(self, origin: str, token: str | None = None) -> None:
        self._wire = Wire(origin, token)
        self.origin = self._wire.origin

    def create(self, body: dict[str, Any], sent: Progress = nothing) -> dict[str, Any]:
        """Store an envelope; what was made. Repeated by itself when the connection breaks."""
        headers = {"Idempotency-Key": secrets.token_hex(16)}
        return self._json("POST", "secrets", as_json(body), headers=headers, sent=sent)

    def limits(self) -> dict[str, Any]:
        return self._json("GET", "limits")

    def status(self, secret_id: bytes) -> dict[str, Any]:
        return self._json("GET", f"secrets/{secret_id.hex()}")

    def claim(self, secret_id: bytes, proof: bytes, claim: bytes, received: Progress = nothing) -> Claimed:
        """Open a secret. The same `claim` may be repeated, so a broken connection loses nothing."""
        body = as_json({"proof": base64url(proof), "claim": base64url(claim)})
        found = self._json("POST", f"secrets/{secret_id.hex()}/claim", body, received=received)
        try:
            if "envelope" in found:
                sealed = unbase64url(found["envelope"])
                return Claimed(sealed, 0, len(sealed))
            return Claimed(None, int(found["segments"]), int(found["size"]))
        except (KeyError, TypeError, ValueError):
            raise self._not_ours() from None

    def segment(self, secret_id: bytes, number: int, claim: bytes, received: Progress = nothing) -> bytes:
        """Sealed segment `number` of a secret that this `claim` has opened."""
        body = as_json({"claim": base64url(claim)})
        path = f"secrets/{secret_id.hex()}/segments/{number}"
        return self._wire.call("POST", path, body, received=received)

    def acknowledge(self, secret_id: bytes, claim: bytes) -> None:
        self._wire.call("POST", f"secrets/{secret_id.hex()}/ack", as_json({"claim": base64url(claim)}))

    def receipt(self, key: str) -> dict[str, Any]:
        return self._json("GET", f"receipts/{key}")

    def burn(self, key: str) -> dict[str, Any]:
        return self._json("POST", f"receipts/{key}/burn")

    # Uploads: what comes by segment

    def begin(self, body: dict[str, Any]) -> None:
        """Announce an envelope that comes by segment; repeated, it is the same upload."""
        self._json("POST", "uploads", as_json(body))

    def put(self, upload: Upload, number: int, sealed: bytes, sent: Progress = nothing) -> None:
        path = f"uploads/{upload.id}/segments/{number}"
        self._wire.call("PUT", path, as_bytes(sealed), headers=upload.headers(), sent=sent)

    def missing(self, upload: Upload) -> list[int]:
        """The numbers of the segments that have not arrived."""
        found = self._json("GET", f"uploads/{upload.id}", headers=upload.headers())
        try:
            return [number for first, last in found["missing"] for number in range(first, last + 1)]
        except (KeyError, TypeError, ValueError):
            raise self._not_ours() from None

    def finish(self, upload: Upload) -> dict[str, Any]:
        """Make a secret of an upload; what was made. Raises Incomplete where a segment is missing."""
        return self._json("POST", f"uploads/{upload.id}/finish", as_json({}), headers=upload.headers())

    def cancel(self, upload: Upload) -> None:
        """Erase what was sent; on our way out, so not for long."""
        self._wire.call(
            "DELETE", f"uploads/{upload.id}", headers=upload.headers(), pauses=(), timeout=PARTING_SECONDS
        )

    def _json(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        try:
            found = json.loads(self._wire.call(*args, **kwargs))
        except ValueError:
            found = None
        if not isinstance(found, dict):
            raise self._not_ours()
        return found

    def _not_ours(self) -> CommandError:
        return Unreachable(f"{self.origin} is not a Onetime Secret server, or not one of this version.")
