"""Runs benchmarks.costs in the environment of a site on a fresh PostgreSQL database and Redis."""

import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks import servers
from benchmarks.run import DATABASE_URL, REDIS_URL
from tests.site import ROOT, fresh_database, site_environment


def main() -> int:
    with (
        tempfile.TemporaryDirectory(prefix="onetime-costs-") as directory,
        fresh_database(DATABASE_URL) as url,
    ):
        environment = site_environment(
            Path(directory), 8000, url, RATE_LIMITS=servers.RATES, REDIS_URL=REDIS_URL
        )
        for command in (["manage.py", "prepare"], ["-m", "benchmarks.costs", *sys.argv[1:]]):
            done = subprocess.run([sys.executable, *command], cwd=ROOT, env=environment, check=False)
            if done.returncode:
                return done.returncode
    return 0


if __name__ == "__main__":
    sys.exit(main())
