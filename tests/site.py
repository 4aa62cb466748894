"""A real site for tests: granian with several workers on its own database, keys and mail directory."""

import base64
import contextlib
import os
import secrets
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from onetime.embedded import server_command

ROOT = Path(__file__).resolve().parent.parent


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Site:
    """A running site; `origin` is where, `var` holds its files, `env` its environment."""

    origin: str
    var: Path
    env: dict[str, str]
    process: "subprocess.Popen[bytes]"
    log: Path
    port: int = field(default=0)

    def manage(self, *arguments: str, check: bool = True) -> str:
        """Run a management command against this site; its standard output."""
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT, env=self.env, check=False, capture_output=True, text=True,
        )  # fmt: skip
        if check and done.returncode:
            raise AssertionError(f"manage.py {arguments[0]} failed:\n{done.stderr}")
        return done.stdout

    def mails(self) -> list[str]:
        """Every mail sent so far, oldest first."""
        return [
            path.read_text()
            for path in sorted((self.var / "mail").iterdir(), key=lambda p: p.stat().st_mtime_ns)
        ]


def site_environment(var: Path, port: int, database_url: str, **more: str) -> dict[str, str]:
    (var / "mail").mkdir(parents=True, exist_ok=True)
    return {
        **{name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"},
        "DJANGO_SETTINGS_MODULE": "onetime.settings",
        "SECRET_KEY": secrets.token_urlsafe(48),
        "SECRET_ENCRYPTION_KEYS": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode().rstrip("="),
        "SITE_ORIGIN": f"http://127.0.0.1:{port}",
        "DATABASE_URL": database_url,
        "REDIS_URL": os.environ.get("REDIS_URL", ""),
        "EMAIL_URL": f"file://{var / 'mail'}",
        "OPERATOR_EMAIL": "operator@example.com",
        "STATIC_ROOT": str(var / "static"),
        "BACKUP_JOURNAL": str(var / "consumed.journal"),
        "RATE_LIMITS": "off",
        **more,
    }


@contextlib.contextmanager
def running_site(
    var: Path, *, workers: int = 2, port: int | None = None, files: int = 0, **more: str
) -> Iterator[Site]:
    """Start a site on SQLite, or on a fresh database of the PostgreSQL server that DATABASE_URL names.

    Visitors may share `files` bytes, if given; said before the start, for workers keep the plans for a minute.

    Keyword arguments are environment variables, such as HOLD_SECONDS="5".
    """
    port = port or free_port()
    with site_database(var) as database_url:
        env = site_environment(var, port, database_url, **more)
        prepare(env)
        if files:
            allow_files(env, files)
        site = Site(
            f"http://127.0.0.1:{port}", var, env, start(port, workers, env, var), var / "server.log", port
        )
        try:
            wait_until_alive(f"{site.origin}/healthz", site.process)
            yield site
        finally:
            end(site.process)


def prepare(env: dict[str, str]) -> None:
    """Make the tables and collect the static files; what goes wrong is said on standard error."""
    command = [sys.executable, "manage.py", "prepare"]
    subprocess.run(command, cwd=ROOT, env=env, check=True, stdout=subprocess.DEVNULL)


def allow_files(env: dict[str, str], size: int) -> None:
    code = (
        "from billing.models import Plan; "
        f"assert Plan.objects.filter(slug='anonymous').update(max_files_bytes={size})"
    )
    command = [sys.executable, "manage.py", "shell", "--no-imports", "-c", code]
    subprocess.run(command, cwd=ROOT, env=env, check=True, capture_output=True)


def start(port: int, workers: int, env: dict[str, str], var: Path) -> "subprocess.Popen[bytes]":
    """The server; what it says is added to server.log."""
    return spawn(server_command(port, workers), env, var / "server.log")


def spawn(command: list[str], env: dict[str, str], log: Path) -> "subprocess.Popen[bytes]":
    """A server of any kind; what it says is added to `log`."""
    with log.open("ab") as output:
        return subprocess.Popen(command, cwd=ROOT, env=env, stdout=output, stderr=output)


def end(process: "subprocess.Popen[bytes]") -> None:
    """Ask a server to stop, and stop it if it does not."""
    process.terminate()
    try:
        process.wait(15)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@contextlib.contextmanager
def supervised(site: Site, *, workers: int = 2) -> Iterator[None]:
    """Start the server again whenever it has ended, as systemd does (Restart=always): it ends by itself where
    workers die fast."""
    stop = threading.Event()

    def watch() -> None:
        while not stop.wait(0.1):
            if site.process.poll() is not None:
                site.process = start(site.port, workers, site.env, site.var)

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


@contextlib.contextmanager
def site_database(var: Path) -> Iterator[str]:
    url = os.environ.get("DATABASE_URL", "")
    if not url.startswith("postgres"):
        yield f"sqlite:///{var / 'site.sqlite3'}"
        return
    with fresh_database(url) as fresh:
        yield fresh


@contextlib.contextmanager
def fresh_database(url: str) -> Iterator[str]:
    """An empty PostgreSQL database beside the one that `url` names, dropped at the end."""
    import psycopg

    name = f"onetime_site_{secrets.token_hex(6)}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    try:
        yield url.rsplit("/", 1)[0] + "/" + name
    finally:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def wait_until_alive(url: str, process: "subprocess.Popen[bytes]", seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise AssertionError(f"the server ended with {process.returncode} at its start")
        with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=2) as answer:
            if answer.status == 200:
                return
        time.sleep(0.05)
    raise AssertionError(f"{url} did not answer within {seconds} s")


def make_account(site: Site, email: str) -> str:
    """An account on a running site; its API token."""
    code = (
        "from accounts import tokens; from accounts.models import User; "
        f"print(tokens.create(User.objects.create_user({email!r})))"
    )
    return site.manage("shell", "--no-imports", "-c", code).strip()
