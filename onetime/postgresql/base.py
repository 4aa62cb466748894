"""A kept connection is looked at before each request; the server is asked only now and then.

CONN_HEALTH_CHECKS sends a `SELECT 1` before the first statement of every request: a sixth of the
time of a request that has one statement. A server that ends a connection (a restart, a failover, an
administrator) says so on the socket at once, and that can be seen without asking.
"""

import select
import time

from django.db.backends.postgresql import base

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

    def _is_silent(self) -> bool:
        """Whether nothing waits to be read: between two requests that could only be the end, or a notice."""
        poll = select.poll()
        try:
            poll.register(self.connection.fileno(), select.POLLIN)
            return not poll.poll(0)
        except Exception:  # noqa: BLE001 - a closed connection has no descriptor: it is asked
            return False
