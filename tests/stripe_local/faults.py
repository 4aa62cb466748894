"""Injected failures: what Stripe and the network really do now and then."""

import re
import threading
from dataclasses import dataclass, field

KINDS = {
    "status": "answer with an HTTP status, and do nothing",
    "drop": "close the connection before doing anything",
    "drop_after": "do it, then close the connection without an answer: what idempotency keys are for",
    "hang": "do nothing and say nothing until released",
    "late": "do it now, answer only when released: a slow, outdated read",
}


@dataclass
class Fault:
    """What becomes of the next `times` calls whose verb and path match. `met` is set once it has struck."""

    kind: str = "status"
    status: int = 500
    times: int = 1
    method: str = "*"
    path: str = "/v1/.*"
    gate: threading.Event = field(default_factory=threading.Event)
    met: threading.Event = field(default_factory=threading.Event)

    def fits(self, method: str, path: str) -> bool:
        return self.method.lower() in ("*", method) and re.fullmatch(self.path, path) is not None


class Faults:
    """The failures that wait for their call."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.waiting: list[Fault] = []
        self.given: list[Fault] = []

    def add(self, fault: Fault) -> Fault:
        if fault.kind not in KINDS:
            raise ValueError(f"Unknown kind {fault.kind!r}: one of {', '.join(KINDS)}")
        with self.lock:
            self.waiting.append(fault)
            self.given.append(fault)
        return fault

    def take(self, method: str, path: str) -> Fault | None:
        """The failure meant for this call, used up once."""
        with self.lock:
            fault = next((each for each in self.waiting if each.fits(method, path)), None)
            if fault:
                fault.times -= 1
                if fault.times <= 0:
                    self.waiting.remove(fault)
            return fault

    def release(self) -> None:
        """Let every held call go on, and forget failures that have not happened."""
        with self.lock:
            for each in self.given:
                each.gate.set()
            self.waiting, self.given = [], []
