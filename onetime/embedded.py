"""The embedded start: `make run`. SQLite, no Redis, no Stripe, mail into var/mail and on the terminal.

Makes what is missing (keys, database, static files) and then runs a production server and the
housekeeping loop until Ctrl-C. The only place where a missing key is made rather than refused.
"""

import os
import secrets
import signal
import subprocess
import sys
from pathlib import Path

from secrets_app.keyring import new_key

ROOT = Path(__file__).resolve().parent.parent


def key_file(directory: Path, name: str, make: str) -> str:
    """The path of a key, made on first start, readable by this account only."""
    path = directory / name
    if not path.exists():
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(make)
    return str(path)


def environment(var: Path, port: int) -> dict[str, str]:
    """The environment of the embedded site; what is already set is kept."""
    keys = var / "keys"
    keys.mkdir(parents=True, exist_ok=True, mode=0o700)
    (var / "mail").mkdir(exist_ok=True)
    own = dict(os.environ)
    own.setdefault("SITE_ORIGIN", f"http://127.0.0.1:{port}")
    own.setdefault("DATABASE_URL", f"sqlite:///{var / 'onetime.sqlite3'}")
    own.setdefault("EMAIL_URL", f"file://{var / 'mail'}")
    own.setdefault("OPERATOR_EMAIL", "operator@localhost")
    own.setdefault("BACKUP_JOURNAL", str(var / "consumed.journal"))
    own.setdefault("STATIC_ROOT", str(var / "static"))
    own.setdefault("DJANGO_SETTINGS_MODULE", "onetime.settings")
    if "SECRET_KEY" not in own:
        own.setdefault("SECRET_KEY_FILE", key_file(keys, "secret_key", secrets.token_urlsafe(48)))
    if "SECRET_ENCRYPTION_KEYS" not in own:
        own.setdefault("SECRET_ENCRYPTION_KEYS_FILE", key_file(keys, "secret_encryption_keys", new_key()))
    return own


def server_command(port: int, workers: int, host: str = "127.0.0.1") -> list[str]:
    """Granian, as docs/server.md explains: no access log, so that no link key is written."""
    return [
        sys.executable, "-m", "granian", "onetime.wsgi:application",
        # Where it guesses the version of HTTP it waits for the first bytes, and that without end.
        "--interface", "wsgi", "--http", "1", "--host", host, "--port", str(port),
        "--workers", str(workers), "--blocking-threads", "4", "--http1-buffer-size", "65536",
        # A thread that ends takes its database connection with it, and the next request pays for another.
        "--blocking-threads-idle-timeout", "600",
        "--no-access-log", "--log-level", "warning",
        "--respawn-failed-workers", "--workers-kill-timeout", "5",
    ]  # fmt: skip


def serve() -> None:
    """Become the server on HOST and PORT with WORKERS: what supervises this process supervises that."""
    own = os.environ
    own.setdefault("DJANGO_SETTINGS_MODULE", "onetime.settings")
    host, port, workers = own.get("HOST", "127.0.0.1"), int(own.get("PORT", "8000")), own.get("WORKERS", "2")
    command = server_command(port, int(workers), host)
    os.chdir(ROOT)
    os.execv(command[0], command)  # noqa: S606 - no shell is wanted


def main() -> int:
    port = int(os.environ.get("PORT", "8000"))
    var = Path(os.environ.get("ONETIME_VAR", str(ROOT / "var"))).resolve()
    own = environment(var, port)
    prepared = subprocess.run([sys.executable, str(ROOT / "manage.py"), "prepare"], env=own, check=False)
    if prepared.returncode:
        return prepared.returncode
    server = subprocess.Popen(server_command(port, int(os.environ.get("WORKERS", "2"))), env=own, cwd=ROOT)
    keeper = subprocess.Popen(
        [sys.executable, str(ROOT / "manage.py"), "housekeeping", "--loop", "30", "--quiet"], env=own
    )
    sys.stdout.write(f"\n  Onetime Secret is at {own['SITE_ORIGIN']}  (Ctrl-C stops it)\n\n")
    sys.stdout.flush()
    return wait_for(server, keeper)


def wait_for(server: "subprocess.Popen[bytes]", keeper: "subprocess.Popen[bytes]") -> int:
    """Wait until the server ends or somebody stops us, and leave no process behind."""

    def stop(_signal: int, _frame: object) -> None:
        raise KeyboardInterrupt

    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, stop)
    try:
        return server.wait()
    except KeyboardInterrupt:
        return 0
    finally:
        for process in (server, keeper):
            process.terminate()
        for process in (server, keeper):
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()


if __name__ == "__main__":
    sys.exit(main())
