"""A kept connection is looked at before each request; the server is asked only now and then.
Statements that run in every request go to the driver without a cursor between.

CONN_HEALTH_CHECKS sends a `SELECT 1` before the first statement of every request: a sixth of the
time of a request that has one statement. A server that ends a connection (a restart, a failover, an
administrator) says so on the socket at once, and that can be seen without asking.
"""

import itertools
import select
import time
from collections.abc import Sequence
from typing import Any
from weakref import WeakKeyDictionary

import psycopg
from django.db.backends.postgresql import base
from psycopg.adapt import PyFormat, Transformer
from psycopg.errors import error_from_result
from psycopg.pq import ConnStatus, DiagnosticField, ExecStatus, Format
from psycopg.pq.abc import PGresult

#: What PostgreSQL says of a statement that it has prepared for columns which a migration has changed since,
#: or that it no longer knows: nothing was run.
OUT_OF_DATE = (b"0A000", b"26000")

Answer = tuple[int, tuple[Any, ...] | None]

#: After so many idle seconds it is asked all the same: a firewall drops connections without a word.
TRUSTED_SECONDS = 20

#: What each connection knows by name: statements, with the types of their values.
_prepared: "WeakKeyDictionary[psycopg.Connection[Any], dict[tuple[str, tuple[int, ...]], bytes]]" = (
    WeakKeyDictionary()
)
_numbers = itertools.count()


class DatabaseWrapper(base.DatabaseWrapper):
    _used_at = float("-inf")

    def is_usable(self) -> bool:
        now = time.monotonic()
        recent = now - self._used_at < TRUSTED_SECONDS
        self._used_at = now
        if recent and not self.errors_occurred and self.connection is not None and self._is_silent():
            return True
        return super().is_usable()

    def _is_silent(self) -> bool:
        """Whether nothing waits to be read: between two requests that could only be the end, or a notice."""
        poll = select.poll()
        try:
            poll.register(self.connection.fileno(), select.POLLIN)
            return not poll.poll(0)
        except Exception:  # noqa: BLE001 - a closed connection has no descriptor: it is asked
            return False

    def _configure_connection(self, connection: psycopg.Connection[Any]) -> bool:
        """As Django has it for each new connection, a pool's too."""
        if is_direct(connection):
            _prepared[connection] = {}
        return bool(super()._configure_connection(connection))  # type: ignore[misc]

    @property
    def runs(self) -> bool:
        """Whether statements may go to `run`.

        Only Django's own cursor lets somebody count or log them, and begins its transactions.
        """
        return not (self.queries_logged or self.execute_wrappers or self.in_atomic_block)

    def run(self, statement: str, values: Sequence[Any]) -> Answer:
        """(how many rows a statement changed or found, the first that it found); see `runs`.

        It has $1, $2, … in it, and is a transaction of its own; its values go beside it, in binary.
        Django's cursor writes them into the text, which takes both sides longer, the more so the larger
        they are; and PostgreSQL reads and plans each text anew, where this has it do so once a connection.
        Raises what that cursor raises.
        """
        self.close_if_health_check_failed()
        self.ensure_connection()
        with self.wrap_database_errors:
            return _ask(self.connection, statement, values)


def is_direct(connection: psycopg.Connection[Any]) -> bool:
    """Whether the server at the other end is PostgreSQL's own process for this connection.

    A pooler gives each transaction any of its connections, where a prepared statement may not be known.
    It cannot know beforehand which, so the process that it names is not the one that answers.
    """
    answer = connection.pgconn.exec_(b"SELECT pg_backend_pid()")
    return answer.get_value(0, 0) == b"%d" % connection.info.backend_pid


def _ask(connection: psycopg.Connection[Any], statement: str, values: Sequence[Any]) -> Answer:
    """`run`, by libpq as psycopg wraps it (https://www.psycopg.org/psycopg3/docs/api/pq.html)."""
    transformer = Transformer(connection)
    given: Any = transformer.dump_sequence(values, [PyFormat.BINARY] * len(values))
    types, formats = transformer.types or (), transformer.formats
    names = _prepared.get(connection)
    if names is None:
        result = connection.pgconn.exec_params(statement.encode(), given, types, formats, Format.BINARY)
    else:
        result = _run_prepared(connection, statement, types, given, formats)
        if result.error_field(DiagnosticField.SQLSTATE) in OUT_OF_DATE:
            names.clear()
            result = _run_prepared(connection, statement, types, given, formats)
    _refuse_failure(connection, result)
    if not result.ntuples:
        return result.command_tuples or 0, None
    transformer.set_pgresult(result)
    return result.ntuples, transformer.load_row(0, tuple)


def _run_prepared(
    connection: psycopg.Connection[Any], statement: str, types: tuple[int, ...], given: Any, formats: Any
) -> PGresult:
    names, pgconn = _prepared[connection], connection.pgconn
    name = names.get((statement, types))
    if name is None:
        name = b"onetime_%d" % next(_numbers)
        _refuse_failure(connection, pgconn.prepare(name, statement.encode(), types))
        names[statement, types] = name
    return pgconn.exec_prepared(name, given, formats, Format.BINARY)


def _refuse_failure(connection: psycopg.Connection[Any], result: PGresult) -> None:
    """Raise psycopg's error for a result that is one."""
    if result.status in (ExecStatus.COMMAND_OK, ExecStatus.TUPLES_OK):
        return
    if connection.pgconn.status != ConnStatus.OK:
        raise psycopg.OperationalError(result.get_error_message())
    raise error_from_result(result)
