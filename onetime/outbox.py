"""Mail that nobody waits for: sent by a thread of this process, tried again from memory only."""

import logging
import queue
import threading
from collections.abc import Callable

log = logging.getLogger("onetime.outbox")

Send = Callable[[], object]

#: Seconds before each further try. A restart forgets what is still waiting: notices are a
#: courtesy, and what would outlive the process would have to be stored.
DELAYS = (5.0, 60.0, 600.0)
MOST_WAITING = 1000


class Outbox:
    """A queue with one thread, started by its first use (and so after the server has forked)."""

    def __init__(self, delays: tuple[float, ...] = DELAYS) -> None:
        self._delays = delays
        self._queue: queue.Queue[tuple[Send, int]] = queue.Queue(MOST_WAITING)
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def put(self, send: Send, tried: int = 0) -> None:
        """Have `send` called soon; what it raises is logged by its kind, and it is called again."""
        self._start()
        try:
            self._queue.put_nowait((send, tried))
        except queue.Full:
            log.error("a notice was dropped: %d are waiting", MOST_WAITING)  # noqa: TRY400 - no trace needed

    def waiting(self) -> int:
        """How many are to be tried now; those between two tries are not among them."""
        return self._queue.qsize()

    def join(self) -> None:
        """Wait until everything that is due has been tried."""
        self._queue.join()

    def _start(self) -> None:
        with self._lock:
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._work, name="outbox", daemon=True)
                self._thread.start()

    def _work(self) -> None:
        while True:
            send, tried = self._queue.get()
            try:
                send()
            except Exception as error:  # noqa: BLE001 - whatever fails, the next one gets its turn
                # The kind only: a mail server's answer quotes the address.
                log.warning("a notice could not be sent: %s (try %d)", type(error).__name__, tried + 1)
                self._again(send, tried)
            finally:
                self._queue.task_done()

    def _again(self, send: Send, tried: int) -> None:
        if tried >= len(self._delays):
            log.error("a notice was given up")
            return
        timer = threading.Timer(self._delays[tried], self.put, (send, tried + 1))
        timer.daemon = True
        timer.start()
