"""Erasing what is due: contents past their time become tombstones, tombstones past theirs go."""

from typing import NamedTuple

from django.db import connection, transaction
from django.db.models import Case, F, QuerySet, Value, When
from django.utils import timezone

from secrets_app.models import Secret, State


class Purged(NamedTuple):
    """How many rows one pass changed."""

    erased: int = 0  # contents that became tombstones
    forgotten: int = 0  # tombstones that went

    def __add__(self, other: object) -> "Purged":
        if not isinstance(other, Purged):
            return NotImplemented
        return Purged(self.erased + other.erased, self.forgotten + other.forgotten)


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
        ids = [(row.pk, row.forget_at <= now) for row in rows.only("forget_at")[:size]]
        forgotten, _by_model = Secret.objects.filter(pk__in=[pk for pk, old in ids if old]).delete()
        erased = Secret.objects.filter(pk__in=[pk for pk, old in ids if not old]).update(
            content=None,
            due_at=F("forget_at"),
            # An unopened secret expires; an opened one stays opened and loses what it held.
            state=Case(When(state=State.NEW, then=Value(State.EXPIRED)), default=F("state")),
        )
    return Purged(erased, forgotten)
