"""`python -m faults.soak [--minutes M]`: steady load and nuisance for long, and whether anything grows.

Needs nginx: the site is behind the proxy sample, as it is in life. The database, the cache, the site,
its housekeeping and the proxy are the harness' own, on ports of their own, and end with it.
"""

import argparse
import contextlib
import http.client
import json
import shutil
import statistics
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from faults import document, verdict, watching
from faults.__main__ import say
from faults.client import TIMEOUT, Client
from faults.cluster import Cluster
from faults.hosts import Proxy
from faults.ledger import Ledger, unanswered
from faults.nuisance import KINDS, Nuisances, Place
from tests.operations.tools import trusting

CLIENTS = 4
#: Seconds between two secrets of a client, on average.
PAUSE = 1.0
PAGES = ("/", "/secret", "/about", "/uk/", "/plans")


class Visitor(Client):
    """A client in no hurry, that looks at pages too, each time from one of 400 addresses.

    With one address all would soon have used up what a client may ask for.
    """

    def connection(self) -> http.client.HTTPConnection:
        source = (f"127.8.{self.random.randrange(1, 21)}.{self.random.randrange(1, 21)}", 0)
        return http.client.HTTPSConnection(
            "localhost", self.port, timeout=TIMEOUT, context=self.tls, source_address=source
        )

    def step(self) -> None:
        self.look(self.random.choice(PAGES))
        super().step()
        self.stop.wait(self.random.uniform(0, 2 * PAUSE))

    def look(self, page: str) -> None:
        begun = time.monotonic()
        status, _page = self.once("GET", page)
        self.expect(status == 200, page, status, b"")
        self.ledger.count("page: 200", time.monotonic() - begun)


class Soak:
    """A cluster behind the proxy, visitors with a ledger, and nuisances."""

    def __init__(self, cluster: Cluster, proxy: Proxy, seed: int) -> None:
        self.cluster, self.ledger, self.stop = cluster, Ledger(), threading.Event()
        tls = trusting(proxy.chain)
        self.visitors = [
            Visitor(proxy.port, self.ledger, self.stop, seed + each, tls) for each in range(CLIENTS)
        ]
        self.opener = Visitor(proxy.port, self.ledger, threading.Event(), seed - 1, tls)
        self.nuisances = Nuisances(Place(proxy.port, tls), Place(cluster.site_port, None), self.stop, seed)
        self.samples: list[watching.Sample] = []
        self.begun = self.ended = time.monotonic()

    def go(self, seconds: float, every: float) -> None:
        """Raises RuntimeError when a process has ended or a visitor met what it does not know."""
        pids = watching.processes(self.cluster)
        self.begun = time.monotonic()
        self.nuisances.start()
        for visitor in self.visitors:
            visitor.start()
        for number in range(1, int(seconds / every) + 1):
            time.sleep(max(0.0, self.begun + number * every - time.monotonic()))
            self.look(pids)
            if number % 20 == 0:
                say(f"{number * every / 60:.0f} minutes, {len(self.ledger.entries)} secrets")
        self.ended = time.monotonic()
        self.stop.set()
        for visitor in self.visitors:
            visitor.join(120)
        self.nuisances.join(60)

    def look(self, pids: dict[str, int]) -> None:
        if watching.processes(self.cluster) != pids:
            raise RuntimeError("a process has ended; see site.log")
        if problems := [each for visitor in self.visitors for each in visitor.problems]:
            raise RuntimeError("; ".join(problems))
        self.samples.append(watching.sample(self.cluster, pids))

    def figures(self, every: float, found: dict[str, list[str]], calls: dict[str, Any]) -> dict[str, Any]:
        entries = self.ledger.entries
        return {
            "minutes": round((self.ended - self.begun) / 60, 1),
            "every": every,
            "samples": len(self.samples),
            "watched": [each._asdict() for each in watching.series(self.samples, every)],
            "nuisance": {
                name: {"what": what, "at_once": at_once, "outcomes": self.nuisances.outcomes[name]}
                for name, (what, at_once, _unshielded, _function) in KINDS.items()
            },
            **calls,
            "secrets": len(entries),
            "by_segment": sum(each.by_segment for each in entries),
            "verdicts": {name: len(broken) for name, broken in found.items()},
        }  # fmt: skip

    def calls(self) -> dict[str, Any]:
        """How long calls took, in milliseconds from connecting: by kind, and by third of the time."""
        answers = list(self.ledger.answers)
        kinds = sorted({what for _when, what, _seconds in answers})
        third = (self.ended - self.begun) / 3
        parts: list[list[float]] = [[], [], []]
        for when, _what, seconds in answers:
            parts[min(2, max(0, int((when - self.begun) / third)))].append(seconds)
        return {
            "calls": {
                kind: spread([taken for _when, what, taken in answers if what == kind]) for kind in kinds
            },
            "thirds": [spread(part) for part in parts],
            "repeated": unanswered(self.ledger.counts),
        }  # fmt: skip


