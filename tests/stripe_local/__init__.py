"""A truthful stand-in for Stripe on the loopback address, for tests and demos.

Its parameters, fields and nullability come at run time from the installed `stripe` package. It takes only
`sk_test_` keys, and answers 501 to what it does not model. What it cannot prove is in the README beside it.
"""

import threading
from types import TracebackType
from typing import Any, Self

from .control import Control
from .faults import Faults
from .server import Server
from .state import State

TEST_KEY = "sk_test_loopback"
WEBHOOK_SECRET = "whsec_loopback"  # no secret: it signs pretended events only


class StripeLocal(Control):
    """Runs in threads of this process: `with StripeLocal(webhook_url=…) as stripe_local: …`.

    Webhooks are held until `deliver()`, unless `mode` is "auto" or "drop".
    """

    def __init__(
        self, *, port: int = 0, webhook_url: str = "", secret: str = WEBHOOK_SECRET, mode: str = "hold"
    ) -> None:
        self.key, self.secret = TEST_KEY, secret
        self.webhook_url, self.mode = webhook_url, mode
        self.faults = Faults()
        self.calls: list[dict[str, Any]] = []
        self.server = Server(port, self)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.state = State(self.url)
        self._equip()

    def _equip(self) -> None:
        self.webhooks(self.mode)
        if self.webhook_url:
            self.add_endpoint(self.webhook_url, self.secret)

    def reset(self) -> None:
        """Forget everything; the endpoint and the mode given at the start stand again."""
        super().reset()
        self._equip()

    def start(self) -> Self:
        """Listen."""
        for work in (lambda: self.server.serve_forever(poll_interval=0.05), self.outbox.run):
            threading.Thread(target=work, daemon=True).start()
        return self

    def stop(self) -> None:
        """Fall silent: held calls are let go, kept connections closed."""
        self.faults.release()
        self.outbox.close()
        self.server.stop()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


__all__ = ["TEST_KEY", "WEBHOOK_SECRET", "StripeLocal"]
