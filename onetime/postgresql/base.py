"""A kept connection is looked at before each request; the server is asked only now and then.
Statements that run in every request go to the driver without a cursor of Django's between.

CONN_HEALTH_CHECKS sends a `SELECT 1` before the first statement of every request: a sixth of the
time of a request that has one statement. A server that ends a connection (a restart, a failover, an
administrator) says so on the socket at once, and that can be seen without asking.
"""

import select
import time
from collections.abc import Sequence
from typing import Any

from django.db.backends.postgresql import base
from psycopg import RawCursor

#: After so many idle seconds it is asked all the same: a firewall drops connections without a word.
TRUSTED_SECONDS = 20


class DatabaseWrapper(base.DatabaseWrapper):
    _used_at = float("-inf")

    def is_usable(self) -> bool:
        now = time.monotonic()
        recent = now - self._used_at < TRUSTED_SECONDS
        self._used_at = now
        if recent and not self.errors_occurred and self.connection is not None and self._is_silent():
            return True
        return super().is_usable()

    def run(self, statement: str, values: Sequence[Any]) -> RawCursor:
        """Run a statement with $1, $2, … in it, its values sent beside it and in binary.

        Django's cursor writes them into the text, which takes both sides longer, the more so the larger
        they are. Raises what that cursor raises, and heeds the same transaction.
        """
        self.close_if_health_check_failed()
        self.ensure_connection()
        self.validate_no_broken_transaction()
        with self.wrap_database_errors:
            cursor = RawCursor(self.connection)
            return cursor.execute(statement, values, binary=True)

    @property
    def is_watched(self) -> bool:
        """Whether somebody counts or logs statements, which only Django's own cursor lets them."""
        return bool(self.queries_logged or self.execute_wrappers)

    def _is_silent(self) -> bool:
        """Whether nothing waits to be read: between two requests that could only be the end, or a notice."""
        poll = select.poll()
        try:
            poll.register(self.connection.fileno(), select.POLLIN)
            return not poll.poll(0)
        except Exception:  # noqa: BLE001 - a closed connection has no descriptor: it is asked
            return False
