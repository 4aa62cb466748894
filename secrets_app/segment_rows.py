"""The bytes of segments into and out of their rows.

PostgreSQL's driver would write them as hexadecimal into the text of the statement, and read them so:
several copies, of twice the size, for each segment of 1 MiB that is under way. Binary, there is one.
"""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from django.db import connection

from secrets_app.models import Segment

_WRITE = """
INSERT INTO secrets_app_segment (secret_id, number, content, object) VALUES (%s, %s, %b, %s)
ON CONFLICT (secret_id, number) DO UPDATE SET content = EXCLUDED.content, object = EXCLUDED.object
"""
_READ = "SELECT content, object FROM secrets_app_segment WHERE secret_id = %s AND number = %s"


class Kept(NamedTuple):
    """Where the bytes of a segment are: in the row itself, or in an object of that name."""

    content: bytes | bytearray | None
    object: str


def write(secret_id: uuid.UUID, number: int, where: Kept) -> None:
    """Make the row, or change the one that is there."""
    if connection.vendor == "postgresql":
        with _binary() as cursor:
            cursor.execute(_WRITE, [secret_id, number, where.content, where.object])
        return
    Segment.objects.bulk_create(
        [Segment(secret_id=secret_id, number=number, content=where.content, object=where.object)],
        update_conflicts=True,
        unique_fields=["secret_id", "number"],
        update_fields=["content", "object"],
    )


def read(secret_id: uuid.UUID, number: int) -> Kept | None:
    """What the row says, or None where there is none."""
    if connection.vendor == "postgresql":
        with _binary() as cursor:
            cursor.execute(_READ, [secret_id, number], binary=True)
            found = cursor.fetchone()
    else:
        found = (
            Segment.objects.filter(secret_id=secret_id, number=number)
            .values_list("content", "object")
            .first()
        )
    return found and Kept(*found)


@contextmanager
def _binary() -> Iterator[Any]:
    """A cursor that sends values beside the statement, in the transaction that Django is in."""
    from psycopg import Cursor

    connection.ensure_connection()
    with connection.wrap_database_errors, Cursor(connection.connection) as cursor:
        yield cursor
