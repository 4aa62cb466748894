"""Where the segments of large envelopes are kept: the one place that reads and writes them.

What comes in and goes out is under the second lock already. Who writes or erases does so in the
transaction that also changes the upload or the secret, so that both live and die together.
"""

import uuid
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from secrets_app.envelope import SecretId
from secrets_app.models import Secret, Segment, Upload

if TYPE_CHECKING:
    from django.db.models import QuerySet


class Missing(LookupError):
    """There is no such segment: it was erased, or never came."""


def put(secret_id: uuid.UUID, number: int, sealed: bytes) -> None:
    """Keep a segment, in the place of one that came before."""
    Segment.objects.bulk_create(
        [Segment(secret_id=secret_id, number=number, content=sealed)],
        update_conflicts=True,
        unique_fields=["secret_id", "number"],
        update_fields=["content"],
    )


def get(secret_id: uuid.UUID, number: int) -> bytes:
    """The segment as it was put. Raises Missing."""
    row = Segment.objects.filter(secret_id=secret_id, number=number).only("content").first()
    if row is None or row.content is None:
        raise Missing
    return bytes(row.content)


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


def replace(place: int, change: Callable[[SecretId, int, bytes], bytes | None], *, dry_run: bool) -> bool:
    """Put what `change` makes of a segment in its place, unless that is None; whether there was a change.

    The row is locked meanwhile: a segment that is sent again, or erased, waits.
    """
    with transaction.atomic():
        row = Segment.objects.select_for_update().filter(pk=place).first()
        if row is None or row.content is None:
            return False
        changed = change(SecretId(row.secret_id.bytes), row.number, bytes(row.content))
        if changed is None:
            return False
        if not dry_run:
            Segment.objects.filter(pk=place).update(content=changed)
        return True


def erase(secret_ids: Iterable[uuid.UUID]) -> int:
    """Erase all segments of secrets or uploads; how many."""
    return _erase(Segment.objects.filter(secret_id__in=list(secret_ids)))


def sweep() -> int:
    """Erase what belongs to neither an upload nor a secret that still has segments; how many.

    There should be none: every end erases its own. This is for what nobody thought of.
    """
    upload = Upload.objects.filter(id=OuterRef("secret_id"))
    secret = Secret.objects.filter(id=OuterRef("secret_id"), segments__gt=0)
    return _erase(Segment.objects.filter(~Q(Exists(upload)), ~Q(Exists(secret))))


def _erase(rows: "QuerySet[Segment]") -> int:
    erased, _by_model = rows.delete()
    return erased
