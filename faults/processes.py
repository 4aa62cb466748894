"""Processes that are killed on purpose, and only those.

A signal goes to a child that has not been waited for, whose number therefore cannot have been given
to anybody else, or to one of its children whose start time was noted before.
"""

import contextlib
import os
import signal
import subprocess
import time
from pathlib import Path
from typing import NamedTuple


class Child(NamedTuple):
    """A process as it was seen: its number alone may be another one's a moment later."""

    pid: int
    started: int
    state: str = "S"


def seen(pid: int) -> Child | None:
    """Who has this number now; fields 3 and 22 of /proc/PID/stat."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return Child(pid, int(fields[19]), fields[0])


def children(pid: int) -> list[Child]:
    found: list[Child | None] = []
    with contextlib.suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            found += [seen(int(child)) for child in (task / "children").read_text().split()]
    return [child for child in found if child is not None]


def lives(child: Child) -> bool:
    """Whether the process that was seen still runs; an orphan has another parent by now."""
    now = seen(child.pid)
    return now is not None and now.started == child.started and now.state != "Z"


def kill(child: Child, how: int = signal.SIGKILL) -> bool:
    """Signal a process if it is still the one that was seen; whether it was."""
    if not lives(child):
        return False
    with contextlib.suppress(ProcessLookupError):
        os.kill(child.pid, how)
        return True
    return False


def end(process: "subprocess.Popen[bytes]", how: int = signal.SIGTERM, seconds: float = 20) -> None:
    """Signal a child of ours and wait, at most `seconds`; then kill it and all that it had started."""
    if process.poll() is not None:
        return
    others = [one for child in children(process.pid) for one in (child, *children(child.pid))]
    process.send_signal(how)
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    deadline = time.monotonic() + 5
    while any(kill(child) for child in others) and time.monotonic() < deadline:
        time.sleep(0.02)
