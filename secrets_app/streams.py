"""Answers that are read from the store while they are sent.

A thread of the server is theirs until the client has taken the last byte, and a client may take
its time. So a worker sends few at once, fewer than it has threads, and the others go on answering.
Fetching by segment needs none of this: each of its answers is whole before it is sent.
"""

import threading
from collections.abc import Iterator
from typing import Final, Self

from onetime.views import Unavailable

#: Of the four threads that a worker has (onetime/embedded.py).
MOST_AT_ONCE: Final = 2

_free = threading.BoundedSemaphore(MOST_AT_ONCE)


class Stream(Iterator[bytes]):
    """A place among those that are sent, taken before anything is consumed:

        with Stream() as stream:
            …claim…
            return StreamingHttpResponse(stream.of(pieces))

    Left without pieces it is free again, else once they are sent or the client is gone.
    Raises Unavailable.
    """

    def __init__(self) -> None:
        self._pieces: Iterator[bytes] | None = None
        self._taken = False

    def __enter__(self) -> Self:
        self._taken = _free.acquire(blocking=False)
        if not self._taken:
            raise Unavailable("as much is being sent as a worker may send at once")
        return self

    def __exit__(self, *_error: object) -> None:
        if self._pieces is None:
            self.close()

    def of(self, pieces: Iterator[bytes]) -> Self:
        self._pieces = pieces
        return self

    def __next__(self) -> bytes:
        if self._pieces is None:
            raise StopIteration
        return next(self._pieces)

    def close(self) -> None:
        """Called by the server at the end, whatever the end was."""
        if self._taken:
            self._taken = False
            _free.release()

    __del__ = close
