"""A client that sends and fetches by segment over HTTP, holding one segment at a time."""

import base64
import http.client
import json
import os
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from secrets_app import envelope
from secrets_app.envelope import SEGMENT_BYTES, FileMeta, LinkKey

BYTES = {"Content-Type": "application/octet-stream"}
JSON = {"Content-Type": "application/json"}


def to_base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Unexpected(AssertionError):
    """The server answered something else than this client asked for."""


class Connection:
    """A kept connection to one port of this machine."""

    def __init__(self, port: int) -> None:
        self.http = http.client.HTTPConnection("127.0.0.1", port, timeout=120)

    def call(self, method: str, path: str, body: Any = None, *, wanted: int = 200, **headers: str) -> bytes:
        raw = isinstance(body, bytes)
        given = (BYTES if raw else JSON) | {name.replace("_", "-"): value for name, value in headers.items()}
        self.http.request(method, path, body if raw else json.dumps(body or {}), given)
        answer = self.http.getresponse()
        data = answer.read()
        if answer.status != wanted:
            raise Unexpected(f"{method} {path.rpartition('/')[2]}: {answer.status} {data[:200]!r}")
        return data


@dataclass
class Sent:
    """A secret that holds one file of zeros; zeros cost as much to encrypt as anything else."""

    size: int  # bytes of the file
    key: LinkKey = field(default_factory=envelope.new_link_key)
    nonce: bytes = field(default_factory=lambda: secrets.token_bytes(16))
    upload: str = field(default_factory=lambda: to_base64(secrets.token_bytes(16)))

    def __post_init__(self) -> None:
        self.id = envelope.secret_id(self.key)
        self.keys = envelope.derive(self.key, None)
        self.header = envelope.pack_header(None, [FileMeta("zeros", "", self.size)])
        self.padded = envelope.padded_size(len(self.header) + self.size)
        self.segments = envelope.segment_count(self.padded)

    def sealed(self) -> Iterator[bytes]:
        for number in range(self.segments):
            size = min(SEGMENT_BYTES, self.padded - number * SEGMENT_BYTES)
            chunk = (self.header if number == 0 else b"").ljust(size, b"\0")
            yield envelope.seal_segment(
                self.keys.content_key, self.id, number, number == self.segments - 1, chunk
            )

    def begin(self, to: Connection) -> None:
        body = {
            "id": self.id.hex(), "upload": self.upload, "size": envelope.envelope_size(self.padded),
            "proof_hash": to_base64(envelope.proof_hash(self.keys.proof)), "ttl": 3600, "passphrase": False,
        }  # fmt: skip
        to.call("POST", "/api/v2/uploads", body, wanted=201)

    def put(self, to: Connection, number: int, part: bytes) -> None:
        path = f"/api/v2/uploads/{self.id.hex()}/segments/{number}"
        to.call("PUT", path, part, wanted=204, Upload_Key=self.upload)

    def finish(self, to: Connection) -> None:
        to.call("POST", f"/api/v2/uploads/{self.id.hex()}/finish", wanted=201, Upload_Key=self.upload)

    def send(self, to: Connection) -> None:
        self.begin(to)
        for number, part in enumerate(self.sealed()):
            self.put(to, number, part)
        self.finish(to)

    def pass_through(self, to: Connection) -> None:
        """Send it, and receive it again."""
        self.send(to)
        self.receive(to)

    def claim(self, to: Connection) -> None:
        body = {"proof": to_base64(self.keys.proof), "claim": to_base64(self.nonce)}
        to.call("POST", f"/api/v2/secrets/{self.id.hex()}/claim", body)

    def fetch(self, to: Connection, number: int) -> bytes:
        """A segment of the plaintext, opened as every client opens it."""
        body = {"claim": to_base64(self.nonce)}
        part = to.call("POST", f"/api/v2/secrets/{self.id.hex()}/segments/{number}", body)
        last = number == self.segments - 1
        return envelope.open_segment(self.keys.content_key, self.id, number, last, part)

    def receive(self, to: Connection) -> None:
        """Claim, fetch and open all, acknowledge. Raises BadEnvelope where a byte differs."""
        self.claim(to)
        for number in range(self.segments):
            self.fetch(to, number)
        body = {"claim": to_base64(self.nonce)}
        to.call("POST", f"/api/v2/secrets/{self.id.hex()}/ack", body, wanted=204)


def workers_of(server: int) -> list[int]:
    """The process ids of a server's workers."""
    found = []
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            text = status.read_text()
        except OSError:  # it has just ended
            continue
        if f"\nPPid:\t{server}\n" in text and "python" in _command(status.parent):
            found.append(int(status.parent.name))
    return found


def _command(process: Path) -> str:
    try:
        return (process / "cmdline").read_bytes().decode(errors="replace")
    except OSError:
        return ""


def resident(process: int) -> int:
    """Bytes of memory that a process has now."""
    pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")
