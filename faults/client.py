"""Clients that keep a ledger: they create, claim, acknowledge and burn, and repeat what got no answer."""

import base64
import http.client
import json
import random
import secrets
import ssl
import threading
import time
from typing import Any

from faults.ledger import Entry, Ledger, now
from secrets_app import envelope
from secrets_app.envelope import Contents, File, LinkKey

#: Seconds for which a call is repeated: less than the hold, so that a holder is still one.
PATIENCE = 60.0
TIMEOUT = 8.0
API = "/api/v2"
OCTETS = "application/octet-stream"


class NoAnswer(Exception):
    """Nothing came back: it may have been done, or not."""


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Client(threading.Thread):
    """One of several, each with a generator of its own so that a run can be repeated."""

    #: The share of secrets that carry a file and go by segment.
    files = 0.12

    def __init__(
        self,
        port: int,
        ledger: Ledger,
        stop: threading.Event,
        seed: int,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        super().__init__(daemon=True)
        self.port, self.ledger, self.stop, self.tls = port, ledger, stop, tls
        self.random = random.Random(seed)  # noqa: S311 - decides what to do, seals nothing
        self.problems: list[str] = []

    def run(self) -> None:
        while not self.stop.is_set():
            try:
                self.step()
            except NoAnswer:
                self.ledger.count("given up")
            except Exception as error:  # noqa: BLE001 - a defect of the harness must not pass for a good run
                self.problems.append(f"{type(error).__name__}: {error}")
                return

    def step(self) -> None:
        entry = self.create()
        what = self.random.random()
        if what < 0.25:
            return
        if what < 0.4:
            self.burn(entry)
            return
        self.open(entry, rivals=what > 0.8)

    # --- Calls --------------------------------------------------------------------------------------

    def connection(self) -> http.client.HTTPConnection:
        if self.tls is not None:
            return http.client.HTTPSConnection("localhost", self.port, timeout=TIMEOUT, context=self.tls)
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=TIMEOUT)

    def once(self, method: str, path: str, body: bytes = b"", **headers: str) -> tuple[int, bytes]:
        """One try. Raises NoAnswer unless a whole answer arrived."""
        connection = self.connection()
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        try:
            connection.request(method, path, body=body or None, headers=named)
            answer = connection.getresponse()
            whole = answer.read()
        except (OSError, http.client.HTTPException) as error:
            raise NoAnswer from error
        finally:
            connection.close()
        if answer.status != 204 and "Content-Length" not in answer.headers:
            raise NoAnswer  # it broke off within its header
        return answer.status, whole

    def ask(self, what: str, method: str, path: str, body: Any = b"", **headers: str) -> tuple[int, bytes]:
        """Again and again until there is an answer that is no failure of the server."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        kind = OCTETS if isinstance(body, bytes) and body else "application/json"
        begun = time.monotonic()
        while time.monotonic() < begun + PATIENCE:
            try:
                status, answer = self.once(method, API + path, data, Content_Type=kind, **headers)
            except NoAnswer:
                self.ledger.count(f"{what}: no answer")
            else:
                if status < 500:
                    self.ledger.count(f"{what}: {status}", time.monotonic() - begun)
                    return status, answer
                self.ledger.count(f"{what}: {status}")
            time.sleep(self.random.uniform(0.02, 0.2))
        raise NoAnswer

    # --- What is done -------------------------------------------------------------------------------

    def create(self) -> Entry:
        key = envelope.new_link_key()
        by_segment = self.random.random() < self.files
        text = secrets.token_urlsafe(self.random.choice((20, 200, 2000)))
        ttl = self.random.choice((3600, 86400, 604800))
        entry = Entry(key, envelope.secret_id(key).hex(), text, by_segment, ttl)
        self.ledger.add(entry)
        if by_segment:
            self.upload(entry)
        else:
            self.send(entry)
        entry.confirmed_at = now()
        return entry

    def sealed(self, entry: Entry, *files: File) -> tuple[bytes, str]:
        """(envelope, hash of the proof)"""
        keys = envelope.derive(LinkKey(entry.key), None)
        sealed = envelope.seal_with(
            keys.content_key, envelope.secret_id(LinkKey(entry.key)), Contents(entry.text, files)
        )
        return sealed, b64(envelope.proof_hash(keys.proof))

    def send(self, entry: Entry) -> None:
        sealed, proof_hash = self.sealed(entry)
        body = {
            "id": entry.secret_id, "proof_hash": proof_hash, "envelope": b64(sealed), "ttl": entry.ttl,
            "passphrase": False,
        }  # fmt: skip
        headers = {"Idempotency_Key": secrets.token_hex(16)}
        status, answer = self.ask("create", "POST", "/secrets", body, **headers)
        self.expect(status == 201, "create", status, answer)
        entry.receipt = json.loads(answer)["receipt"]

    def upload(self, entry: Entry) -> None:
        size = 1_200_000 if self.random.random() < 0.15 else 1000
        sealed, proof_hash = self.sealed(entry, File("a.bin", OCTETS, secrets.token_bytes(size)))
        upload = b64(secrets.token_bytes(16))
        body = {
            "id": entry.secret_id, "upload": upload, "size": len(sealed), "proof_hash": proof_hash,
            "ttl": entry.ttl, "passphrase": False,
        }  # fmt: skip
        status, answer = self.ask("begin", "POST", "/uploads", body)
        self.expect(status in {200, 201}, "begin", status, answer)
        for number, part in enumerate(envelope.split_envelope(sealed)):
            path = f"/uploads/{entry.secret_id}/segments/{number}"
            status, answer = self.ask("segment up", "PUT", path, part, Upload_Key=upload)
            self.expect(status == 204, "segment up", status, answer)
        status, answer = self.ask(
            "finish", "POST", f"/uploads/{entry.secret_id}/finish", {}, Upload_Key=upload
        )
        self.expect(status == 201, "finish", status, answer)
        entry.receipt = json.loads(answer)["receipt"]

    def open(self, entry: Entry, *, rivals: bool) -> None:
        """By one, or by two at once; who got it acknowledges, mostly."""
        claims = [secrets.token_bytes(16) for _rival in range(2 if rivals else 1)]
        entry.claimed_at = now()
        threads = [threading.Thread(target=self.claim, args=(entry, claim), daemon=True) for claim in claims]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        holder = next((claim for claim in claims if claim.hex() in entry.holders), None)
        if holder is not None and self.random.random() < 0.6:
            entry.acknowledge_asked = True
            status, _answer = self.ask(
                "ack", "POST", f"/secrets/{entry.secret_id}/ack", {"claim": b64(holder)}
            )
            entry.acknowledged = status == 204

    def claim(self, entry: Entry, claim: bytes) -> None:
        try:
            self.fetch(entry, claim)
        except NoAnswer:
            entry.lost = f"{claim.hex()}: no answer for {PATIENCE:.0f} s"

    def fetch(self, entry: Entry, claim: bytes) -> None:
        key = LinkKey(entry.key)
        keys = envelope.derive(key, None)
        body = {"proof": b64(keys.proof), "claim": b64(claim)}
        status, answer = self.ask("claim", "POST", f"/secrets/{entry.secret_id}/claim", body)
        if status == 410:
            entry.refused.add(claim.hex())
            return
        if status != 200:
            entry.lost = f"{claim.hex()}: {status} {answer[:100]!r}"
            return
        found = json.loads(answer)
        if "envelope" in found:
            sealed = base64.urlsafe_b64decode(found["envelope"] + "==")
        else:
            parts = []
            for number in range(found["segments"]):
                path = f"/secrets/{entry.secret_id}/segments/{number}"
                status, part = self.ask("segment down", "POST", path, {"claim": b64(claim)})
                if status != 200:
                    entry.lost = f"{claim.hex()}: segment {number}: {status}"
                    return
                parts.append(part)
            sealed = envelope.join_segments(parts)
        contents = envelope.open_with(keys.content_key, envelope.secret_id(key), sealed)
        if contents.text != entry.text:
            entry.lost = f"{claim.hex()}: another text"
            return
        entry.holders.add(claim.hex())

    def burn(self, entry: Entry) -> None:
        entry.burn_asked = True
        status, answer = self.ask("burn", "POST", f"/receipts/{entry.receipt}/burn", {})
        # 410: an earlier try did it, and its answer was lost.
        self.expect(status in {200, 410}, "burn", status, answer)
        entry.burned = True

    def expect(self, held: bool, what: str, status: int, answer: bytes) -> None:
        if not held:
            raise AssertionError(f"{what}: {status} {answer[:200]!r}")
