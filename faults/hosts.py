"""`python -m faults.hosts`: hosts behind the nginx sample, cut off, killed, added, upgraded under load.

Each host is a network namespace.

Needs root and nginx. The namespaces, their bridge and every process are the harness' own and end
with it; the addresses exist in them alone.
"""

import argparse
import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from faults import verdict
from faults.__main__ import say
from faults.client import Client
from faults.cluster import Cluster
from faults.ledger import Ledger, unanswered
from faults.processes import end
from tests.operations.test_proxies import nginx
from tests.operations.tools import certificate, trusting, wait_for
from tests.site import ROOT, free_port, wait_until_alive

NET, BRIDGE, PORT = "10.213.7", "br-onetime", 8000


def run(*words: str, check: bool = True) -> None:
    subprocess.run(words, check=check, capture_output=True)


class Host:
    """One machine: a namespace with an address, and a server in it."""

    def __init__(self, number: int, cluster: Cluster, env: dict[str, str]) -> None:
        self.name, self.address = f"onetime-{number}", f"{NET}.{10 + number}"
        self.place = f"{self.address}:{PORT}"
        self.cluster, self.env = cluster, env
        self.near, self.far = f"ot{number}a", f"ot{number}b"
        run("ip", "netns", "add", self.name)
        run("ip", "link", "add", self.near, "type", "veth", "peer", "name", self.far)
        run("ip", "link", "set", self.far, "netns", self.name)
        run("ip", "link", "set", self.near, "master", BRIDGE, "up")
        for words in (
            f"addr add {self.address}/24 dev {self.far}",
            f"link set {self.far} up",
            "link set lo up",
        ):
            run("ip", "-n", self.name, *words.split())
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        output = self.cluster.log(self.name)
        env = self.env | {"HOST": "0.0.0.0", "PORT": str(PORT), "WORKERS": "1"}  # noqa: S104 - in its namespace
        self.process = subprocess.Popen(
            ["ip", "netns", "exec", self.name, sys.executable, "-m", "onetime.server"],
            cwd=ROOT, env=env, stdout=output, stderr=output,
        )  # fmt: skip
        os.close(output)

    def wait(self) -> None:
        """Until it is ready."""
        if self.process is not None:
            wait_until_alive(f"http://{self.place}/readyz", self.process)

    def stop(self, how: int) -> None:
        if self.process is not None:
            end(self.process, how)

    def link(self, state: str) -> None:
        run("ip", "link", "set", self.near, state)

    def remove(self) -> None:
        self.stop(signal.SIGKILL)
        run("ip", "link", "del", self.near, check=False)
        run("ip", "netns", "del", self.name, check=False)


class Proxy:
    """The nginx sample with some servers behind it; reloaded when they change."""

    def __init__(self, directory: Path) -> None:
        self.directory, self.port = directory, free_port()
        (directory / "bodies").mkdir(parents=True)
        self.chain, key = certificate(directory)
        self.command = nginx(directory, PORT, self.port, free_port(), self.chain, key)
        self.sample = (directory / "site.conf").read_text()
        self.process: subprocess.Popen[bytes] | None = None

    def serve(self, places: list[str]) -> None:
        """`places` are ADDRESS:PORT."""
        line = f"server 127.0.0.1:{PORT} max_fails=1 fail_timeout=2s;"
        lines = "\n".join(line.replace(f"127.0.0.1:{PORT}", place) for place in places)
        (self.directory / "site.conf").write_text(self.sample.replace(line, lines))
        if self.process is None:
            self.process = subprocess.Popen(self.command)
            wait_for(self.port, self.process, self.directory / "main.log")
        else:
            self.process.send_signal(signal.SIGHUP)

    def stop(self) -> None:
        if self.process is not None:
            end(self.process)


@contextlib.contextmanager
def network() -> Iterator[None]:
    run("ip", "link", "add", BRIDGE, "type", "bridge")
    try:
        run("ip", "addr", "add", f"{NET}.1/24", "dev", BRIDGE)
        run("ip", "link", "set", BRIDGE, "up")
        yield
    finally:
        run("ip", "link", "del", BRIDGE, check=False)


