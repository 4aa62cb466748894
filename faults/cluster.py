"""A PostgreSQL, a Redis, a site and its housekeeping of our own, on ports of their own."""

import contextlib
import os
import secrets
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from faults.processes import Child, children, end
from faults.wire import Wire
from onetime.embedded import server_command
from tests.site import ROOT, free_port, site_environment

POSTGRES = max(Path("/usr/lib/postgresql").glob("*/bin"), default=Path("/nonexistent"))
CLOCKED = Path(__file__).resolve().parent / "clocked"
OWNER = "postgres"  # PostgreSQL refuses to run as root
#: Bytes of the file systems of the database and of the journal, where root can make them. A journal
#: takes 60 bytes a secret, and as much again for a moment while it is trimmed.
DATABASE_BYTES, JOURNAL_BYTES = 1 << 30, 8 << 20


class Cluster:
    """All parts, each behind a wire. `directory` is the harness' own, new and empty."""

    def __init__(self, directory: Path, *, workers: int = 2) -> None:
        self.directory, self.workers = directory, workers
        self.tree = ROOT  # the version whose commands and housekeeping run
        self.listen = ["127.0.0.1"]  # addresses of the database and the cache
        self.root = os.geteuid() == 0
        self.data, self.journal = directory / "database", directory / "journal"
        self.filler: list[Path] = []
        self.postgres_port, self.redis_port, self.site_port = free_port(), free_port(), free_port()
        self.to_database, self.to_redis = Wire(self.postgres_port), Wire(self.redis_port)
        self.to_site = Wire(self.site_port)
        self.postgres: subprocess.Popen[bytes] | None = None
        self.redis: subprocess.Popen[bytes] | None = None
        self.site: subprocess.Popen[bytes] | None = None
        self.keeper: subprocess.Popen[bytes] | None = None
        self.started_again = 0  # times that a part ended by itself
        self.clock = directory / "clock"
        self.set_clock(0)

    # --- Starting and ending ----------------------------------------------------------------------

    def start(self) -> None:
        self.start_stores()
        self.env = self.environment()
        self.manage("prepare")
        self.start_site()
        self.start_keeper()

    def start_stores(self, *who_may: str) -> None:
        """PostgreSQL with an empty database, and Redis. `who_may` are further lines of pg_hba.conf."""
        self.make_file_systems()
        self.make_database()
        with (self.data / "pg" / "pg_hba.conf").open("a") as file:
            file.writelines(f"{line}\n" for line in who_may)
        self.start_postgres()
        self.command(
            POSTGRES / "createdb", "-h", "127.0.0.1", "-p", str(self.postgres_port), "-U", OWNER, "onetime"
        )
        self.start_redis()

    def stop(self) -> None:
        for process in (self.keeper, self.site, self.redis):
            if process is not None:
                end(process)
        if self.postgres is not None:
            end(self.postgres, signal.SIGINT)
        for wire in (self.to_site, self.to_database, self.to_redis):
            wire.close()
        if self.root:
            for path in (self.data, self.journal):
                subprocess.run(["umount", str(path)], check=False, capture_output=True)

    def make_file_systems(self) -> None:
        """Small ones of their own, so that filling them hurts nobody else."""
        for path, size in ((self.data, DATABASE_BYTES), (self.journal, JOURNAL_BYTES)):
            path.mkdir()
            if self.root:
                command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(path)]
                subprocess.run(command, check=True, capture_output=True)
        if self.root:
            shutil.chown(self.data, OWNER)
            self.data.chmod(0o700)

    def command(self, *words: object) -> None:
        done = subprocess.run(
            [str(word) for word in words], check=False, capture_output=True, cwd="/",
            user=OWNER if self.root else None, env={"PATH": os.environ["PATH"], "LC_ALL": "C"},
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError(done.stderr.decode())

    def make_database(self) -> None:
        self.command(
            POSTGRES / "initdb", "-D", self.data / "pg", "-U", OWNER, "-A", "trust", "--no-sync", "-E", "UTF8"
        )

    def log(self, name: str) -> int:
        return os.open(self.directory / f"{name}.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)

    def start_postgres(self) -> None:
        """As a child of ours, so that its number is ours until we have waited for it.

        A postmaster.pid is left by one that was killed; ours has ended, so it names nobody.
        """
        if self.postgres is not None and self.postgres.poll() is None:
            return
        (self.data / "pg" / "postmaster.pid").unlink(missing_ok=True)
        options = {
            "port": self.postgres_port, "listen_addresses": ",".join(self.listen),
            "unix_socket_directories": "", "shared_buffers": "32MB", "max_connections": 60,
            "max_wal_size": "64MB", "wal_keep_size": 0,
            "fsync": "on", "restart_after_crash": "on", "log_min_error_statement": "panic",
        }  # fmt: skip
        words = [f"-c{name}={value}" for name, value in options.items()]
        output = self.log("postgres")
        self.postgres = subprocess.Popen(
            [str(POSTGRES / "postgres"), "-D", str(self.data / "pg"), *words], stdout=output, stderr=output,
            user=OWNER if self.root else None, cwd="/", env={"LC_ALL": "C"},
        )  # fmt: skip
        os.close(output)
        self.wait_for_postgres()

    def wait_for_postgres(self, seconds: float = 60) -> None:
        import psycopg

        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self.postgres is not None and self.postgres.poll() is not None:
                raise RuntimeError("PostgreSQL ended; see postgres.log")
            with contextlib.suppress(psycopg.Error):
                psycopg.connect(self.database(self.postgres_port, "postgres"), connect_timeout=2).close()
                return
            time.sleep(0.05)
        raise RuntimeError("PostgreSQL does not answer")

    def database(self, port: int, name: str = "onetime") -> str:
        return f"postgres://{OWNER}@127.0.0.1:{port}/{name}"

    def start_redis(self) -> None:
        output = self.log("redis")
        self.redis = subprocess.Popen(
            ["redis-server", "--port", str(self.redis_port), "--bind", *self.listen, "--protected-mode", "no",
             "--save", "", "--appendonly", "no", "--daemonize", "no"],
            stdout=output, stderr=output, cwd=self.directory,
        )  # fmt: skip
        os.close(output)

    def environment(self) -> dict[str, str]:
        env = site_environment(
            self.directory, self.site_port, self.database(self.to_database.port),
            REDIS_URL=f"redis://127.0.0.1:{self.to_redis.port}/0", HOLD_SECONDS="120", RATE_LIMITS="off",
            BACKUP_JOURNAL=str(self.journal / "consumed.journal"), METRICS_TOKEN=secrets.token_hex(16),
        )  # fmt: skip
        env |= {"PYTHONPATH": f"{CLOCKED}:{self.tree}", "FAULTS_CLOCK": str(self.clock)}
        return env

    def environment_behind_proxy(self) -> dict[str, str]:
        """As `environment`, but behind TLS, without wires, and with a journal that has room to grow."""
        return self.environment() | {
            "DATABASE_URL": self.database(self.postgres_port),
            "REDIS_URL": f"redis://127.0.0.1:{self.redis_port}/0",
            "SITE_ORIGIN": "https://localhost", "TRUSTED_PROXY_COUNT": "1",
            "BACKUP_JOURNAL": str(self.directory / "consumed.journal"),
        }  # fmt: skip

    def manage(self, *words: str) -> str:
        done = subprocess.run(
            [sys.executable, "manage.py", *words],
            cwd=self.tree,
            env=self.env,
            check=False,
            capture_output=True,
            text=True,
        )
        if done.returncode:
            raise RuntimeError(done.stderr)
        return done.stdout

    def start_site(self) -> None:
        output = self.log("site")
        self.site = subprocess.Popen(
            server_command(self.site_port, self.workers),
            cwd=self.tree,
            env=self.env,
            stdout=output,
            stderr=output,
        )
        os.close(output)

    def start_keeper(self) -> None:
        output = self.log("keeper")
        self.keeper = subprocess.Popen(
            [sys.executable, "manage.py", "housekeeping", "--loop", "2", "--quiet"],
            cwd=self.tree, env=self.env, stdout=output, stderr=output,
        )  # fmt: skip
        os.close(output)

    # --- What is asked of it ------------------------------------------------------------------------

    def site_workers(self) -> list[Child]:
        return children(self.site.pid) if self.site is not None else []

    def ready(self) -> bool:
        url = f"http://127.0.0.1:{self.site_port}/readyz"
        with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=5) as answer:
            return bool(answer.status == 200)
        return False

    def wait_until_ready(self, seconds: float = 60) -> float:
        """Seconds until the site answers that it is ready."""
        begun = time.monotonic()
        while time.monotonic() < begun + seconds:
            self.supervise()
            if self.ready():
                return time.monotonic() - begun
            time.sleep(0.05)
        raise RuntimeError("the site is not ready again; see site.log")

    def supervise(self) -> None:
        """Start what has ended by itself, as systemd or a container's engine would.

        Granian ends when a worker of its dies twice within some seconds.
        """
        if self.site is not None and self.site.poll() is not None:
            self.started_again += 1
            self.start_site()
        if self.keeper is not None and self.keeper.poll() is not None:
            self.started_again += 1
            self.start_keeper()

    def set_clock(self, seconds: int) -> None:
        """Move the site's clock away from the true one, at once for every process."""
        new = self.clock.with_suffix(".new")
        new.write_text(f"{seconds:+d}\n")
        new.replace(self.clock)  # nobody reads a half-written one
