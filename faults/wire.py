"""A line between two parts of the site that can be cut and delayed: a relay on the loopback address."""

import contextlib
import random
import socket
import threading
import time

CHUNK = 65536


class Wire:
    """Passes on what comes to `port` to `target`, in both directions, as well as it is let."""

    def __init__(self, target: int) -> None:
        self.target = target
        self.delay = 0.0  # seconds before each piece is passed on
        self.down = threading.Event()  # nobody gets through, and who was through is cut off
        self.lose_answers_after = -1  # cut when that many bytes of an answer have been passed on; -1: never
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port = int(self._listener.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        """Break every connection at once, as a reset."""
        with self._lock:
            sockets = list(self._open)
        for each in sockets:
            with contextlib.suppress(OSError):
                each.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                each.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self._listener.close()
        self.cut()

    def _accept(self) -> None:
        while True:
            try:
                near, _address = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._join, args=(near,), daemon=True).start()

    def _join(self, near: socket.socket) -> None:
        if self.down.is_set():
            near.close()
            return
        try:
            far = socket.create_connection(("127.0.0.1", self.target), timeout=10)
        except OSError:
            near.close()
            return
        far.settimeout(None)
        with self._lock:
            self._open |= {near, far}
        both = [
            threading.Thread(target=self._pass, args=(near, far, False), daemon=True),
            threading.Thread(target=self._pass, args=(far, near, True), daemon=True),
        ]
        for each in both:
            each.start()
        for each in both:
            each.join()
        with self._lock:
            self._open -= {near, far}
        near.close()
        far.close()

    def _pass(self, source: socket.socket, sink: socket.socket, answers: bool) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(CHUNK):
                if self.delay:
                    time.sleep(self.delay * random.uniform(0.5, 1.5))  # noqa: S311 - no secret
                most = self.lose_answers_after
                if answers and most >= 0:
                    sink.sendall(data[:most])
                    break
                sink.sendall(data)
        for each in (source, sink):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
