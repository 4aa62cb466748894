# ruff: noqa: SLF001 - Model._meta is public: https://docs.djangoproject.com/en/5.2/ref/models/meta/
"""Putting a backup back: first everything is checked, then all of it is written in one transaction."""

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

from django.apps import apps
from django.contrib.auth import get_user_model
from django.core.management.color import no_style
from django.core.serializers.base import DeserializationError, DeserializedObject
from django.db import IntegrityError, connection, transaction
from django.db.migrations.executor import MigrationExecutor
from django.db.models import Field, ForeignKey, Model

from onetime.backup_format import BackupError
from onetime.journal import Journal, account_name
from onetime.management.backup_content import KEPT, Head, records
from secrets_app import restoring, segments
from secrets_app.models import Secret, Segment
from secrets_app.restoring import Outcome, Pieces, WrongServerKeys


class NotRestorable(BackupError):
    """The backup is good and this database cannot take it; the message says why."""


@dataclass(slots=True)
class Result:
    """What a restore did, or would do."""

    made_at: datetime | None = None
    journal_complete: bool = False
    rows: Counter[str] = field(default_factory=Counter)
    secrets: Counter[Outcome] = field(default_factory=Counter)
    closed_accounts: int = 0
    pieces: Pieces = field(default_factory=Pieces)


def check_target() -> None:
    """Raise NotRestorable unless this database is migrated and holds nothing that would be lost."""
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        raise NotRestorable("This database is not migrated: run `manage.py prepare` first.")
    for kept in KEPT:
        if not kept.replaced and apps.get_model(kept.model)._default_manager.exists():
            raise NotRestorable(
                f"This database is in use: there are rows of {kept.model}. Restore into a fresh one."
            )


def restore(chunks: Iterable[bytes], journal: Journal | None, *, live: bool = True) -> Result:
    """Write a backup into this database in one transaction; nothing is changed if anything is wrong.

    Raises BackupError.
    """
    result = Result()
    try:
        with transaction.atomic():
            _empty_replaced()
            waiting: list[DeserializedObject] = []
            for batch in _batches(planned(chunks, journal, result, live=live)):
                for row in batch:
                    if isinstance(row.object, Segment):
                        segments.settle(row.object)
                _insert(batch)
                waiting += [row for row in batch if row.deferred_fields]
            restoring.lose(result.pieces.incomplete(), datetime.now(UTC))
            _join(waiting)
            _reset_sequences()
            connection.check_constraints()
    except IntegrityError as error:
        raise NotRestorable(
            f"The rows of the backup contradict each other: {type(error).__name__}."
        ) from error
    return result


def check(chunks: Iterable[bytes], journal: Journal | None, *, live: bool = True) -> Result:
    """What `restore` would do, having read and understood the whole backup. Raises BackupError."""
    result = Result()
    for _row in planned(chunks, journal, result, live=live):
        pass
    return result


def planned(
    chunks: Iterable[bytes], journal: Journal | None, result: Result, *, live: bool
) -> Iterator[DeserializedObject]:
    """The rows as they must be written now, counted into `result`; live secrets only with `live`."""
    now = datetime.now(UTC)
    left_out: set[tuple[type[Model], object]] = set()
    for record in records(chunks):
        if isinstance(record, Head):
            result.made_at = record.made_at
            result.journal_complete = journal is not None and journal.since <= record.made_at
            continue
        row = record.object
        if _is_closed(row, journal) or _belongs_to(row, left_out):
            result.closed_accounts += isinstance(row, get_user_model())
            left_out.add((type(row), row.pk))
            continue
        if isinstance(row, Secret):
            outcome = _restored(row, journal, complete=live and result.journal_complete, now=now)
            result.secrets[outcome] += 1
            if outcome is Outcome.FORGOTTEN:
                left_out.add((type(row), row.pk))
                continue
            if outcome is Outcome.LIVE:
                result.pieces.expect(row)
        if isinstance(row, Segment) and not _taken(result.pieces, row):
            continue
        result.rows[row._meta.label] += 1
        yield record
    incomplete = len(result.pieces.incomplete())
    result.secrets[Outcome.LIVE] -= incomplete
    result.secrets[Outcome.LOST] += incomplete


def _restored(secret: Secret, journal: Journal | None, *, complete: bool, now: datetime) -> Outcome:
    with _right_keys():
        return restoring.restored(secret, journal, complete=complete, now=now)


def _taken(pieces: Pieces, segment: Segment) -> bool:
    with _right_keys():
        return pieces.take(segment)


@contextmanager
def _right_keys() -> Iterator[None]:
    try:
        yield
    except WrongServerKeys as error:
        raise NotRestorable(
            f"A live secret in the backup does not open with SECRET_ENCRYPTION_KEYS ({error}): give the keys "
            "of the site that made the backup, or restore with --without-live-secrets."
        ) from None


def _is_closed(row: Model, journal: Journal | None) -> bool:
    """Whether the row is an account that was closed since the backup."""
    if journal is None or not isinstance(row, get_user_model()):
        return False
    return account_name(row.pk, row.created_at) in journal.lines


def _belongs_to(row: Model, left_out: set[tuple[type[Model], object]]) -> bool:
    """Whether the row needs one that was left out; a reference that may be empty is emptied."""
    for each in row._meta.concrete_fields:
        if isinstance(each, ForeignKey) and (each.related_model, getattr(row, each.attname)) in left_out:
            if not each.null:
                return True
            setattr(row, each.attname, None)
    return False


# --- Writing ----------------------------------------------------------------------------------------


def _empty_replaced() -> None:
    for kept in reversed(KEPT):
        if kept.replaced:
            apps.get_model(kept.model)._default_manager.all().delete()


def _batches(rows: Iterator[DeserializedObject]) -> Iterator[list[DeserializedObject]]:
    """Neighbouring rows of one model, few enough to be in memory together."""
    sizes = {apps.get_model(kept.model): kept.batch for kept in KEPT}
    batch: list[DeserializedObject] = []
    for row in rows:
        if batch and (type(batch[0].object) is not type(row.object) or len(batch) >= sizes[type(row.object)]):
            yield batch
            batch = []
        batch.append(row)
    if batch:
        yield batch


def _insert(batch: list[DeserializedObject]) -> None:
    """INSERT as the backup has it: raw, so that no field sets its own value (auto_now)."""
    model = type(batch[0].object)
    if any(_sets_itself(each) for each in model._meta.concrete_fields):
        for row in batch:
            row.object.save_base(raw=True, force_insert=True)
    else:
        model._default_manager.bulk_create([row.object for row in batch])
    for row in batch:
        for name, values in (row.m2m_data or {}).items():
            getattr(row.object, name).set(values)


def _join(waiting: list[DeserializedObject]) -> None:
    """Put accounts into their groups: few, for only operators are in any. Raises NotRestorable."""
    try:
        for row in waiting:
            row.save_deferred_fields()
    except DeserializationError:
        raise NotRestorable("A group or permission in the backup does not exist in this version.") from None


def _sets_itself(each: "Field[object, object]") -> bool:
    return bool(getattr(each, "auto_now", False) or getattr(each, "auto_now_add", False))


def _reset_sequences() -> None:
    """On PostgreSQL, let the next row get a number after the restored ones."""
    models = [apps.get_model(kept.model) for kept in KEPT]
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), models):
            cursor.execute(statement)
