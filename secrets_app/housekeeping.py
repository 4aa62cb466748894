"""Erasing what is due: contents past their time become tombstones, tombstones and unfinished uploads go."""

from typing import NamedTuple

from django.db import connection, transaction
from django.db.models import Case, F, QuerySet, Value, When
from django.utils import timezone

from secrets_app import segments, uploads
from secrets_app.models import Secret, State, Upload

#: Segments, of 1 MiB each, that one transaction erases besides those of its last secret.
MOST_SEGMENTS = 200


class Purged(NamedTuple):
    """How many rows one pass changed."""

    erased: int = 0  # contents that became tombstones
    forgotten: int = 0  # tombstones that went
    abandoned: int = 0  # uploads that were never finished

    def __add__(self, other: object) -> "Purged":
        if not isinstance(other, Purged):
            return NotImplemented
        return Purged(*(mine + more for mine, more in zip(self, other, strict=True)))


def due() -> "QuerySet[Secret]":
    """Rows with something to do, found by one index."""
    return Secret.objects.filter(due_at__lte=timezone.now())


def purge_batch(size: int) -> Purged:
    """Purge up to `size` rows in one transaction.

    Any number of processes may run this: on PostgreSQL each locks rows that no other holds
    (SKIP LOCKED), on SQLite the transaction has the only write lock.
    """
    now = timezone.now()
    with transaction.atomic():
        rows = due().order_by("due_at")
        if connection.features.has_select_for_update_skip_locked:
            rows = rows.select_for_update(skip_locked=True)
        found = _few(rows.only("forget_at", "segments")[:size])
        ids = [(row.pk, row.forget_at <= now) for row in found]
        segments.erase(row.pk for row in found if row.segments)
        forgotten, _by_model = Secret.objects.filter(pk__in=[pk for pk, old in ids if old]).delete()
        erased = Secret.objects.filter(pk__in=[pk for pk, old in ids if not old]).update(
            content=None,
            segments=0,
            due_at=F("forget_at"),
            # An unopened secret expires; an opened one stays opened and loses what it held.
            state=Case(When(state=State.NEW, then=Value(State.EXPIRED)), default=F("state")),
        )
    return Purged(erased, forgotten)


def _few(rows: "QuerySet[Secret]") -> list[Secret]:
    """The first of `rows`, up to MOST_SEGMENTS: a transaction that erases gigabytes would hold others up."""
    found: list[Secret] = []
    count = 0
    for row in rows:
        found.append(row)
        count += row.segments
        if count >= MOST_SEGMENTS:
            break
    return found


def due_uploads() -> "QuerySet[Upload]":
    """Uploads that were never finished and are past their time."""
    return Upload.objects.filter(expires_at__lte=timezone.now())


def purge_uploads() -> Purged:
    """Erase an upload that was never finished, with its segments, in a transaction of its own."""
    with transaction.atomic():
        rows = due_uploads()
        if connection.features.has_select_for_update_skip_locked:
            rows = rows.select_for_update(skip_locked=True)
        first = rows.first()
        if first is None:
            return Purged()
        return Purged(abandoned=uploads.erase(Upload.objects.filter(pk=first.pk)))
