"""Processes that are killed on purpose, and only those.

A signal goes to a child that has not been waited for, whose number therefore cannot have been given
to anybody else, or to one of its children whose start time was noted before.
"""

import contextlib
import os
import signal
import subprocess
from pathlib import Path
from typing import NamedTuple


class Child(NamedTuple):
    """A process as it was seen: its number alone may be another one's a moment later."""

    pid: int
    parent: int
    started: int


def seen(pid: int) -> Child | None:
    """Who has this number now; fields 4 and 22 of /proc/PID/stat."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return Child(pid, int(fields[1]), int(fields[19]))


def children(pid: int) -> list[Child]:
    found: list[Child | None] = []
    with contextlib.suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            found += [seen(int(child)) for child in (task / "children").read_text().split()]
    return [child for child in found if child is not None]


def kill(child: Child, how: int = signal.SIGKILL) -> bool:
    """Signal a process if it is still the one that was seen; whether it was."""
    if seen(child.pid) != child:
        return False
    with contextlib.suppress(ProcessLookupError):
        os.kill(child.pid, how)
        return True
    return False


def end(process: "subprocess.Popen[bytes]", how: int = signal.SIGTERM, seconds: float = 20) -> None:
    """Signal a child of ours with all that it started, and wait; after `seconds`, kill."""
    if process.poll() is not None:
        return
    others = [one for child in children(process.pid) for one in (child, *children(child.pid))]
    process.send_signal(how)
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    for child in others:
        kill(child)  # an orphan keeps its start time, and its parent is another one now
        now = seen(child.pid)
        if now is not None and now.started == child.started:
            with contextlib.suppress(ProcessLookupError):
                os.kill(child.pid, signal.SIGKILL)
