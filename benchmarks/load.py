"""One run of wrk against one address, and what it saw."""

import json
import os
import secrets
import subprocess
from dataclasses import dataclass
from pathlib import Path

from benchmarks import machine

LUA = Path(__file__).with_name("load.lua")


class LoadFailed(RuntimeError):
    """wrk said nothing that can be read, or answers were refused."""


@dataclass(frozen=True, slots=True)
class Load:
    """What is sent: a scenario of load.lua, over so many connections, from files where it needs them."""

    scenario: str
    connections: int
    seconds: float
    names: Path | None = None
    body: Path | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """Times in milliseconds. `generator` is the share of one core that wrk itself needed.

    `processor` is the microseconds that all processors worked for one request, in every process
    and in the kernel: what no other arrangement of the same work could take less than.
    """

    rate: float
    p50: float
    p99: float
    worst: float
    requests: int
    errors: int
    bytes: float  # of one answer on the wire, headers and all
    generator: float
    processor: float

    @property
    def answered(self) -> float:
        """Requests a second that were not refused: refusing, as where a stock is used up, is faster."""
        return self.rate * (1 - self.errors / max(1, self.requests))


def command(load: Load, url: str) -> list[str]:
    """One thread of wrk keeps many cores of Python busy; `generator` of each run shows that it did."""
    return [
        "wrk", "-t1", f"-c{load.connections}", f"-d{load.seconds:.0f}s", "--timeout", "10s",
        "-s", str(LUA), url, "--", load.scenario, str(load.names or "-"), str(load.body or "-"),
        str(secrets.randbelow(2**31)),
    ]  # fmt: skip


def run(load: Load, url: str) -> Seen:
    """Raises LoadFailed where wrk itself fails; refused answers are counted in `errors`."""
    before = machine.busy_seconds()
    process = subprocess.Popen(command(load, url), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    assert process.stderr  # noqa: S101 - asked for above
    said = process.stderr.read().decode()
    _pid, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    busy = machine.busy_seconds() - before
    return seen(said, process.returncode, used.ru_utime + used.ru_stime, busy)


def seen(said: str, returncode: int, cpu_seconds: float, busy_seconds: float) -> Seen:
    """wrk's own figures, from the line that load.lua prints at the end."""
    last = said.strip().rpartition("\n")[2]
    if returncode or not last.startswith("{"):
        raise LoadFailed(f"wrk ended with {returncode}: {said[-500:]}")
    raw = json.loads(last)
    seconds = raw["microseconds"] / 1e6
    return Seen(
        rate=raw["requests"] / seconds,
        p50=raw["p50"] / 1000,
        p99=raw["p99"] / 1000,
        worst=raw["worst"] / 1000,
        requests=raw["requests"],
        errors=raw["errors"],
        bytes=raw["bytes"] / max(1, raw["requests"]),
        generator=cpu_seconds / seconds,
        processor=1e6 * busy_seconds / max(1, raw["requests"]),
    )
