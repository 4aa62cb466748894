"""`python -m benchmarks.files`: large files up and down, their speed and a worker's memory.

Speed is compared with benchmarks/plain.py, the same bytes through the same server without encryption,
database or Django. Runs on SQLite, or on the PostgreSQL server that DATABASE_URL names.
"""

import os
import subprocess
import sys
import tempfile
import threading
import time
from argparse import ArgumentParser
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import tests.environment  # noqa: F401 - the settings need an environment
from benchmarks.transfer import Connection, Sent, resident, workers_of
from secrets_app.envelope import SEGMENT_BYTES
from tests.site import ROOT, Site, free_port, running_site, wait_until_alive

MB = 1_000_000


class Round(NamedTuple):
    up: float  # MB/s
    down: float


def main() -> int:
    parser = ArgumentParser(prog="python -m benchmarks.files", description=__doc__)
    parser.add_argument("--size", type=int, default=100, help="MB of each file (default 100)")
    parser.add_argument("--parallel", type=int, default=10, help="transfers at once (default 10)")
    options = parser.parse_args()
    count, size = options.parallel, options.size * MB
    with tempfile.TemporaryDirectory() as directory:
        plain = measure_plain(Path(directory), count, size)
        with running_site(Path(directory) / "site", files=size) as site:
            warm(site, count)
            alone = measure(site, 1, size)
            with watching(site) as grown:
                together = measure(site, count, size)
    say(f"plain, {count} at once", plain)
    say("one file", alone)
    say(f"{count} files at once", together)
    sys.stdout.write(f"  a worker above idle     {max(grown) / MB:6.1f} MB at most\n")
    return 0


def say(what: str, figures: Round) -> None:
    sys.stdout.write(f"  {what:22}  up {figures.up:6.1f} MB/s   down {figures.down:6.1f} MB/s\n")


def warm(site: Site, count: int) -> None:
    """Let every worker have served before it is called idle: texts, so that no segment has been in memory."""
    for _ in range(3):
        at_once(count, lambda _number: Sent(1000).pass_through(Connection(site.port)))


def at_once(count: int, work: Callable[[int], None]) -> float:
    """Seconds that `count` threads took together."""
    began = time.monotonic()
    with ThreadPoolExecutor(count) as pool:
        list(pool.map(work, range(count)))
    return time.monotonic() - began


def measure(site: Site, count: int, size: int) -> Round:
    sent = [Sent(size) for _ in range(count)]
    up = at_once(count, lambda number: sent[number].send(Connection(site.port)))
    down = at_once(count, lambda number: sent[number].receive(Connection(site.port)))
    return Round(count * size / MB / up, count * size / MB / down)


def measure_plain(directory: Path, count: int, size: int) -> Round:
    port = free_port()
    command = [
        sys.executable, "-m", "granian", "benchmarks.plain:application", "--interface", "wsgi",
        "--port", str(port), "--workers", "2", "--blocking-threads", "4", "--http1-buffer-size", "65536",
        "--no-access-log", "--log-level", "warning",
    ]  # fmt: skip
    env = os.environ | {"PLAIN_DIRECTORY": str(directory)}
    server = subprocess.Popen(command, cwd=ROOT, env=env)
    try:
        wait_until_alive(f"http://127.0.0.1:{port}/", server)
        parts, data = -(-size // SEGMENT_BYTES), bytes(SEGMENT_BYTES)

        def up(number: int) -> None:
            to = Connection(port)
            for part in range(parts):
                to.call("PUT", f"/{number}-{part}", data, wanted=204)

        def down(number: int) -> None:
            to = Connection(port)
            for part in range(parts):
                to.call("POST", f"/{number}-{part}")

        return Round(count * size / MB / at_once(count, up), count * size / MB / at_once(count, down))
    finally:
        server.terminate()
        server.wait()


@contextmanager
def watching(site: Site) -> Iterator[list[int]]:
    """How many bytes each worker grew at most over what it had at the beginning."""
    workers = workers_of(site.process.pid)
    idle = [resident(each) for each in workers]
    grown, stop = [0] * len(workers), threading.Event()

    def watch() -> None:
        while not stop.wait(0.02):
            for place, worker in enumerate(workers):
                grown[place] = max(grown[place], resident(worker) - idle[place])

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield grown
    finally:
        stop.set()
        thread.join()


if __name__ == "__main__":
    sys.exit(main())
