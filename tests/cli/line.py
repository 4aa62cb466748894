"""A line to a site that breaks, or stands still, when so many bytes have gone over it."""

import contextlib
import socket
import threading
from collections.abc import Iterator


class Line:
    """A proxy on the loopback address. `origin` is where; `broken` counts how often it broke."""

    def __init__(
        self, port: int, *, breaks: tuple[int, ...] = (), refuses: int = 0, stalls: int | None = None
    ):
        """Break at each of `breaks` (bytes in all), then refuse `refuses` connections; stand still at `stalls`."""
        self._port, self._breaks, self._refuses, self._stalls = port, list(breaks), refuses, stalls
        self.passed, self.broken, self._refusing = 0, 0, 0
        self.stalled, self._go_on = threading.Event(), threading.Event()
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.origin = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def go_on(self) -> None:
        self._go_on.set()

    def close(self) -> None:
        self.go_on()
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _address = self._listener.accept()
                self._join(client)

    def _join(self, client: socket.socket) -> None:
        if self._refusing:
            self._refusing -= 1
            client.close()
            return
        try:
            server = socket.create_connection(("127.0.0.1", self._port))
        except ConnectionRefusedError:
            client.close()
            return
        for one, other in ((client, server), (server, client)):
            threading.Thread(target=self._pump, args=(one, other), daemon=True).start()

    def _pump(self, one: socket.socket, other: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := one.recv(16_384):
                if self._breaks_now(len(data)):
                    break
                other.sendall(data)
        for end in (one, other):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def _breaks_now(self, count: int) -> bool:
        with self._lock:
            self.passed += count
            stalls = self._stalls is not None and self.passed >= self._stalls
            if stalls:
                self._stalls = None
            breaks = bool(self._breaks) and self.passed >= self._breaks[0]
            if breaks:
                self._breaks.pop(0)
                self.broken, self._refusing = self.broken + 1, self._refuses
        if stalls:
            self.stalled.set()
            self._go_on.wait(60)
        return breaks


@contextlib.contextmanager
def line(port: int, **how: object) -> Iterator[Line]:
    made = Line(port, **how)  # type: ignore[arg-type]
    try:
        yield made
    finally:
        made.close()
