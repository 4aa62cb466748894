"""Erasing from the disk what was erased from the table."""

from django.conf import settings
from django.db import connection


def forget_on_disk(*, wait: bool) -> None:
    """On SQLite, carry erasures from the write-ahead log into the file and empty the log.

    secure_delete overwrites erased content in the file, but the log still holds the older page
    until it is checkpointed. A request does not wait for readers to leave; the purge does.
    PostgreSQL overwrites erased rows when it vacuums, by itself.
    """
    if connection.vendor != "sqlite" or connection.in_atomic_block:
        return
    patience = settings.DATABASES["default"]["OPTIONS"]["timeout"] * 1000
    with connection.cursor() as cursor:
        cursor.execute(f"PRAGMA busy_timeout = {patience if wait else 0}")
        try:
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            cursor.fetchall()
        finally:
            cursor.execute(f"PRAGMA busy_timeout = {patience}")
