"""What a soak watches: memory, file descriptors, threads and connections, and the rule that says "flat"."""

import os
import statistics
from pathlib import Path
from typing import Any, NamedTuple, cast

import redis

from faults import verdict
from faults.cluster import Cluster

#: What is watched of a process, with its unit; the rest are numbers of things.
UNITS = {"memory, RSS": "MB", "memory, PSS": "MB"}
#: Growth from the middle third to the last one that is still flat: this share, or that much if it is more.
SHARE, MEGABYTES, THINGS = 0.03, 2.0, 3.0
#: Seconds below which nothing is said to be flat: memory and connections are still on their way up.
LEAST = 900.0

#: Who: what: how much.
Sample = dict[str, dict[str, float]]


class Series(NamedTuple):
    """One thing that was watched: its medians in each third, and its growth after the first one."""

    who: str
    what: str
    unit: str
    first: float
    middle: float
    last: float
    per_hour: float
    flat: bool | None  # None where it was too short to tell


def process(pid: int) -> dict[str, float]:
    """Of one process of ours: megabytes, file descriptors, threads. Raises OSError when it has ended."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]
    kilobytes = {
        name: float(rest.split()[0]) for name, _colon, rest in (line.partition(":") for line in lines)
    }
    return {
        "memory, RSS": kilobytes["Rss"] / 1024,
        "memory, PSS": kilobytes["Pss"] / 1024,
        "file descriptors": float(len(os.listdir(f"/proc/{pid}/fd"))),  # noqa: PTH208 - numbers alone
        "threads": float(len(os.listdir(f"/proc/{pid}/task"))),  # noqa: PTH208
    }


def processes(cluster: Cluster) -> dict[str, int]:
    """The number of each worker, in the order of their start, and of housekeeping."""
    workers = sorted(cluster.site_workers(), key=lambda child: (child.started, child.pid))
    named = {f"worker {number}": child.pid for number, child in enumerate(workers, 1)}
    if cluster.site is not None:
        named["the server that starts them"] = cluster.site.pid
    if cluster.keeper is not None:
        named["housekeeping"] = cluster.keeper.pid
    return named


def database_connections(cluster: Cluster) -> float:
    query = "SELECT count(*) FROM pg_stat_activity WHERE datname = 'onetime' AND pid <> pg_backend_pid()"
    return float(verdict.rows(cluster, query)[0][0])


def cache_connections(cluster: Cluster) -> float:
    with redis.Redis(port=cluster.redis_port) as connection:
        info = cast("dict[str, Any]", connection.info("clients"))
    return float(info["connected_clients"] - 1)  # but for this one


def sample(cluster: Cluster, pids: dict[str, int]) -> Sample:
    """How much of everything there is now."""
    found: Sample = {who: process(pid) for who, pid in pids.items()}
    found["PostgreSQL"] = {"connections": database_connections(cluster)}
    found["Redis"] = {"connections": cache_connections(cluster)}
    return found


def is_flat(middle: float, last: float, unit: str) -> bool:
    """Whether the last third is no more than the middle one, but for SHARE, MEGABYTES or THINGS."""
    least = MEGABYTES if unit == "MB" else THINGS
    return last <= middle + max(SHARE * middle, least)


def series(samples: list[Sample], every: float) -> list[Series]:
    """Each thing that was watched in all of `samples`, taken `every` so many seconds.

    Raises ValueError for fewer than six samples: two in each third.
    """
    if len(samples) < 6:
        raise ValueError("a third of these is no third")
    return [
        one(who, what, [each[who][what] for each in samples], every)
        for who, watched in samples[0].items()
        for what in watched
    ]


def one(who: str, what: str, values: list[float], every: float) -> Series:
    """The first third is for warming up, and counts neither for the growth nor for what is flat."""
    third = len(values) // 3
    parts = (values[:third], values[third:-third], values[-third:])
    first, middle, last = (statistics.median(part) for part in parts)
    unit, long = UNITS.get(what, ""), len(values) * every >= LEAST
    hours = [index * every / 3600 for index in range(third, len(values))]
    slope, _at_zero = statistics.linear_regression(hours, values[third:])
    return Series(
        who, what, unit, round(first, 1), round(middle, 1), round(last, 1), round(slope, 1),
        is_flat(middle, last, unit) if long else None,
    )  # fmt: skip
