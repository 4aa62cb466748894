"""On what the figures were seen: without it they mean nothing."""

import os
import platform
import subprocess
from importlib.metadata import version
from pathlib import Path

import psycopg


def _first(pattern: str, path: str) -> str:
    for line in Path(path).read_text().splitlines():
        if line.startswith(pattern):
            return line.partition(":")[2].strip()
    return "unknown"


def described(database_url: str, redis_url: str) -> dict[str, str]:
    with psycopg.connect(database_url) as connection:
        row = connection.execute(
            "SELECT current_setting('server_version'), current_setting('fsync'), "
            "current_setting('synchronous_commit'), current_setting('shared_buffers')"
        ).fetchone()
    assert row  # noqa: S101 - a SELECT without FROM has one
    memory = int(_first("MemTotal", "/proc/meminfo").split()[0]) / 1e6
    return {
        "processor": f"{_first('model name', '/proc/cpuinfo')}, {os.cpu_count()} cores",
        "memory": f"{memory:.0f} GB",
        "system": platform.platform(),
        "Python": platform.python_version(),
        "PostgreSQL": "{}, fsync {}, synchronous_commit {}, shared_buffers {}".format(
            row[0].split()[0], *row[1:]
        ),
        "Redis": _redis_version(redis_url),
        "Django": version("django"),
        "Granian": version("granian"),
        "load generator": _wrk(),
    }


def _redis_version(url: str) -> str:
    from redis import Redis

    info = Redis.from_url(url).info("server")
    return str(info["redis_version"])


def _wrk() -> str:
    said = subprocess.run(["/usr/bin/env", "wrk", "-v"], capture_output=True, text=True, check=False)
    return " ".join((said.stdout or said.stderr).split()[:2])


def busy_seconds() -> float:
    """Seconds that the processors have worked since the machine started, for everybody and the kernel."""
    with Path("/proc/stat").open() as file:
        user, nice, system, _idle, _iowait, irq, softirq = map(int, file.readline().split()[1:8])
    return (user + nice + system + irq + softirq) / os.sysconf("SC_CLK_TCK")
