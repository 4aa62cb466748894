"""`make run`: one command from a fresh clone to a running site, and Ctrl-C ends all of it."""

import contextlib
import os
import signal
import stat
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from tests.site import free_port, wait_until_alive

pytestmark = pytest.mark.live

ROOT = Path(__file__).resolve().parents[2]
#: What the developer's shell may hold and a newcomer's does not.
OWN = ("SECRET_KEY", "SECRET_ENCRYPTION_KEYS", "SITE_ORIGIN", "EMAIL_URL", "STATIC_ROOT", "OPERATOR_EMAIL", "DATABASE_URL", "REDIS_URL")  # fmt: skip


@contextlib.contextmanager
def embedded(var, port):
    environment = {name: value for name, value in os.environ.items() if name not in OWN}
    with (var / "said").open("wb") as said:  # no pipe: a child left behind would keep it open for ever
        process = subprocess.Popen(
            [sys.executable, "-m", "onetime.embedded"],
            cwd=ROOT,
            env={**environment, "PORT": str(port), "ONETIME_VAR": str(var)},
            stdout=said,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        wait_until_alive(f"http://127.0.0.1:{port}/healthz", process, seconds=60)
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def processes_of(group):
    """The commands of all living processes of a process group."""
    listing = subprocess.run(
        ["ps", "-ww", "-eo", "pgid=,stat=,args="], capture_output=True, text=True, check=True
    ).stdout
    rows = (line.split(None, 2) for line in listing.splitlines())
    return [row[2] for row in rows if row[0] == str(group) and not row[1].startswith("Z")]


def test_it_makes_its_keys_serves_and_ends_with_ctrl_c(tmp_path):
    port = free_port()
    with embedded(tmp_path, port) as process:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz") as answer:
            assert answer.read() == b"database: ok\ncache: ok\n"
        for name in ("secret_key", "secret_encryption_keys"):
            assert stat.S_IMODE((tmp_path / "keys" / name).stat().st_mode) == 0o600
        assert any("housekeeping" in command for command in processes_of(process.pid))
        os.kill(process.pid, signal.SIGINT)
        process.wait(timeout=60)
        said = (tmp_path / "said").read_text()
        assert process.returncode == 0
        assert f"http://127.0.0.1:{port}" in said
        assert "Traceback" not in said
        assert processes_of(process.pid) == []


def test_a_second_start_keeps_the_keys_and_collects_nothing(tmp_path):
    with embedded(tmp_path, free_port()) as process:
        key = (tmp_path / "keys" / "secret_key").read_text()
        os.kill(process.pid, signal.SIGTERM)
        process.wait(timeout=60)
    with embedded(tmp_path, free_port()) as process:
        os.kill(process.pid, signal.SIGTERM)
        process.wait(timeout=60)
        said = (tmp_path / "said").read_text()
    assert (tmp_path / "keys" / "secret_key").read_text() == key
    assert "Collecting" not in said
