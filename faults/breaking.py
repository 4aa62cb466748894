"""The faults: each breaks one thing, lets it be broken for a moment, and puts it right."""

import contextlib
import os
import random
import signal
import time
from collections.abc import Callable
from pathlib import Path

from faults.cluster import Cluster
from faults.processes import children, end, kill

Fault = Callable[[Cluster, random.Random], None]
#: Name: (weight, what it does, the fault).
FAULTS: dict[str, tuple[int, str, Fault]] = {}


def fault(name: str, words: str, weight: int) -> Callable[[Fault], Fault]:
    def register(function: Fault) -> Fault:
        FAULTS[name] = (weight, words, function)
        return function

    return register


def moment(dice: random.Random, least: float = 0.05, most: float = 0.8) -> None:
    time.sleep(dice.uniform(least, most))


# --- Processes ------------------------------------------------------------------------------------------


@fault("worker", "kill -9 of one worker, which the server replaces", 14)
def kill_worker(cluster: Cluster, dice: random.Random) -> None:
    workers = cluster.site_workers()
    if workers:
        kill(dice.choice(workers))
    moment(dice, 0.0, 0.2)


@fault("server", "kill -9 of the server with all workers, then a new one", 5)
def kill_server(cluster: Cluster, dice: random.Random) -> None:
    if cluster.site is not None:
        end(cluster.site, signal.SIGKILL)
    moment(dice)
    cluster.start_site()


@fault("restart", "the server told to stop, then a new one", 2)
def restart_server(cluster: Cluster, dice: random.Random) -> None:
    if cluster.site is not None:
        end(cluster.site, signal.SIGTERM)
    cluster.start_site()


@fault("housekeeping", "kill -9 of housekeeping, then a new one", 6)
def kill_keeper(cluster: Cluster, dice: random.Random) -> None:
    if cluster.keeper is not None:
        end(cluster.keeper, signal.SIGKILL)
    cluster.start_keeper()
    moment(dice, 0.0, 0.3)


# --- The database and the cache ---------------------------------------------------------------------------


@fault("database stop", "PostgreSQL stopped in immediate mode, then started (recovery from its log)", 10)
def stop_postgres(cluster: Cluster, dice: random.Random) -> None:
    if cluster.postgres is not None:
        end(cluster.postgres, signal.SIGQUIT)
    moment(dice)
    cluster.start_postgres()


@fault("database backend", "kill -9 of one backend: PostgreSQL drops all others and recovers", 8)
def kill_backend(cluster: Cluster, dice: random.Random) -> None:
    if cluster.postgres is None:
        return
    backends = [each for each in children(cluster.postgres.pid) if "onetime" in title(each.pid)]
    if backends:
        kill(dice.choice(backends))
    moment(dice, 0.0, 0.3)
    cluster.wait_for_postgres()


def title(pid: int) -> str:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace")
    return ""


@fault("cache", "kill -9 of Redis, then an empty one", 8)
def kill_redis(cluster: Cluster, dice: random.Random) -> None:
    if cluster.redis is not None:
        end(cluster.redis, signal.SIGKILL)
    moment(dice)
    cluster.start_redis()


# --- The network ------------------------------------------------------------------------------------------


@fault("database cut", "every connection to PostgreSQL reset, none let through for a moment", 10)
def cut_database(cluster: Cluster, dice: random.Random) -> None:
    cluster.to_database.down.set()
    cluster.to_database.cut()
    moment(dice)
    cluster.to_database.down.clear()


@fault("database slow", "each packet to and from PostgreSQL delayed by about 100 ms", 5)
def slow_database(cluster: Cluster, dice: random.Random) -> None:
    cluster.to_database.delay = 0.1
    moment(dice, 0.5, 1.5)
    cluster.to_database.delay = 0


@fault("database answers lost", "statements arrive at PostgreSQL, what it answers doesn't come back", 8)
def lose_database_answers(cluster: Cluster, dice: random.Random) -> None:
    cluster.to_database.lose_answers_after = 0
    moment(dice, 0.05, 0.4)
    cluster.to_database.cut()
    cluster.to_database.lose_answers_after = -1


@fault("cache cut", "every connection to Redis reset, none let through for a moment", 5)
def cut_redis(cluster: Cluster, dice: random.Random) -> None:
    cluster.to_redis.down.set()
    cluster.to_redis.cut()
    moment(dice)
    cluster.to_redis.down.clear()


@fault("client cut", "every connection of the clients reset", 10)
def cut_clients(cluster: Cluster, dice: random.Random) -> None:
    for _again in range(dice.randint(1, 6)):
        cluster.to_site.cut()
        time.sleep(dice.uniform(0.01, 0.08))


@fault("answers lost", "requests arrive, answers break off after some bytes", 12)
def lose_answers(cluster: Cluster, dice: random.Random) -> None:
    cluster.to_site.lose_answers_after = dice.choice((0, 1, 100, 500))
    moment(dice, 0.1, 0.6)
    cluster.to_site.lose_answers_after = -1


# --- Disk and clock ---------------------------------------------------------------------------------------


def fill(directory: Path) -> Path:
    """A file that leaves no room on a file system of the harness' own."""
    path = directory / "filler"
    with path.open("wb", buffering=0) as file:
        for size in (1 << 20, 4096, 1):
            with contextlib.suppress(OSError):
                while file.write(b"\0" * size) == size:
                    pass
    return path


def may_fill(cluster: Cluster, directory: Path) -> bool:
    return cluster.root and os.path.ismount(directory)


@fault("database disk full", "no room where PostgreSQL writes", 4)
def fill_database(cluster: Cluster, dice: random.Random) -> None:
    if not may_fill(cluster, cluster.data):
        return
    path = fill(cluster.data)
    moment(dice, 0.3, 1.5)
    path.unlink()
    cluster.start_postgres()
    cluster.wait_for_postgres()


@fault("journal disk full", "no room where the journal of openings is", 5)
def fill_journal(cluster: Cluster, dice: random.Random) -> None:
    if not may_fill(cluster, cluster.journal):
        return
    path = fill(cluster.journal)
    moment(dice)
    path.unlink()


@fault("clock", "the clock jumps by up to 30 seconds, forth or back, and returns", 7)
def jump(cluster: Cluster, dice: random.Random) -> None:
    cluster.set_clock(dice.choice((-30, -10, -2, 2, 10, 30)))
    moment(dice, 1.0, 2.0)
    cluster.set_clock(0)


def possible(cluster: Cluster) -> dict[str, tuple[int, str, Fault]]:
    """The faults that this machine can have: file systems of one's own need root."""
    without = set() if cluster.root else {"database disk full", "journal disk full"}
    return {name: each for name, each in FAULTS.items() if name not in without}
