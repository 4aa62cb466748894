"""`make bench-growth`: what many stored secrets cost. On PostgreSQL, in a database of its own.

ROWS live secrets against a thousandth of them; DUE expired ones purged while secrets are claimed; an
account with OWNED secrets against one with ten.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import psycopg

from benchmarks import load, report, servers, stock
from benchmarks.arithmetic import spread
from benchmarks.load import Load, Seen
from benchmarks.run import DATABASE_URL, REDIS_URL, say
from benchmarks.servers import Server
from tests.site import ROOT, fresh_database

CHUNK = 500_000
#: Rows whose content opens with no key: only what is claimed needs to. The smallest envelope, sealed.
FILL = """
INSERT INTO secrets_app_secret (id, state, passphrase, size, proof_hash, receipt_hash, content,
  created_at, expires_at, forget_at, due_at, owner_id)
SELECT gen_random_uuid(), 'new', false, 273, decode(repeat('00', 32), 'hex'),
  sha256(gen_random_uuid()::text::bytea), sha256('a') || sha256('b') || sha256('c') || sha256('d') ||
  sha256('e') || sha256('f') || sha256('g') || sha256('h') || sha256('i') || substring(sha256('j') for 17),
  now() - random() * interval '1 day', at, at + interval '2 days', at, %(owner)s
FROM (SELECT now() + %(from)s * interval '1 second' + random() * interval '1 day' AS at
      FROM generate_series(1, %(count)s)) AS times
"""
ROUNDS, SECONDS, CONNECTIONS = 8, 3.0, 4
SCENARIOS = ("create", "status", "claim")
LIVE, EXPIRED = 3600, -200_000  # seconds from now at which the first of them expires


class Growing:
    """A site, and a connection to its database past the site."""

    def __init__(self, server: Server, url: str, var: Path) -> None:
        self.server, self.url, self.var = server, url, var
        self.rate = 800.0
        self.body = var / "body"
        self.body.write_bytes(stock.body("create", 1000))

    def fill(self, count: int, first: int = LIVE, owner: int | None = None) -> None:
        with psycopg.connect(self.url, autocommit=True) as connection:
            for begun in range(0, count, CHUNK):
                values = {"count": min(CHUNK, count - begun), "from": first, "owner": owner}
                connection.execute(FILL, values)

    def settle(self) -> None:
        """What autovacuum and the checkpointer would do in the minutes after."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute("VACUUM ANALYZE secrets_app_secret")
            connection.execute("CHECKPOINT")

    def seen(self, scenario: str, seconds: float = SECONDS) -> Seen:
        assert self.server.stock  # noqa: S101 - it is a site
        names = self.var / "names"
        if scenario != "create":
            count = 1000 if scenario == "status" else int(2 * self.rate * seconds) + 500
            self.server.stock.order("claim", size=1000, count=count, path=str(names))
        wanted = Load(scenario, CONNECTIONS, seconds, names if scenario != "create" else None, self.body)
        return load.run(wanted, self.server.origin)

    def bytes(self) -> int:
        with psycopg.connect(self.url) as connection:
            row = connection.execute("SELECT pg_total_relation_size('secrets_app_secret')").fetchone()
        assert row  # noqa: S101 - it has one
        return int(row[0])


def grow(few: Growing, many: Growing, rows: int) -> dict[str, Any]:
    """Milliseconds of create, status and claim with few rows and with many, round after round in turn."""
    few.fill(rows // 1000)
    many.fill(rows)
    many.settle()
    few.settle()
    rounds = [{name: (few.seen(name).p50, many.seen(name).p50) for name in SCENARIOS} for _ in range(ROUNDS)]
    medians = {
        name: [spread([one[name][place] for one in rounds[1:]]).median for place in (0, 1)]
        for name in SCENARIOS
    }
    say(f"{rows // 1000} and {rows} rows: {medians}")
    return {
        "rows": rows,
        "few": {name: seen[0] for name, seen in medians.items()},
        "many": {name: seen[1] for name, seen in medians.items()},
        "ratio": {name: seen[1] / seen[0] for name, seen in medians.items()},
    }


def purge(site: Growing, due: int, environment: dict[str, str]) -> dict[str, Any]:
    """The tail of claims while everything that is due goes, and whether its place is used again."""
    idle = [site.seen("claim").p99 for _ in range(ROUNDS)]
    site.fill(due, EXPIRED)
    before = site.bytes()
    began = time.monotonic()
    process = subprocess.Popen([sys.executable, "manage.py", "purge_secrets"], cwd=ROOT, env=environment)
    busy = []
    while process.poll() is None:
        busy.append(site.seen("claim").p99)
    seconds = time.monotonic() - began
    site.settle()
    purged = site.bytes()
    site.fill(due)
    site.settle()
    return {
        "due": due, "seconds": seconds, "idle_p99": spread(idle).median, "busy_p99": spread(busy).median,
        "ratio": spread(busy).median / spread(idle).median,
        "bytes_before": before, "bytes_after": purged, "bytes_filled_again": site.bytes(),
    }  # fmt: skip


def dashboards(site: Growing, owned: int, environment: dict[str, str]) -> dict[str, float]:
    """Milliseconds of a page of the account's list, with ten secrets and with many."""
    found = {}
    for count in (10, owned):
        code = (
            "from accounts import tokens; from accounts.models import User; "
            f"user = User.objects.create_user('owner{count}@example.com'); "
            "print(user.pk, tokens.create(user))"
        )
        said = subprocess.run(
            [sys.executable, "manage.py", "shell", "--no-imports", "-c", code],
            cwd=ROOT, env=environment, check=True, capture_output=True, text=True,
        ).stdout.split()  # fmt: skip
        site.fill(count, owner=int(said[0]))
        site.settle()
        headers = {"Authorization": f"Bearer {said[1]}"}
        found[str(count)] = spread([_page(site.server.origin, headers) for _ in range(200)]).median
    return found


def _page(origin: str, headers: dict[str, str]) -> float:
    request = urllib.request.Request(f"{origin}/api/v2/receipts?limit=10", headers=headers)  # noqa: S310
    began = time.perf_counter()
    with urllib.request.urlopen(request) as answer:  # noqa: S310 - our own server
        answer.read()
    return 1000 * (time.perf_counter() - began)


def growing(stack: ExitStack, var: Path) -> Growing:
    url = stack.enter_context(fresh_database(DATABASE_URL))
    server = stack.enter_context(servers.site(var.name, var, url, REDIS_URL))
    site = Growing(server, url, var)
    site.seen("create")
    return site


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=int(os.environ.get("ROWS") or 10_000_000))
    parser.add_argument("--due", type=int, default=int(os.environ.get("DUE") or 1_000_000))
    parser.add_argument("--owned", type=int, default=int(os.environ.get("OWNED") or 100_000))
    parser.add_argument("--write", action="store_true", help="write what was found into docs/performance.md")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="onetime-growth-") as directory, ExitStack() as stack:
        few, many = (growing(stack, Path(directory) / name) for name in ("few", "many"))
        assert many.server.stock  # noqa: S101 - it is a site
        environment = many.server.stock.environment
        found = {
            "date": time.strftime("%Y-%m-%d"),
            "grown": grow(few, many, given.rows),
            "purged": purge(many, given.due, environment),
            "dashboard_milliseconds": dashboards(many, given.owned, environment),
        }
    say(json.dumps(report.compact(found), indent=1))
    if given.write:
        report.save_growth(found)
    return 0


if __name__ == "__main__":
    sys.exit(main())
