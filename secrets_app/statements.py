"""The statements of the main job, written out: create, look, claim, acknowledge.

Django takes longer to put each of these together, anew for every request, than the database takes to
run it. Everything else goes through the ORM; names and values here go through the model's fields, so
both databases read and store the same.
"""

import uuid
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from django.db import DEFAULT_DB_ALIAS, connections

from secrets_app.models import Secret, State

if TYPE_CHECKING:
    from django.db.models import QuerySet

FIELDS = {field.attname: field for field in Secret._meta.concrete_fields}  # noqa: SLF001 - documented
#: What a new row says, in the order of INSERT; the rest is NULL, or has a default in the database.
INSERTED = (
    "id", "state", "passphrase", "size", "proof_hash", "receipt_hash", "content", "segments",
    "created_at", "expires_at", "forget_at", "due_at", "owner_id", "listing_hash",
)  # fmt: skip
INSERT = (
    "INSERT INTO secrets_app_secret "
    "(id, state, passphrase, size, proof_hash, receipt_hash, content, segments, "
    "created_at, expires_at, forget_at, due_at, owner_id, listing_hash) "
    "VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING"
)
#: The statement that decides who opens.
TAKE = (
    "UPDATE secrets_app_secret SET state = %s, opened_at = %s, claim_hash = %s, hold_until = %s, due_at = %s "
    "WHERE id = %s AND state = %s AND expires_at > %s AND proof_hash = %s"
)
#: The fields of its values.
TAKEN = (
    "state", "opened_at", "claim_hash", "hold_until", "due_at", "id", "state", "expires_at", "proof_hash",
)  # fmt: skip
TAKE_AND_ERASE = TAKE.replace("SET ", "SET content = NULL, ", 1)
ERASE = (
    "UPDATE secrets_app_secret SET content = NULL, due_at = forget_at "
    "WHERE id = %s AND claim_hash = %s AND content IS NOT NULL AND segments = 0"
)


@lru_cache(maxsize=32)
def _numbered(statement: str) -> str:
    """The statement as PostgreSQL itself takes it: $1, $2, … where Django has %s."""
    first, *rest = statement.split("%s")
    return first + "".join(f"${number}{part}" for number, part in enumerate(rest, 1))


def _run(
    database: Any, statement: str, names: Sequence[str], values: Sequence[Any]
) -> tuple[int, tuple[Any, ...] | None]:
    """(how many rows it changed, the first that it found); each value is of the field named in its place.

    PostgreSQL's driver takes values as they are, SQLite what the fields make of them.
    """
    if database.vendor == "postgresql" and database.runs:
        return database.run(_numbered(statement), values)  # type: ignore[no-any-return]
    named = zip(names, values, strict=True)
    with database.cursor() as cursor:
        cursor.execute(statement, [FIELDS[name].get_db_prep_save(value, database) for name, value in named])
        return cursor.rowcount, cursor.fetchone() if cursor.description else None


def _change(statement: str, names: Sequence[str], values: Sequence[Any]) -> int:
    """How many rows it made or changed.

    With SQLite writers wait in line, but not in a transaction: it has begun, and others may wait for it.
    """
    database: Any = connections[DEFAULT_DB_ALIAS]
    in_line = database.vendor == "sqlite" and not database.in_atomic_block
    with database.turn() if in_line else nullcontext():
        rows, _first = _run(database, statement, names, values)
    return rows


def insert(secret: Secret) -> bool:
    """Store a new row; False where its id is taken."""
    fields = secret.__dict__
    stored = _change(INSERT, INSERTED, [fields.get(name) for name in INSERTED]) == 1
    state = secret._state  # noqa: SLF001 - documented: what `save` would have noted
    state.adding, state.db = not stored, DEFAULT_DB_ALIAS
    return stored


def take(secret: Secret, claim_hash: bytes, now: datetime, hold_until: datetime, *, erase: bool) -> bool:
    """Open a new secret for one claim, and for no other; whether this one won."""
    due_at = secret.forget_at if erase else hold_until
    changes = (State.OPENED, now, claim_hash, hold_until, due_at)
    condition = (secret.id, State.NEW, now, secret.proof_hash)
    return _change(TAKE_AND_ERASE if erase else TAKE, TAKEN, changes + condition) == 1


def erase_held(pk: uuid.UUID, claim_hash: bytes) -> bool:
    """Erase what one claim has received in one piece; whether there was anything."""
    return _change(ERASE, ("id", "claim_hash"), (pk, claim_hash)) == 1


class Lookup(NamedTuple):
    """A SELECT of one row by its id, as Django makes it, to be run again and again."""

    statement: str
    names: list[str]
    converters: list[tuple[int, list[Callable[..., Any]], Any]]


@lru_cache(maxsize=8)
def _lookup(vendor: str, *left_out: str) -> Lookup:
    """Made once a process for each database that it talks to: their SQL differs."""
    connection = connections[DEFAULT_DB_ALIAS]
    rows: QuerySet[Secret] = Secret.objects.defer(*left_out).filter(pk=uuid.UUID(int=0))
    compiler = rows.query.get_compiler(connection=connection)
    statement, _params = compiler.as_sql()
    columns = [column for column, _sql, _alias in compiler.select or ()]
    converters = [
        (position, kinds, expression)
        for position, (kinds, expression) in compiler.get_converters(columns).items()
    ]
    return Lookup(statement, [column.target.attname for column in columns], converters)


def by_id(pk: uuid.UUID, *left_out: str) -> Secret | None:
    """The row of one secret without the fields `left_out`."""
    database = connections[DEFAULT_DB_ALIAS]
    lookup = _lookup(database.vendor, *left_out)
    _rows, found = _run(database, lookup.statement, ("id",), (pk,))
    if found is None:
        return None
    values = list(found)
    for position, kinds, expression in lookup.converters:
        for convert in kinds:
            values[position] = convert(values[position], expression, database)
    return Secret.from_db(DEFAULT_DB_ALIAS, lookup.names, values)
