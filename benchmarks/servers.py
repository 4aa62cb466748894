"""The servers that are measured, each on a port of its own, and what they need beside them."""

import contextlib
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks import peer
from benchmarks.stock import Stock
from onetime.embedded import server_command
from tests.site import end, free_port, prepare, site_environment, spawn, wait_until_alive

WORKERS = 2
#: Limits are counted as on any site, and too high to refuse a load generator.
RATES = ",".join(f"{name}=1000000000/h" for name in ("status", "claim", "receipt"))


@dataclass(frozen=True, slots=True)
class Server:
    """A running server; `first_answer` is how many seconds after its start it gave the first one."""

    name: str
    origin: str
    pid: int
    first_answer: float
    stock: Stock | None = None


@contextlib.contextmanager
def running(
    name: str,
    command: list[str],
    environment: dict[str, str],
    port: int,
    log: Path,
    alive: str,
    stock: Stock | None = None,
) -> Iterator[Server]:
    began = time.monotonic()
    process = spawn(command, environment, log)
    origin = f"http://127.0.0.1:{port}"
    try:
        wait_until_alive(origin + alive, process)
        yield Server(name, origin, process.pid, time.monotonic() - began, stock)
    finally:
        end(process)


@contextlib.contextmanager
def site(name: str, var: Path, database_url: str, redis_url: str) -> Iterator[Server]:
    """The site as it runs in production, or embedded, on an empty database."""
    var.mkdir(parents=True)
    port = free_port()
    environment = site_environment(var, port, database_url, RATE_LIMITS=RATES, REDIS_URL=redis_url)
    prepare(environment)
    stock = Stock(environment)
    stock.order("allow")
    command = server_command(port, WORKERS)
    try:
        with running(name, command, environment, port, var / "server.log", "/", stock) as server:
            yield server
    finally:
        stock.close()


@contextlib.contextmanager
def bare(name: str, target: str, var: Path) -> Iterator[Server]:
    """`target` of benchmarks.empty_view under the same server with as many workers."""
    port = free_port()
    command = [part.replace("onetime.wsgi:application", target) for part in server_command(port, WORKERS)]
    with running(name, command, dict(os.environ), port, var / f"{name}.log", "/") as server:
        yield server


@contextlib.contextmanager
def snappass(var: Path, redis_url: str) -> Iterator[Server]:
    port = free_port()
    environment = peer.environment(redis_url)
    with running("snappass", peer.command(port), environment, port, var / "snappass.log", "/") as server:
        yield server


def children(pid: int) -> list[int]:
    """The workers of a server."""
    return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def resident_megabytes(pid: int) -> float:
    """The memory of one process as it is counted against it, in millions of bytes."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024 / 1e6
    raise ProcessLookupError(pid)


def own_megabytes(pid: int) -> float:
    """As above, with what several processes share divided among them."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024 / 1e6
    raise ProcessLookupError(pid)


def workers_megabytes(server: Server, measure: Callable[[int], float] = resident_megabytes) -> list[float]:
    return [measure(pid) for pid in children(server.pid) if _is_worker(pid)]


def _is_worker(pid: int) -> bool:
    """Not multiprocessing's own helper, which Granian starts beside its workers."""
    return b"resource_tracker" not in Path(f"/proc/{pid}/cmdline").read_bytes()


def first_answer(var: Path, database_url: str, redis_url: str) -> float:
    """Seconds from the start of a server to its first page, on a database that exists."""
    with site("start", var, database_url, redis_url) as server:
        return server.first_answer
