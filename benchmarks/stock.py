"""Secrets that wait to be opened, put straight into a site's database; and room for many creations.

`python -m benchmarks.stock` runs in the environment of the site that it stocks, takes one order a
line on its standard input and answers each with "done".
"""

import base64
import hashlib
import json
import os
import secrets
import subprocess
import sys
import uuid
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

from secrets_app import envelope as format1
from secrets_app.envelope import Contents, LinkKey

ROOT = Path(__file__).resolve().parent.parent
#: load.lua proves each secret of the stock with this: it is the same for all, unlike a real one.
PROOF = base64.urlsafe_b64decode("p" * 42 + "A=")
PROOF_HASH = hashlib.sha256(PROOF).digest()
TTL = 86_400  # seconds
BATCH_BYTES = 20_000_000


class Stock:
    """The other end of the pipe: what the runner holds."""

    def __init__(self, environment: dict[str, str]) -> None:
        self.environment = environment
        self.process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.stock"],
            cwd=ROOT, env=environment, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip

    def order(self, what: str, **more: Any) -> None:
        assert self.process.stdin  # noqa: S101 - asked for above
        assert self.process.stdout  # noqa: S101
        self.process.stdin.write(json.dumps({"what": what, **more}) + "\n")
        self.process.stdin.flush()
        if self.process.stdout.readline() != "done\n":
            raise RuntimeError(f"stocking failed: {what}")

    def close(self) -> None:
        assert self.process.stdin  # noqa: S101
        self.process.stdin.close()
        self.process.wait(30)


def text(size: int) -> str:
    """`size` bytes of text; what it says changes no figure."""
    return ("The quick brown fox jumps over the lazy dog. " * (size // 45 + 1))[:size]


def sealed(size: int) -> bytes:
    """An envelope of a text of `size` bytes. The server cannot open one, so all may be the same."""
    return format1.seal(format1.new_link_key(), None, Contents(text(size)))


def body(scenario: str, size: int) -> bytes:
    """What load.lua puts into each request."""
    if scenario == "create":
        encoded = base64.urlsafe_b64encode(sealed(size)).rstrip(b"=").decode()
        proof_hash = base64.urlsafe_b64encode(PROOF_HASH).rstrip(b"=").decode()
        return f'"proof_hash":"{proof_hash}","envelope":"{encoded}","ttl":{TTL},"passphrase":false}}'.encode()
    field = {"share": f"ttl={TTL}&secret=", "peer_create": "ttl=day&password="}[scenario]
    return (field + text(size).replace(" ", "+")).encode()


# --- In the site's environment ------------------------------------------------------------------------


def _row(secret_id: format1.SecretId, proof_hash: bytes, envelope: bytes) -> Any:
    from django.utils import timezone

    from secrets_app import services
    from secrets_app.models import Secret, State

    now = timezone.now()
    return Secret(
        id=uuid.UUID(bytes=secret_id),
        state=State.NEW,
        passphrase=False,
        size=len(envelope),
        proof_hash=proof_hash,
        receipt_hash=secrets.token_bytes(32),
        content=services.keyring().seal(secret_id, 0, envelope),
        created_at=now,
        expires_at=now + timedelta(seconds=TTL),
        forget_at=now + timedelta(seconds=2 * TTL),
        due_at=now + timedelta(seconds=TTL),
    )


def _for_claims(size: int, count: int) -> Iterator[tuple[str, Any]]:
    envelope = sealed(size)
    for _ in range(count):
        secret_id = format1.SecretId(secrets.token_bytes(16))
        yield secret_id.hex(), _row(secret_id, PROOF_HASH, envelope)


def _for_openings(size: int, count: int) -> Iterator[tuple[str, Any]]:
    contents = Contents(text(size))
    for _ in range(count):
        link: LinkKey = format1.new_link_key()
        secret_id, keys = format1.secret_id(link), format1.derive(link, None)
        envelope = format1.seal_with(keys.content_key, secret_id, contents)
        yield link, _row(secret_id, format1.proof_hash(keys.proof), envelope)


def put(kind: str, size: int, count: int) -> Iterator[str]:
    """Store `count` secrets that wait for a claim ("claim") or for API v1 ("open"); their names."""
    batch = max(1, min(1000, BATCH_BYTES // size))
    waiting: list[Any] = []
    for name, row in {"claim": _for_claims, "open": _for_openings}[kind](size, count):
        waiting.append(row)
        if len(waiting) == batch:
            _store(waiting)
            waiting.clear()
        yield name
    _store(waiting)
    _settle()


def _store(rows: list[Any]) -> None:
    """COPY where there is one: it is five times as fast as an INSERT of as many rows."""
    from django.db import connection

    from secrets_app.models import Secret
    from secrets_app.statements import INSERTED

    if connection.vendor != "postgresql":
        Secret.objects.bulk_create(rows)
        return
    table, columns = Secret._meta.db_table, ", ".join(INSERTED)  # noqa: SLF001 - Django's own name for it
    with connection.cursor() as cursor, cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as copy:
        for row in rows:
            values = (getattr(row, name) for name in INSERTED)
            copy.write_row([str(value) if isinstance(value, str) else value for value in values])


def _settle() -> None:
    """What was put there is on disk before anything is measured: writing it is no part of a claim."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("CHECKPOINT" if connection.vendor == "postgresql" else "PRAGMA wal_checkpoint")


def _clear() -> None:
    from django.db import connection

    from secrets_app.models import Secret

    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(f"TRUNCATE {Secret._meta.db_table}")  # noqa: SLF001 - Django's own name for it
        else:
            # What is thrown away here was never anybody's secret.
            cursor.execute("PRAGMA secure_delete=OFF")
            Secret.objects.all().delete()


def _allow() -> None:
    """Counting goes on, and never refuses."""
    from billing.models import Plan

    Plan.objects.update(creates_per_hour=1_000_000_000, creates_per_day=1_000_000_000)


def obey(order: dict[str, Any]) -> None:
    match order.pop("what"):
        case "claim" | "open" as kind:
            with Path(order["path"]).open("w") as file:
                file.writelines(f"{name}\n" for name in put(kind, order["size"], order["count"]))
        case "clear":
            _clear()
        case "allow":
            _allow()
        case unknown:
            raise ValueError(unknown)


def main() -> None:
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "onetime.settings")
    django.setup()
    for line in sys.stdin:
        obey(json.loads(line))
        sys.stdout.write("done\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
