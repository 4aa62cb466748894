"""The statements of the main job, written out: create, look, claim, acknowledge.

Django takes longer to put each of these together, anew for every request, than the database takes to
run it. Everything else goes through the ORM; names and values here go through the model's fields, so
both databases read and store the same.
"""

import uuid
from collections.abc import Callable
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from django.db import connection

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
TAKE_AND_ERASE = TAKE.replace("SET ", "SET content = NULL, ", 1)
ERASE = (
    "UPDATE secrets_app_secret SET content = NULL, due_at = forget_at "
    "WHERE id = %s AND claim_hash = %s AND content IS NOT NULL AND segments = 0"
)


def _value(name: str, value: Any) -> Any:
    """A value as the database takes it for the field `name`."""
    return FIELDS[name].get_db_prep_save(value, connection)


def _run(statement: str, values: list[Any]) -> int:
    """How many rows it made or changed."""
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return int(cursor.rowcount)


def insert(secret: Secret) -> bool:
    """Store a new row; False where its id is taken."""
    stored = _run(INSERT, [_value(name, getattr(secret, name)) for name in INSERTED]) == 1
    state = secret._state  # noqa: SLF001 - documented: what `save` would have noted
    state.adding, state.db = not stored, connection.alias
    return stored


def take(secret: Secret, claim_hash: bytes, now: datetime, hold_until: datetime, *, erase: bool) -> bool:
    """Open a new secret for one claim, and for no other; whether this one won."""
    due_at = secret.forget_at if erase else hold_until
    changes = {"state": State.OPENED, "opened_at": now, "claim_hash": claim_hash, "hold_until": hold_until}
    condition = {"id": secret.id, "state": State.NEW, "expires_at": now, "proof_hash": secret.proof_hash}
    given = [*changes.items(), ("due_at", due_at), *condition.items()]
    return _run(TAKE_AND_ERASE if erase else TAKE, [_value(name, value) for name, value in given]) == 1


def erase_held(pk: uuid.UUID, claim_hash: bytes) -> bool:
    """Erase what one claim has received in one piece; whether there was anything."""
    return _run(ERASE, [_value("id", pk), _value("claim_hash", claim_hash)]) == 1


class Lookup(NamedTuple):
    """A SELECT of one row by its id, as Django makes it, to be run again and again."""

    statement: str
    names: list[str]
    converters: list[tuple[int, list[Callable[..., Any]], Any]]


@lru_cache(maxsize=8)
def _lookup(vendor: str, *left_out: str) -> Lookup:
    """Made once a process for each database that it talks to: their SQL differs."""
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
    lookup = _lookup(connection.vendor, *left_out)
    with connection.cursor() as cursor:
        cursor.execute(lookup.statement, [_value("id", pk)])
        found = cursor.fetchone()
    if found is None:
        return None
    values = list(found)
    for position, kinds, expression in lookup.converters:
        for convert in kinds:
            values[position] = convert(values[position], expression, connection)
    return Secret.from_db(connection.alias, lookup.names, values)
