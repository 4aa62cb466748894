"""`python -m faults [--faults N] [--seed S] [--json FILE]`: breaks, checks, says what held."""

import argparse
import json
import random
import shutil
import sys
import tempfile
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from faults import verdict
from faults.breaking import possible
from faults.client import Client
from faults.cluster import Cluster
from faults.ledger import Ledger

CLIENTS = 3


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="faults", description=__doc__)
    parser.add_argument("--faults", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--json", type=Path, help="where the figures go")
    parser.add_argument("--keep", action="store_true", help="leave the logs where they are")
    parser.add_argument("--only", action="append", help="this fault alone; may be repeated")
    return parser.parse_args()


class Run:
    """One run: a cluster, clients that keep a ledger, and faults drawn from a seed."""

    def __init__(self, cluster: Cluster, faults: int, seed: int, only: list[str] | None) -> None:
        self.cluster, self.faults, self.dice = cluster, faults, random.Random(seed)  # noqa: S311
        self.ledger, self.stop = Ledger(), threading.Event()
        self.clients = [
            Client(cluster.to_site.port, self.ledger, self.stop, seed + number) for number in range(CLIENTS)
        ]
        self.kinds = {name: each for name, each in possible(cluster).items() if only is None or name in only}
        self.done: dict[str, int] = {}
        self.recovery: dict[str, list[float]] = {}

    def go(self) -> None:
        for client in self.clients:
            client.start()
        names = list(self.kinds)
        weights = [self.kinds[name][0] for name in names]
        for number in range(self.faults):
            self.one(self.dice.choices(names, weights)[0])
            if number % 50 == 49:
                say(f"{number + 1} faults, {len(self.ledger.entries)} secrets")
            if problems := [each for client in self.clients for each in client.problems]:
                raise RuntimeError("; ".join(problems))
            time.sleep(self.dice.uniform(0.05, 0.3))
        self.stop.set()
        for client in self.clients:
            client.join(180)

    def one(self, name: str) -> None:
        self.kinds[name][2](self.cluster, self.dice)
        seconds = self.cluster.wait_until_ready()
        self.done[name] = self.done.get(name, 0) + 1
        self.recovery.setdefault(name, []).append(seconds)

    def figures(self, verdicts: dict[str, list[str]]) -> dict[str, Any]:
        entries = self.ledger.entries
        return {
            "faults": sum(self.done.values()),
            "by_kind": {
                name: {
                    "what": self.kinds[name][1],
                    "times": self.done[name],
                    "ready_again_median": round(sorted(seconds)[len(seconds) // 2], 2),
                    "ready_again_most": round(max(seconds), 2),
                }
                for name, seconds in sorted(self.recovery.items())
            },
            "started_again_by_the_supervisor": self.cluster.started_again,
            "secrets": len(entries),
            "confirmed": sum(bool(each.confirmed_at) for each in entries),
            "opened": verdict.opened(entries),
            "burned": sum(each.burned for each in entries),
            "by_segment": sum(each.by_segment for each in entries),
            "answers": dict(sorted(self.ledger.counts.items())),
            "verdicts": {name: len(found) for name, found in verdicts.items()},
        }


def say(text: str) -> None:
    sys.stdout.write(f"{datetime.now(UTC):%H:%M:%S} {text}\n")
    sys.stdout.flush()


def main() -> int:
    asked = arguments()
    seed = asked.seed if asked.seed is not None else int(time.time())
    directory = Path(tempfile.mkdtemp(prefix="onetime-faults-"))
    directory.chmod(0o755)  # PostgreSQL runs as an account of its own
    cluster = Cluster(directory)
    failed = True
    try:
        say(f"seed {seed}; logs in {directory}")
        begun = time.monotonic()
        cluster.start()
        cluster.wait_until_ready()
        run = Run(cluster, asked.faults, seed, asked.only)
        run.go()
        cluster.wait_until_ready()
        say("checking")
        found = verdict.verdicts(cluster, run.ledger)
        figures = run.figures(found) | {"seed": seed, "seconds": round(time.monotonic() - begun)}
        report(figures, found)
        if asked.json:
            asked.json.write_text(json.dumps(figures, indent=1) + "\n")
        failed = any(found.values())
    finally:
        cluster.stop()
        if not failed and not asked.keep:
            shutil.rmtree(directory)
    return int(failed)


def report(figures: dict[str, Any], found: dict[str, list[str]]) -> None:
    for name, kind in figures["by_kind"].items():
        median, most = kind["ready_again_median"], kind["ready_again_most"]
        say(f"{kind['times']:5} × {name}: ready again after {median} s, {most} s at most")
    for name in (
        "started_again_by_the_supervisor",
        "secrets",
        "confirmed",
        "opened",
        "burned",
        "by_segment",
        "answers",
    ):
        say(f"{name}: {figures[name]}")
    for name, broken in found.items():
        say(f"{'BROKEN' if broken else 'held'}: {name}")
        for each in broken[:10]:
            say(f"    {each}")


if __name__ == "__main__":
    sys.exit(main())
