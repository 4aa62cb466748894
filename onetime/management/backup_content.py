# ruff: noqa: SLF001 - Model._meta is public: https://docs.djangoproject.com/en/5.2/ref/models/meta/
"""What a backup holds, line by line, and how it goes back. The encryption is onetime.backup_format.

A backup is JSON lines: a head, one line a row in the order of KEPT, and an end with the counts. Rows
are Django's own serialisation, read a batch at a time by primary key, so that memory stays small and
one database's backup restores into another kind. To back up a new model, add a line to KEPT.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

from django.apps import apps
from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.core.serializers.base import DeserializationError, DeserializedObject
from django.core.serializers.python import Deserializer, Serializer
from django.db import connection
from django.db.models import Model, QuerySet

from onetime.backup_format import BadBackup
from secrets_app import restoring
from secrets_app.models import Secret, Segment

FORMAT: Final = 1


@dataclass(frozen=True, slots=True)
class Kept:
    """A model that backups hold.

    `batch` rows are in memory at once. `by_name` writes related rows by their natural key: the numbers
    of permissions differ between databases. `replaced` rows that a fresh site makes for itself are
    deleted before the backup's are written.
    """

    model: str
    batch: int = 500
    by_name: bool = False
    replaced: bool = False


KEPT: tuple[Kept, ...] = (
    Kept("auth.Group", by_name=True),
    Kept("accounts.User", by_name=True),
    Kept("accounts.Preferences"),
    Kept("accounts.ApiToken"),
    Kept("account.EmailAddress"),
    Kept("mfa.Authenticator"),
    Kept("billing.Plan", replaced=True),
    Kept("billing.PlanText", replaced=True),
    Kept("billing.PlanPrice", replaced=True),
    Kept("billing.BillingAccount"),
    Kept("secrets_app.Secret", batch=20),
    Kept("secrets_app.Segment", batch=2),  # of 1 MiB each
)

#: Models that backups leave out, and why.
LEFT_OUT: dict[str, str] = {
    "accounts.User_groups": "goes with the account",
    "accounts.User_user_permissions": "goes with the account",
    "auth.Group_permissions": "goes with the group",
    "auth.Permission": "made by migrating",
    "contenttypes.ContentType": "made by migrating",
    "secrets_app.Upload": "under way for hours; sent again",
    "account.EmailConfirmation": "under way for minutes; asked for again",
    "billing.StripeEvent": "a hint; what it hinted at is read from Stripe again",
    "sessions.Session": "a restore signs everybody out",
    "admin.LogEntry": "not needed to recover, and it quotes addresses",
}


# --- Out --------------------------------------------------------------------------------------------


@contextmanager
def snapshot() -> Iterator[None]:
    """One moment of the database for many reads, without keeping anybody from writing."""
    begin = (
        "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY" if connection.vendor == "postgresql" else "BEGIN"
    )
    with connection.cursor() as cursor:
        cursor.execute(begin)
        try:
            yield
        finally:
            cursor.execute("ROLLBACK")


def lines(*, live: bool, counts: Counter[str]) -> Iterator[bytes]:
    """The backup's lines; `counts` is filled as they are made."""
    now = datetime.now(UTC)
    yield _line({"format": FORMAT, "made_at": now.isoformat(), "live": live})
    for kept in KEPT:
        for row in _rows(kept, live=live):
            if isinstance(row, Segment) and not restoring.with_content(row):
                continue
            counts[kept.model] += 1
            if isinstance(row, Secret):
                counts["live secrets"] += restoring.for_backup(row, live=live, now=now).has_content
            yield _line(_serialised(kept, row))
    yield _line({"end": True, "counts": {kept.model: counts[kept.model] for kept in KEPT}})


def _line(data: dict[str, Any]) -> bytes:
    return json.dumps(data, default=_plain, separators=(",", ":")).encode() + b"\n"


def _plain(value: Any) -> str:
    """Times to the microsecond, which DjangoJSONEncoder would cut; everything else as its text."""
    return str(value.isoformat()) if hasattr(value, "isoformat") else str(value)


def _serialised(kept: Kept, row: Model) -> dict[str, Any]:
    data: list[dict[str, Any]] = Serializer().serialize([row], use_natural_foreign_keys=kept.by_name)
    return data[0]


def _rows(kept: Kept, *, live: bool) -> Iterator[Model]:
    """Every row by primary key, a batch at a time: no cursor that would hold them all."""
    model = apps.get_model(kept.model)
    chosen: dict[Any, Any] = {Secret: restoring.backed_up, Segment: restoring.backed_up_segments}
    rows: QuerySet[Any] = chosen[model](live=live) if model in chosen else model._default_manager.all()
    rows = rows.order_by("pk").prefetch_related(*(each.name for each in model._meta.many_to_many))
    last = None
    while batch := list((rows if last is None else rows.filter(pk__gt=last))[: kept.batch]):
        yield from batch
        last = batch[-1].pk


# --- Back -------------------------------------------------------------------------------------------


class Head(NamedTuple):
    made_at: datetime
    live: bool


def split_lines(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The lines of a text that comes in pieces of any size."""
    rest = b""
    for chunk in chunks:
        *whole, rest = (rest + chunk).split(b"\n")
        yield from whole
    if rest:
        raise BadBackup("The backup ends in the middle of a line.")


def records(chunks: Iterable[bytes]) -> Iterator[Head | DeserializedObject]:
    """The head, then every row; raises BadBackup unless the whole is what `lines` wrote."""
    found: Counter[str] = Counter()
    source = (_parsed(line) for line in split_lines(chunks))
    yield _head(next(source, {}))
    for data in source:
        if data.get("end"):
            if data.get("counts") != {kept.model: found[kept.model] for kept in KEPT} or any(
                True for _ in source
            ):
                raise BadBackup("The backup does not hold the rows that it says it holds.")
            return
        found[_label(data)] += 1
        yield _row(data)
    raise BadBackup("The backup has no end.")


def _parsed(line: bytes) -> dict[str, Any]:
    try:
        data = json.loads(line)
    except (ValueError, RecursionError):  # not JSON, or nested to exhaust the stack
        raise BadBackup("A line of the backup cannot be read.") from None
    if not isinstance(data, dict):
        raise BadBackup("A line of the backup cannot be read.")
    return data


def _head(data: dict[str, Any]) -> Head:
    if data.get("format") != FORMAT:
        raise BadBackup("The backup was made by a version that this one cannot read.")
    try:
        return Head(datetime.fromisoformat(data["made_at"]), bool(data["live"]))
    except (KeyError, TypeError, ValueError):
        raise BadBackup("The backup's first line cannot be read.") from None


def _label(data: dict[str, Any]) -> str:
    for kept in KEPT:
        if kept.model.lower() == data.get("model"):
            return kept.model
    raise BadBackup(f"The backup holds {data.get('model')}, which this version does not restore.")


def _row(data: dict[str, Any]) -> DeserializedObject:
    if data.get("pk") is None:  # or the database would be asked for another row to put it into
        raise BadBackup("A row of the backup has no number.")
    try:
        # A group that an account is in may come in the same batch: looked up when all is written.
        row: DeserializedObject = next(iter(Deserializer([data], handle_forward_references=True)))
    except (
        DeserializationError, FieldDoesNotExist, ValidationError, ValueError, TypeError, KeyError,
        AttributeError, ArithmeticError,
    ):  # fmt: skip
        raise BadBackup(
            f"A row of {data.get('model')} does not fit this version: use the version that made the backup, "
            "then upgrade."
        ) from None
    return row
