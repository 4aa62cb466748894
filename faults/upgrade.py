"""`python -m faults.upgrade [--from COMMIT]`: from one version to the next and back, under load.

Two servers behind the nginx sample, as docs/operations.md has it: first the migrations, then one server
after the other. Needs nginx and git. The older version is a worktree in a directory of the harness' own.
"""

import argparse
import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from faults import document, verdict
from faults.__main__ import say
from faults.client import Client, b64
from faults.cluster import CLOCKED, Cluster
from faults.hosts import Proxy, told_of
from faults.ledger import Entry, Ledger
from faults.processes import end
from secrets_app import envelope
from secrets_app.envelope import LinkKey
from tests.operations.tools import trusting
from tests.site import ROOT, free_port, wait_until_alive

#: What the version before did not have: files that go by segment.
ADDED = "secrets_app/migrations/0005_files_by_segment.py"
CLIENTS = 3
#: Seconds after which the proxy asks a server again that was away; the operations guide has the same.
NOTICED = 3
#: As `python -m onetime.server`, which not every older version has.
SERVE = (
    "import os; from onetime.embedded import server_command; w = server_command({port}, 1); os.execv(w[0], w)"
)


def git(*words: str) -> str:
    done = subprocess.run(["git", "-C", str(ROOT), *words], check=True, capture_output=True, text=True)
    return done.stdout.strip()


def version_before() -> str:
    """The last commit without files by segment."""
    (added,) = git("log", "--diff-filter=A", "--format=%H", "--", ADDED).split()
    return git("rev-parse", f"{added}^")


@contextlib.contextmanager
def tree_of(commit: str, directory: Path) -> Iterator[Path]:
    """The files of another version, for as long as they are needed."""
    tree = directory / "before"
    git("worktree", "add", "--detach", str(tree), commit)
    try:
        yield tree
    finally:
        git("worktree", "remove", "--force", str(tree))


