"""What the database itself allows: a bare insert and a bare conditional update, from one process."""

import secrets
import time
import uuid
from collections.abc import Callable

import psycopg

from benchmarks import machine

#: The row of a secret of 1 kB, with the indexes that ours has; and no Django.
TABLE = """
CREATE TABLE IF NOT EXISTS bare (
  id uuid PRIMARY KEY, state varchar(7) NOT NULL, proof_hash bytea NOT NULL,
  receipt_hash bytea UNIQUE NOT NULL,
  content bytea, created_at timestamptz NOT NULL, expires_at timestamptz NOT NULL, opened_at timestamptz,
  due_at timestamptz NOT NULL);
CREATE INDEX IF NOT EXISTS bare_due ON bare (due_at);
"""
INSERT = (
    "INSERT INTO bare VALUES (%s, 'new', %s, %s, %s, now(), "
    "now() + interval '1 day', NULL, now() + interval '1 day')"
)
UPDATE = (
    "UPDATE bare SET state = 'opened', opened_at = now(), due_at = now() + interval '2 minutes' "
    "WHERE id = %s AND state = 'new' AND expires_at > now() AND proof_hash = %s"
)
CONTENT = secrets.token_bytes(1313)  # as 1 kB of text is stored
HASH = secrets.token_bytes(32)


def rates(url: str, seconds: float) -> dict[str, tuple[float, float]]:
    """Inserts and conditional updates a second, each committed to disk before the next.

    With each the microseconds that all processors worked for one.
    """
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(TABLE)
        connection.execute("TRUNCATE bare")
        cursor = connection.cursor()
        ids: list[uuid.UUID] = []

        def insert() -> None:
            ids.append(uuid.uuid4())
            cursor.execute(INSERT, (ids[-1], HASH, secrets.token_bytes(32), CONTENT))

        def update() -> None:
            cursor.execute(UPDATE, (waiting.pop(), HASH))

        inserted = _rate(insert, seconds, lambda: True)
        waiting = ids[::-1]
        return {"insert": inserted, "update": _rate(update, seconds, lambda: bool(waiting))}


def _rate(act: Callable[[], None], seconds: float, more: Callable[[], bool]) -> tuple[float, float]:
    began, busy, done = time.perf_counter(), machine.busy_seconds(), 0
    while time.perf_counter() - began < seconds and more():
        act()
        done += 1
    rate = done / (time.perf_counter() - began)
    return rate, 1e6 * (machine.busy_seconds() - busy) / done
