"""A client of API v2 for tests: seals and opens as any client does, over Django's own test client."""

import base64
import json
import secrets
from dataclasses import dataclass, field
from typing import Any

from django.test import Client

from secrets_app import envelope
from secrets_app.envelope import Contents, LinkKey


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


@dataclass
class Sealed:
    """A sealed secret and the body that creates it."""

    key: LinkKey
    body: dict[str, Any]
    passphrase: str | None = None

    @property
    def id(self) -> str:
        return envelope.secret_id(self.key).hex()

    def claim(self, nonce: bytes, passphrase: str | None = None) -> dict[str, str]:
        keys = envelope.derive(self.key, passphrase if passphrase is not None else self.passphrase)
        return {"proof": b64(keys.proof), "claim": b64(nonce)}


def seal(
    text: str | None = "the secret", passphrase: str | None = None, ttl: int = 3600, **contents: Any
) -> Sealed:
    key = envelope.new_link_key()
    keys = envelope.derive(key, passphrase)
    body = {
        "id": envelope.secret_id(key).hex(),
        "proof_hash": b64(envelope.proof_hash(keys.proof)),
        "envelope": b64(envelope.seal(key, passphrase, Contents(text, **contents))),
        "ttl": ttl,
        "passphrase": bool(passphrase),
    }
    return Sealed(key, body, passphrase)


@dataclass
class Api:
    """Calls API v2, with `headers` on each call; every answer is checked to be JSON and not stored."""

    headers: dict[str, str] = field(default_factory=dict)
    user: Any = None
    client: Client = field(default_factory=lambda: Client(enforce_csrf_checks=True))

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        data = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        given = {"Content-Type": "application/json", **self.headers, **headers}
        # Not as an argument: Django's client drops the type of an empty body.
        answer = self.client.generic(method, f"/api/v2/{path}", data, headers=given)
        if answer.status_code >= 400:
            assert_problem(answer)
        assert "Set-Cookie" not in answer
        return answer

    def create(self, sealed: Sealed | None = None, **headers: str) -> Any:
        answer = self.call("POST", "secrets", (sealed or seal()).body, **headers)
        assert answer.status_code == 201, answer.content
        return answer.json()

    def open(self, sealed: Sealed, nonce: bytes | None = None) -> str | None:
        claim = sealed.claim(nonce or secrets.token_bytes(16))
        answer = self.call("POST", f"secrets/{sealed.id}/claim", claim)
        assert answer.status_code == 200, answer.content
        return envelope.open_envelope(sealed.key, sealed.passphrase, unb64(answer.json()["envelope"])).text


@dataclass
class Sending:
    """An envelope with a file on its way up by segment; `parts` are the sealed segments."""

    sealed: Sealed
    body: dict[str, Any]
    parts: list[bytes]
    content: bytes
    upload: str

    @property
    def path(self) -> str:
        return f"uploads/{self.sealed.id}"

    def begin(self, api: Api) -> Any:
        return api.call("POST", "uploads", self.body)

    def put(self, api: Api, number: int, data: bytes | None = None, **headers: str) -> Any:
        given = {"Content-Type": "application/octet-stream", "Upload-Key": self.upload, **headers}
        return api.call(
            "PUT", f"{self.path}/segments/{number}", self.parts[number] if data is None else data, **given
        )

    def status(self, api: Api) -> Any:
        return api.call("GET", self.path, **{"Upload-Key": self.upload})

    def finish(self, api: Api) -> Any:
        return api.call("POST", f"{self.path}/finish", {}, **{"Upload-Key": self.upload})

    def cancel(self, api: Api) -> Any:
        return api.call("DELETE", self.path, **{"Upload-Key": self.upload})

    def send(self, api: Api) -> Any:
        """All of it, in order; the answer of the end."""
        assert self.begin(api).status_code == 201
        for number in range(len(self.parts)):
            assert self.put(api, number).status_code == 204
        answer = self.finish(api)
        assert answer.status_code == 201, answer.content
        return answer.json()

    def fetch(self, api: Api, number: int, nonce: bytes) -> Any:
        return api.call("POST", f"secrets/{self.sealed.id}/segments/{number}", {"claim": b64(nonce)})

    def open(self, parts: list[bytes]) -> envelope.Contents:
        whole = envelope.join_segments(parts)
        return envelope.open_envelope(self.sealed.key, self.sealed.passphrase, whole)


def sending(size: int = 2_500_000, text: str | None = "see the file", **more: Any) -> Sending:
    """A secret with one file of `size` random bytes: three segments where nothing is said."""
    content = secrets.token_bytes(size)
    file = envelope.File("notes.bin", "application/octet-stream", content)
    sealed = seal(text, files=(file,), **more)
    whole = unb64(sealed.body.pop("envelope"))
    upload = b64(secrets.token_bytes(16))
    body = {**sealed.body, "upload": upload, "size": len(whole)}
    return Sending(sealed, body, envelope.split_envelope(whole), content, upload)


def assert_problem(answer: Any) -> None:
    """RFC 9457, of a type that is documented, with the status that it belongs to."""
    from secrets_app.problems import PROBLEMS

    assert answer["Content-Type"] == "application/problem+json"
    assert "no-store" in answer["Cache-Control"]
    if answer.content:
        body = answer.json()
        slug = body["type"].removeprefix("/api#")
        assert PROBLEMS[slug].status == body["status"] == answer.status_code


def slug(answer: Any) -> str:
    """The name of the problem that was answered."""
    return str(answer.json()["type"]).removeprefix("/api#")