class Server:
    """One of several servers, of one worker, that runs the version it is told to."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster, self.port = cluster, free_port()
        self.place = f"127.0.0.1:{self.port}"
        self.process: subprocess.Popen[bytes] | None = None

    def run(self, tree: Path) -> None:
        """Told to stop if it runs, then started from `tree` and waited for, as the operations guide says."""
        self.stop()
        output = self.cluster.log(f"server-{self.port}")
        self.process = subprocess.Popen(
            [sys.executable, "-c", SERVE.format(port=self.port)],
            cwd=tree, env=self.cluster.env | of(tree), stdout=output, stderr=output,
        )  # fmt: skip
        os.close(output)
        wait_until_alive(f"http://{self.place}/readyz", self.process)

    def stop(self) -> None:
        if self.process is not None:
            end(self.process)


def of(tree: Path) -> dict[str, str]:
    """Where Python looks for the version in `tree`."""
    return {"PYTHONPATH": f"{CLOCKED}:{tree}"}


def use(cluster: Cluster, tree: Path) -> None:
    """From now on management commands and housekeeping are of this version."""
    cluster.tree, cluster.env = tree, cluster.env | of(tree)
    if cluster.keeper is not None:
        end(cluster.keeper)
    cluster.manage("prepare")
    cluster.start_keeper()


class Upgrade:
    """Two servers, the proxy before them, and what the clients saw in each phase."""

    def __init__(self, cluster: Cluster, proxy: Proxy, before: Path, seconds: float) -> None:
        self.cluster, self.proxy, self.before, self.seconds = cluster, proxy, before, seconds
        self.first, self.second = Server(cluster), Server(cluster)
        self.ledger, self.tls = Ledger(), trusting(proxy.chain)
        self.phases: list[dict[str, Any]] = []
        self.counted: dict[str, int] = {}
        self.problems: list[str] = []
        self.met: dict[str, int] = {}

    @contextlib.contextmanager
    def load(self, files: float) -> Iterator[None]:
        """Clients at work; a share of `files` of their secrets carries one."""
        stop = threading.Event()
        seed = len(self.phases) * CLIENTS
        clients = [
            Client(self.proxy.port, self.ledger, stop, seed + each, self.tls) for each in range(CLIENTS)
        ]
        for client in clients:
            client.files = files
            client.start()
        try:
            yield
        finally:
            stop.set()
            for client in clients:
                client.join(120)
            self.problems += [each for client in clients for each in client.problems]

    def phase(self, name: str) -> None:
        told_of(self.phases, self.ledger, self.counted)
        self.phases.append({"phase": name})
        say(name)

    def stay(self) -> None:
        time.sleep(self.seconds)

    def go(self) -> None:
        """Up and back down. Nobody sends files while a server of the version before runs."""
        with self.load(files=0):
            self.phase("both of the version before")
            self.stay()
            self.phase("migrated, both still of the version before")
            use(self.cluster, ROOT)
            self.stay()
            self.phase("one upgraded, the other of the version before")
            self.first.run(ROOT)
            self.stay()
            self.meet()
            self.phase("both upgraded")
            self.second.run(ROOT)
            self.stay()
        with self.load(files=Client.files):
            self.phase("and files sent by segment")
            self.stay()
        with self.load(files=0):
            self.phase("one gone back to the version before, without a migration")
            self.first.run(self.before)
            self.stay()
            self.phase("both gone back")
            self.second.run(self.before)
            self.stay()
            self.phase("both upgraded again")
            self.first.run(ROOT)
            time.sleep(NOTICED)
            self.second.run(ROOT)
            self.stay()
        told_of(self.phases, self.ledger, self.counted)

    def meet(self) -> None:
        """Who sends a file all the same and meets the version before: refused, and nothing is consumed."""
        new, old = (
            Client(server.port, self.ledger, threading.Event(), 7) for server in (self.first, self.second)
        )
        key = envelope.new_link_key()
        entry = Entry(key, envelope.secret_id(key).hex(), "with a file", by_segment=True, ttl=86400)
        self.ledger.add(entry)
        new.upload(entry)
        entry.confirmed_at = time.time()
        proof = b64(envelope.derive(LinkKey(key), None).proof)
        path = f"/api/v2/secrets/{entry.secret_id}"
        for name, asked, body in (
            ("begin", "/api/v2/uploads", {}),
            ("claim", f"{path}/claim", {"proof": proof, "claim": b64(os.urandom(16))}),
            ("burn", f"/api/v2/receipts/{entry.receipt}/burn", {}),
        ):
            data = json.dumps(body).encode()
            self.met[name] = old.once("POST", asked, data, Content_Type="application/json")[0]
        new.open(entry, rivals=False)
        if not entry.holders:
            self.problems.append(f"a file that met the version before was lost: {entry.lost or 'refused'}")


def applied(cluster: Cluster) -> set[str]:
    return {f"{app}.{name}" for app, name in verdict.rows(cluster, "SELECT app, name FROM django_migrations")}


def upgrade(commit: str, seconds: float) -> tuple[dict[str, Any], list[str]]:
    """The figures of all phases, and whatever went wrong."""
    directory = Path(tempfile.mkdtemp(prefix="onetime-upgrade-"))
    directory.chmod(0o755)  # PostgreSQL runs as an account of its own
    with contextlib.ExitStack() as stack:
        stack.callback(shutil.rmtree, directory, ignore_errors=True)
        before = stack.enter_context(tree_of(commit, directory))
        cluster = Cluster(directory)
        stack.callback(cluster.stop)
        cluster.start_stores()
        cluster.env = cluster.environment_behind_proxy()
        proxy = Proxy(directory / "proxy")
        stack.callback(proxy.stop)
        run = Upgrade(cluster, proxy, before, seconds)
        for server in (run.first, run.second):
            stack.callback(server.stop)
        return begin(run, commit)


def begin(run: Upgrade, commit: str) -> tuple[dict[str, Any], list[str]]:
    use(run.cluster, run.before)
    known = applied(run.cluster)
    for server in (run.first, run.second):
        server.run(run.before)
    run.proxy.serve([run.first.place, run.second.place])
    run.go()
    opener = Client(run.proxy.port, run.ledger, threading.Event(), 99, run.tls)
    broken = verdict.verdicts(run.cluster, run.ledger, opener)
    figures = {
        "from": git("log", "-1", "--format=%s", commit),
        "migrations": sorted(applied(run.cluster) - known),
        "phases": run.phases,
        "met": run.met,
        "secrets": len(run.ledger.entries),
        "by_segment": sum(each.by_segment for each in run.ledger.entries),
        "verdicts": {name: len(found) for name, found in broken.items()},
    }
    return figures, run.problems + [f"{name}: {each}" for name, found in broken.items() for each in found]


def main() -> int:
    parser = argparse.ArgumentParser(prog="faults.upgrade", description=__doc__)
    parser.add_argument("--from", dest="commit", help="the version before; else the last without files")
    parser.add_argument("--seconds", type=float, default=15, help="of each phase, besides what is done in it")
    parser.add_argument("--json", type=Path, help="where the figures go")
    parser.add_argument("--write", action="store_true", help="the figures into docs/reliability.*")
    asked = parser.parse_args()
    figures, problems = upgrade(asked.commit or version_before(), asked.seconds)
    say(json.dumps(figures, indent=1))
    if asked.json:
        asked.json.write_text(json.dumps(figures, indent=1) + "\n")
    if asked.write:
        document.keep("upgrade", figures)
    for each in problems[:20]:
        say(each)
    return int(bool(problems))


if __name__ == "__main__":
    sys.exit(main())
