"""Writers wait in line for an SQLite database, those of one process and those of several.

SQLite has one write at a time. Who meets another's tries again after a sleep, at last one of a tenth of a
second, while others come and go: of sixteen at once one in a hundred waited fifteen times as long as half.
"""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from django.db.backends.sqlite3 import base


class DatabaseWrapper(base.DatabaseWrapper):
    #: An empty file beside the database: whoever writes has it locked.
    _line: IO[bytes] | None = None

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Wait until nobody who waits here writes. The kernel ends the turn of a process that is killed."""
        if self._line is None:
            self._line = Path(f"{self.settings_dict['NAME']}-line").open("ab")  # noqa: SIM115 - for many turns
        fcntl.flock(self._line, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.flock(self._line, fcntl.LOCK_UN)

    def close(self) -> None:
        super().close()
        if self._line is not None:
            self._line.close()
            self._line = None
