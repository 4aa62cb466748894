"""Going on by itself after the connection broke, or after the server asked for a pause."""

import time
from collections.abc import Callable
from typing import TypeVar

from onetime_cli.errors import Busy, Unreachable
from onetime_cli.terminal import say

T = TypeVar("T")

#: Seconds before each further try; two minutes in all, for as long the server holds what was claimed.
WAITS = (1, 2, 4, 8, 15, 30, 30, 30)


class Patience:
    """How long to wait in all, begun anew whenever something has gone well."""

    def __init__(self) -> None:
        self._tries = 0

    def renew(self) -> None:
        self._tries = 0

    def wait(self, error: Unreachable | Busy) -> None:
        """Sleep before another try. Raises `error` itself when it has been long enough."""
        asked = error.wait if isinstance(error, Busy) else 0
        if self._tries == len(WAITS) or asked > max(WAITS):
            raise error
        if not self._tries:
            say(f"\n{error} Going on by itself; Ctrl-C ends it.")
        time.sleep(max(WAITS[self._tries], asked))
        self._tries += 1


def patiently(call: Callable[[], T]) -> T:
    """What `call` gives, tried again for a while where the connection breaks."""
    patience = Patience()
    while True:
        try:
            return call()
        except (Unreachable, Busy) as error:
            patience.wait(error)
