"""What the clients were told, so that it can be held against what there is."""

import threading
import time
from dataclasses import dataclass, field


@dataclass
class Entry:
    """One secret: what was asked for, and what was answered. Times are of the true clock."""

    key: str
    secret_id: str
    text: str
    by_segment: bool
    ttl: int
    receipt: str = ""
    confirmed_at: float = 0.0
    claimed_at: float = 0.0  # when an opening was first asked for
    holders: set[str] = field(default_factory=set)  # who got the content
    refused: set[str] = field(default_factory=set)  # who was told that somebody else has it
    burn_asked: bool = False
    burned: bool = False
    acknowledged: bool = False
    acknowledge_asked: bool = False
    lost: str = ""  # why a holder who should have could not fetch


class Ledger:
    """Every entry, and how often what was answered."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.lock = threading.Lock()
        self.counts: dict[str, int] = {}
        self.slowest: dict[str, float] = {}
        #: Of each answer: when (monotonic), to what, and how long it took with repeating, in seconds.
        self.answers: list[tuple[float, str, float]] = []

    def add(self, entry: Entry) -> None:
        with self.lock:
            self.entries.append(entry)

    def count(self, what: str, seconds: float = 0) -> None:
        with self.lock:
            self.counts[what] = self.counts.get(what, 0) + 1
            self.slowest[what] = max(self.slowest.get(what, 0), seconds)
            if seconds:
                self.answers.append((time.monotonic(), what.partition(":")[0], seconds))

    def waiting(self) -> list[Entry]:
        """Confirmed, and nobody has asked to open or burn it."""
        with self.lock:
            return [
                each for each in self.entries
                if each.confirmed_at and not each.claimed_at and not each.burn_asked
            ]  # fmt: skip


#: What is repeated: nothing came back, or a failure of the server.
UNANSWERED = {"no answer", "500", "502", "503", "504"}


def unanswered(counts: dict[str, int]) -> int:
    """How many calls a client had to repeat."""
    return sum(count for name, count in counts.items() if name.rpartition(": ")[2] in UNANSWERED)


def now() -> float:
    return time.time()
