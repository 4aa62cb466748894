"""`make bench`: everything in one run, round after round, so that what slows one case slows all.

ROUNDS and SECONDS (of one case in one round) make it shorter; ONLY is a regular expression of
cases. Figures of a short run mean little: docs/performance.md is written only with --write.
"""

import argparse
import contextlib
import os
import re
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from benchmarks import load, machine, peer, report, servers, statements, stock
from benchmarks.cases import SMALL, Case, all_cases
from benchmarks.load import Load, Seen
from benchmarks.servers import Server
from tests.site import fresh_database

DATABASE_URL = os.environ.get("DATABASE_URL", "postgres://root@127.0.0.1/postgres")
REDIS_URL = os.environ.get("REDIS_URL", "redis://127.0.0.1:6379/5")
#: How many times what the last round needed is put into stock for the next; the first assumes a rate.
STOCK_MARGIN = 1.6
FIRST_RATE = {1: 900.0, 16: 2500.0}


@dataclass
class Measured:
    case: Case
    seen: list[Seen] = field(default_factory=list)

    def json(self) -> dict[str, Any]:
        """Rates count what the case is about: two requests make one claim with its acknowledgement."""
        return {
            **asdict(self.case),
            "key": self.case.key,
            "rates": [one.rate / self.case.requests for one in self.seen],
            **{
                name: [getattr(one, name) for one in self.seen]
                for name in ("p50", "p99", "worst", "generator")
            },
            "processor": [one.processor * self.case.requests for one in self.seen],
            "bytes": self.seen[-1].bytes,
            "errors": sum(one.errors for one in self.seen),
        }


class Run:
    """The servers, the files for load.lua, and what was seen so far."""

    def __init__(self, var: Path, running: dict[str, Server], cases: list[Case], seconds: float) -> None:
        self.var, self.running, self.seconds = var, running, seconds
        self.measured = {case.key: Measured(case) for case in cases}
        self.expected: dict[str, float] = {}
        self.bare: dict[str, list[float]] = {}
        self.bare_processor: dict[str, list[float]] = {}

    def round(self, *, keep: bool) -> None:
        for measured in self.measured.values():
            seen = self.one(measured.case)
            self.expected[measured.case.key] = max(seen.answered, self.expected.get(measured.case.key, 0))
            if keep:
                measured.seen.append(seen)
            say(f"{measured.case.key:45} {seen.rate:8.0f}/s  p50 {seen.p50:7.2f}  p99 {seen.p99:7.2f} ms"
                f"  errors {seen.errors}  wrk {seen.generator:.0%}")  # fmt: skip

    def one(self, case: Case) -> Seen:
        """One case once. Where the stock was too small, again with more."""
        for _ in range(4):
            seen = self.once(case)
            if not (seen.errors and case.stock and case.stock != "status"):
                break
            self.expected[case.key] = max(1.5 * seen.answered, self.expected.get(case.key, 0))
        return seen

    def once(self, case: Case) -> Seen:
        server = self.running[case.server]
        names = self.stocked(case, server) if case.stock else None
        wanted = Load(case.scenario, case.connections, self.lasts(case), names, self.body(case))
        try:
            return load.run(wanted, server.origin + case.path)
        finally:
            if server.stock and case.size:
                server.stock.order("clear")

    def lasts(self, case: Case) -> float:
        """Seconds. Large secrets are measured for one: stocking them takes longer than opening them."""
        return min(1, self.seconds) if case.size > SMALL else self.seconds

    def body(self, case: Case) -> Path | None:
        if case.scenario not in {"create", "share", "peer_create"}:
            return None
        path = self.var / f"body-{case.scenario}-{case.size}"
        if not path.exists():
            path.write_bytes(stock.body(case.scenario, case.size))
        return path

    def stocked(self, case: Case, server: Server) -> Path:
        path = self.var / "names"
        count = self.count(case)
        if server.stock:
            server.stock.order(case.stock, size=case.size, count=count, path=str(path))
        else:
            text = self.var / "text"
            text.write_text(stock.text(case.size))
            peer.stock(REDIS_URL, text, count, path)
        return path

    def count(self, case: Case) -> int:
        if case.scenario == "status":
            return 1000
        rate = self.expected.get(case.key, FIRST_RATE[case.connections] / (3 if case.size > 1000 else 1))
        return int(STOCK_MARGIN * rate / case.requests * self.lasts(case)) + 200


@contextlib.contextmanager
def all_servers(var: Path) -> Iterator[dict[str, Server]]:
    with contextlib.ExitStack() as stack:
        enter = stack.enter_context
        url = enter(fresh_database(DATABASE_URL))
        running = [
            enter(servers.bare("void", "benchmarks.empty_view:void", var)),
            enter(servers.bare("empty", "benchmarks.empty_view:application", var)),
            enter(servers.snappass(var, REDIS_URL)),
            enter(servers.site("postgres", var / "postgres", url, REDIS_URL)),
            enter(servers.site("embedded", var / "embedded", f"sqlite:///{var / 'site.sqlite3'}", "")),
        ]
        yield {server.name: server for server in running}


def measure(rounds: int, seconds: float, only: str) -> dict[str, Any]:
    peer.install()
    cases = [case for case in all_cases() if re.search(only, case.key)]
    with tempfile.TemporaryDirectory(prefix="onetime-bench-") as directory:
        var = Path(directory)
        with all_servers(var) as running, fresh_database(DATABASE_URL) as bare_url:
            run = Run(var, running, cases, seconds)
            for number in range(rounds + 1):
                say(f"--- {'warming up' if number == 0 else f'round {number} of {rounds}'}")
                run.round(keep=number > 0)
                if number:
                    for name, (rate, processor) in statements.rates(bare_url, seconds).items():
                        run.bare.setdefault(name, []).append(rate)
                        run.bare_processor.setdefault(name, []).append(processor)
            memory = {name: servers.workers_megabytes(server) for name, server in running.items()}
            shares = {
                name: servers.workers_megabytes(server, servers.own_megabytes)
                for name, server in running.items()
            }
        starts = start_times(var)
    return {
        "date": time.strftime("%Y-%m-%d"),
        "machine": machine.described(DATABASE_URL, REDIS_URL),
        "rounds": rounds,
        "seconds": seconds,
        "bare": run.bare,
        "bare_processor": run.bare_processor,
        "cases": [measured.json() for measured in run.measured.values()],
        "memory_megabytes": memory,
        "own_megabytes": shares,
        "first_answer_seconds": starts,
    }


def start_times(var: Path) -> list[float]:
    """Seconds from the start of the server to its first answer, on a database that exists."""
    with fresh_database(DATABASE_URL) as url:
        return [servers.first_answer(var / f"start-{number}", url, REDIS_URL) for number in range(3)]


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=int(os.environ.get("ROUNDS") or 5))
    parser.add_argument("--seconds", type=float, default=float(os.environ.get("SECONDS") or 3))
    parser.add_argument("--only", default=os.environ.get("ONLY", ""))
    parser.add_argument("--write", action="store_true", help="write docs/performance.* from what was seen")
    given = parser.parse_args()
    found = measure(given.rounds, given.seconds, given.only)
    path = report.save(found, docs=given.write)
    say(report.summary(found))
    say(f"\nKept in {path}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
