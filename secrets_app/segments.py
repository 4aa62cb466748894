"""Where the segments of large envelopes are kept: the one place that reads and writes them.

In the database, or in an object store (secrets_app/objects.py) with a row for each that says where.
What comes in and goes out is under the second lock already. Who writes or erases does so in the
transaction that also changes the upload or the secret, so that both live and die together.
"""

import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from secrets_app import objects, segment_rows
from secrets_app.envelope import SecretId
from secrets_app.errors import SecretError
from secrets_app.models import Secret, Segment, Upload
from secrets_app.objects import Missing
from secrets_app.segment_rows import Kept

if TYPE_CHECKING:
    from django.db.models import QuerySet


# --- Writing ----------------------------------------------------------------------------------


@contextmanager
def kept(sealed: bytes | bytearray) -> Iterator[Kept]:
    """Give a segment to the store, before the transaction that makes the row of it: no lock waits for it.

    Where that is refused, so is the object. If the process dies in between, the sweep finds it.
    """
    where = _keep(sealed)
    try:
        yield where
    except SecretError:
        _drop([where.object])
        raise


def _keep(sealed: bytes | bytearray) -> Kept:
    store = objects.store()
    return Kept(sealed, "") if store is None else Kept(None, store.put(sealed))


def put(secret_id: uuid.UUID, number: int, where: Kept) -> None:
    """Note a segment, in the place of one that came before."""
    replaced = _objects(Segment.objects.filter(secret_id=secret_id, number=number))
    segment_rows.write(secret_id, number, where)
    _drop(replaced)


def settle(segment: Segment) -> None:
    """Take a restored segment, not saved yet, to where segments are kept here."""
    segment.content, segment.object = _keep(bytes(segment.content or b""))


def replace(place: int, change: Callable[[SecretId, int, bytes], bytes | None], *, dry_run: bool) -> bool:
    """Put what `change` makes of a segment in its place, unless that is None; whether there was a change.

    The row is locked meanwhile: a segment that is sent again, or erased, waits.
    """
    with transaction.atomic():
        row = Segment.objects.select_for_update().filter(pk=place).first()
        if row is None:
            return False
        changed = change(SecretId(row.secret_id.bytes), row.number, content_of(row))
        if changed is None:
            return False
        if not dry_run:
            where = _keep(changed)
            Segment.objects.filter(pk=place).update(content=where.content, object=where.object)
            _drop([row.object])
        return True


# --- Reading ----------------------------------------------------------------------------------


def get(secret_id: uuid.UUID, number: int) -> bytes:
    """The segment as it was put. Raises Missing."""
    where = segment_rows.read(secret_id, number)
    if where is None:
        raise Missing
    return objects.get(where.object) if where.content is None else bytes(where.content)


def content_of(row: Segment) -> bytes:
    """The segment of a whole row. Raises Missing."""
    return objects.get(row.object) if row.content is None else bytes(row.content)


def numbers(secret_id: uuid.UUID) -> list[int]:
    """The numbers of the segments that are there, in order."""
    return list(
        Segment.objects.filter(secret_id=secret_id).order_by("number").values_list("number", flat=True)
    )


def places() -> Iterator[int]:
    """The row numbers of all segments, oldest first, read a few at a time."""
    last = 0
    while batch := list(
        Segment.objects.filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[:1000]
    ):
        yield from batch
        last = batch[-1]


# --- Erasing ----------------------------------------------------------------------------------


def erase(secret_ids: Iterable[uuid.UUID]) -> int:
    """Erase all segments of secrets or uploads; how many."""
    return _erase(Segment.objects.filter(secret_id__in=list(secret_ids)))


def sweep() -> int:
    """Erase what belongs to neither an upload nor a secret that still has segments; how many.

    Of rows there should be none: every end erases its own. Objects are left by a process that died,
    or by a store that did not answer.
    """
    upload = Upload.objects.filter(id=OuterRef("secret_id"))
    secret = Secret.objects.filter(id=OuterRef("secret_id"), segments__gt=0)
    return _erase(Segment.objects.filter(~Q(Exists(upload)), ~Q(Exists(secret)))) + _sweep_objects()


def _sweep_objects() -> int:
    store, swept = objects.store(), 0
    for names in store.unnamed() if store else ():
        orphans = set(names) - set(Segment.objects.filter(object__in=names).values_list("object", flat=True))
        if store and orphans:
            store.delete(orphans)
            swept += len(orphans)
    return swept


def _erase(rows: "QuerySet[Segment]") -> int:
    with transaction.atomic():
        names = _objects(rows)
        erased, _by_model = rows.delete()
        _drop(names)
    return erased


def _objects(rows: "QuerySet[Segment]") -> list[str]:
    """The objects of rows that are about to go; nothing is asked where there can be none."""
    return [] if objects.store() is None else list(rows.exclude(object="").values_list("object", flat=True))


def _drop(names: list[str]) -> None:
    """Delete objects once it is sure that no row names them."""
    if any(names):
        transaction.on_commit(partial(objects.drop, [name for name in names if name]))