def environment(cluster: Cluster) -> dict[str, str]:
    # Each host has a journal of its own in life; here they are on one file system.
    return cluster.environment_behind_proxy() | {
        "DATABASE_URL": f"postgres://postgres@{NET}.1:{cluster.postgres_port}/onetime",
        "REDIS_URL": f"redis://{NET}.1:{cluster.redis_port}/0",
    }


def phases(hosts: list[Host], proxy: Proxy, spare: Host, seconds: float) -> Iterator[str]:
    """What happens, one after the other, each followed by a while of load."""
    first, second, third = hosts
    yield "three hosts"
    time.sleep(seconds)
    yield "one cut off from the network"
    second.link("down")
    time.sleep(seconds)
    yield "and back"
    second.link("up")
    time.sleep(seconds)
    yield "one killed"
    third.stop(signal.SIGKILL)
    time.sleep(seconds)
    yield "one added"
    spare.start()
    spare.wait()
    proxy.serve([host.place for host in (first, second, spare)])
    time.sleep(seconds)
    yield "each restarted in turn, as in an upgrade"
    for host in (first, second, spare):
        host.stop(signal.SIGTERM)
        host.start()
        host.wait()
    time.sleep(seconds)


def main() -> int:
    parser = argparse.ArgumentParser(prog="faults.hosts", description=__doc__)
    parser.add_argument("--seconds", type=float, default=15)
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    directory = Path(tempfile.mkdtemp(prefix="onetime-hosts-"))
    directory.chmod(0o755)
    cluster = Cluster(directory)
    cluster.listen.append(f"{NET}.1")
    with contextlib.ExitStack() as stack:
        stack.callback(shutil.rmtree, directory, ignore_errors=True)
        stack.enter_context(network())
        stack.callback(cluster.stop)
        cluster.start_stores(f"host all all {NET}.0/24 trust")
        cluster.env = environment(cluster)
        cluster.manage("prepare")
        hosts = [Host(number, cluster, cluster.env) for number in range(1, 5)]
        for host in hosts:
            stack.callback(host.remove)
        proxy = Proxy(directory / "proxy")
        stack.callback(proxy.stop)
        return under_load(cluster, hosts, proxy, asked)


def under_load(cluster: Cluster, hosts: list[Host], proxy: Proxy, asked: argparse.Namespace) -> int:
    for host in hosts[:3]:
        host.start()
    proxy.serve([host.place for host in hosts[:3]])
    ledger, stop = Ledger(), threading.Event()
    tls = trusting(proxy.chain)
    clients = [Client(proxy.port, ledger, stop, number, tls) for number in range(3)]
    opener = Client(proxy.port, ledger, threading.Event(), 99, tls)
    opener.ask("ready", "GET", "/status")
    for client in clients:
        client.start()
    told: list[dict[str, Any]] = []
    before: dict[str, int] = {}
    for name in phases(hosts[:3], proxy, hosts[3], asked.seconds):
        told_of(told, ledger, before)
        told.append({"phase": name})
        say(name)
    stop.set()
    for client in clients:
        client.join(120)
    told_of(told, ledger, before)
    broken = verdict.promises(cluster, ledger, opener)
    problems = [each for client in clients for each in client.problems]
    figures = {
        "phases": told,
        "secrets": len(ledger.entries),
        "verdicts": {k: len(v) for k, v in broken.items()},
    }
    say(json.dumps(figures, indent=1))
    if asked.json:
        asked.json.write_text(json.dumps(figures, indent=1) + "\n")
    return int(bool(problems) or any(broken.values()))


def told_of(told: list[dict[str, Any]], ledger: Ledger, before: dict[str, int]) -> None:
    """Into the last phase: how many calls were answered, how many not, and how long the slowest took."""
    with ledger.lock:
        counts, slowest = dict(ledger.counts), dict(ledger.slowest)
        ledger.slowest.clear()
    if told:
        new = {name: count - before.get(name, 0) for name, count in counts.items()}
        failed = unanswered(new)
        told[-1] |= {
            "answered": sum(new.values()) - failed,
            "to be repeated": failed,
            "slowest, with repeating": round(max(slowest.values(), default=0), 2),
        }
    before.clear()
    before.update(counts)


if __name__ == "__main__":
    sys.exit(main())