def spread(seconds: list[float]) -> dict[str, float]:
    """How many, their median, the time that 99 of 100 took at most, and the slowest; in milliseconds."""
    ordered = sorted(1000 * each for each in seconds)
    if not ordered:
        return {"times": 0, "median": 0, "p99": 0, "slowest": 0}
    p99 = ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))]
    return {
        "times": len(ordered), "median": round(statistics.median(ordered), 1), "p99": round(p99, 1),
        "slowest": round(ordered[-1], 1),
    }  # fmt: skip


def start(cluster: Cluster) -> None:
    """As Cluster.start, but with no wire between the site and its stores, and with limits counted."""
    cluster.start_stores()
    cluster.env = cluster.environment_behind_proxy() | {"RATE_LIMITS": "on"}
    cluster.manage("prepare")
    cluster.start_site()
    cluster.start_keeper()
    cluster.wait_until_ready()


def soak(minutes: float, every: float, seed: int) -> tuple[dict[str, Any], dict[str, list[str]], Soak]:
    """The figures of a whole soak, each promise with where it was broken, and what was run."""
    directory = Path(tempfile.mkdtemp(prefix="onetime-soak-"))
    directory.chmod(0o755)  # PostgreSQL runs as an account of its own
    with contextlib.ExitStack() as stack:
        stack.callback(shutil.rmtree, directory, ignore_errors=True)
        cluster = Cluster(directory)
        stack.callback(cluster.stop)
        start(cluster)
        proxy = Proxy(directory / "proxy")
        stack.callback(proxy.stop)
        proxy.serve([f"127.0.0.1:{cluster.site_port}"])
        run = Soak(cluster, proxy, seed)
        stack.callback(run.stop.set)
        run.go(minutes * 60, every)
        calls = run.calls()  # before the opening of all that was left
        found = verdict.verdicts(cluster, run.ledger, run.opener)
        return run.figures(every, found, calls), found, run


def main() -> int:
    parser = argparse.ArgumentParser(prog="faults.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--every", type=float, default=15, help="seconds between two looks")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path, help="where the figures go, and each look")
    parser.add_argument("--write", action="store_true", help="the figures into docs/reliability.*")
    asked = parser.parse_args()
    figures, found, run = soak(asked.minutes, min(asked.every, asked.minutes * 60 / 12), asked.seed)
    say(json.dumps(figures, indent=1))
    if asked.json:
        asked.json.write_text(json.dumps(figures | {"looks": run.samples}, indent=1) + "\n")
    if asked.write:
        document.keep("soak", figures)
    for name, broken in found.items():
        say(f"{'BROKEN' if broken else 'held'}: {name}" + "".join(f"\n    {each}" for each in broken[:10]))
    if asked.minutes * 60 < watching.LEAST:
        say("too short to say what is flat")
    grown = [f"{each['who']}: {each['what']}" for each in figures["watched"] if each["flat"] is False]
    say(f"not flat: {', '.join(grown) or 'nothing'}")
    return int(any(found.values()) or bool(grown))


if __name__ == "__main__":
    sys.exit(main())
