"""Running the command line as people do: a process of its own, with a terminal or without."""

import contextlib
import os
import pty
import select
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent


def environment(**more: str) -> dict[str, str]:
    return {"PYTHONPATH": str(ROOT / "cli"), "PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", **more}


def run(*arguments: str, stdin: bytes = b"", cwd: Path | None = None, **env: Any) -> Any:
    """The finished process, without a terminal anywhere; outputs are bytes."""
    return subprocess.run(
        [sys.executable, "-m", "onetime_cli", *arguments], input=stdin, capture_output=True, check=False, cwd=cwd,
        env=environment(**env), start_new_session=True, timeout=60,
    )  # fmt: skip


class Terminal:
    """The command at a terminal of its own, whose keyboard and screen are here."""

    def __init__(self, *arguments: str, cwd: Path | None = None, **env: str) -> None:
        self.pid, self.descriptor = pty.fork()
        if not self.pid:  # the child
            if cwd:
                os.chdir(cwd)
            command = [sys.executable, "-m", "onetime_cli", *arguments]
            os.execve(sys.executable, command, environment(TERM="xterm", **env))
        self.screen = ""

    def wait_for(self, text: str, seconds: float = 30, *, times: int = 1) -> None:
        """Until the screen has said `text` so many times. A prompt without echo drops what was typed before it."""
        deadline = time.monotonic() + seconds
        while self.screen.count(text) < times:
            if not self._read(deadline - time.monotonic()):
                raise AssertionError(f"{text!r} did not appear; the screen says:\n{self.screen}")

    def type(self, text: str) -> None:
        os.write(self.descriptor, text.encode())

    def end(self, seconds: float = 30) -> int:
        """The exit status, when the command has ended; the screen then holds all that it said."""
        deadline = time.monotonic() + seconds
        while self._read(deadline - time.monotonic()):
            pass
        if time.monotonic() >= deadline:  # it waits for something: so would we, for ever
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
            raise AssertionError(f"it did not end; the screen says:\n{self.screen}")
        _pid, status = os.waitpid(self.pid, 0)
        os.close(self.descriptor)
        return os.waitstatus_to_exitcode(status)

    def _read(self, seconds: float) -> bool:
        ready, _w, _x = select.select([self.descriptor], [], [], max(0, seconds))
        data = b""
        if ready:
            with contextlib.suppress(OSError):  # a terminal whose last user has gone
                data = os.read(self.descriptor, 65_536)
        self.screen += data.decode(errors="replace")
        return bool(data)
