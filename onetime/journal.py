"""The journal of what must never come back: secrets opened or burned, accounts closed.

A backup that is restored would bring back what ended since it was made. The journal is a file
outside the database and outside the backups (BACKUP_JOURNAL), so that it can outlive the loss of
either, and `restore` needs it to bring back live secrets at all.

A line is written before the statement that opens or burns: should the process die in between,
the journal errs towards "gone". A line costs about 10 µs and is not forced to disk one by one
(which would cost 400 µs); housekeeping does that at each pass. So nothing is lost when a process is
killed, and a power cut may lose the lines of the last seconds: docs/backups.md says what to do.

A journal that misses a line is worse than none. Where a line cannot be written the journal is
therefore removed, which makes older backups restorable without live secrets only; where even that
fails (a file system gone read-only) the opening is refused, with nothing consumed.

Lines hold no name that anybody could ask the site by, only hashes of 128-bit random numbers.
"""

import errno
import fcntl
import hashlib
import logging
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, NamedTuple

from django.conf import settings

logger = logging.getLogger(__name__)

OPENED: Final = "o"
BURNED: Final = "b"
CLOSED: Final = "c"  # an account
HEADER: Final = "onetime-journal-1"
#: How long the closing of an account is remembered; backups older than that are not for restoring.
CLOSED_ACCOUNT_DAYS: Final = 400
ROTATE_SECONDS: Final = 86400


class JournalBroken(OSError):
    """A line can be neither written nor the journal removed; nothing may be consumed now."""


class BadJournal(ValueError):
    """The file is not a journal, or a line in it cannot be read."""


class Line(NamedTuple):
    """One entry: what happened, when, until when it matters, to what."""

    kind: str
    at: datetime
    until: datetime
    name: str


@dataclass(frozen=True, slots=True)
class Journal:
    """A journal that was read: the first entry for each name, and since when it is complete."""

    since: datetime
    lines: dict[str, Line] = field(default_factory=dict)


# --- Writing ----------------------------------------------------------------------------------------


def secret_name(secret_id: bytes) -> str:
    """What stands for a secret in the journal."""
    return hashlib.sha256(b"onetime journal secret" + secret_id).hexdigest()[:32]


def account_name(number: int, created_at: datetime) -> str:
    """What stands for an account: its number alone would be guessable, so its first moment is added."""
    moment = created_at.astimezone(UTC).isoformat(timespec="microseconds")
    return hashlib.sha256(f"onetime journal account {number} {moment}".encode()).hexdigest()[:32]


def opened(secret_id: bytes, expires_at: datetime) -> None:
    """Write that a secret is being opened. Raises JournalBroken: then it must not be."""
    _append([_line(OPENED, expires_at, secret_name(secret_id))])


def burned(secrets: list[tuple[bytes, datetime]]) -> None:
    """Write that secrets, each (id, expires_at), are being burned or deleted. Raises JournalBroken."""
    _append([_line(BURNED, expires_at, secret_name(secret_id)) for secret_id, expires_at in secrets])


def closed(number: int, created_at: datetime) -> None:
    """Write that an account is being closed. Raises JournalBroken."""
    until = datetime.now(UTC) + timedelta(days=CLOSED_ACCOUNT_DAYS)
    _append([_line(CLOSED, until, account_name(number, created_at))])


def _line(kind: str, until: datetime, name: str) -> str:
    return f"{kind} {_milliseconds()} {int(until.timestamp() * 1000)} {name}\n"


def _milliseconds() -> int:
    return time.time_ns() // 1_000_000


def _append(lines: list[str]) -> None:
    if not settings.BACKUP_JOURNAL or not lines:
        return
    path, data = Path(settings.BACKUP_JOURNAL), "".join(lines).encode()
    try:
        with _locked(path, fcntl.LOCK_SH) as descriptor:
            _write_whole(descriptor, data)
    except OSError as error:
        _give_up(path, error)


def _write_whole(descriptor: int, data: bytes) -> None:
    """One write, which O_APPEND keeps in one piece among other writers."""
    if os.write(descriptor, data) != len(data):
        raise OSError(errno.ENOSPC, "the disk is full")


def _give_up(path: Path, error: OSError) -> None:
    """Remove a journal that misses a line; raises JournalBroken where that fails too."""
    try:
        with suppress(FileNotFoundError), _locked(path, fcntl.LOCK_EX, create=False):
            path.unlink()
    except OSError:
        try:
            path.unlink(missing_ok=True)
        except OSError:
            logger.exception("journal: neither writable nor removable; openings and burnings are refused")
            raise JournalBroken(error.errno, "the journal cannot be written") from error
    logger.error("journal: not writable (error %s); live secrets cannot be restored until it is", error.errno)


@contextmanager
def _locked(path: Path, how: int, *, create: bool = True) -> Iterator[int]:
    """The journal opened for appending and locked, shared to write a line, exclusive to replace it."""
    while True:
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)
        except FileNotFoundError:
            if not create:
                raise
            _create(path)
            continue
        try:
            fcntl.flock(descriptor, how)
            if _is_still(path, descriptor):
                yield descriptor
                return
        finally:
            os.close(descriptor)


def _is_still(path: Path, descriptor: int) -> bool:
    """Whether the file was not replaced while we waited for the lock."""
    with suppress(FileNotFoundError):
        return path.stat().st_ino == os.fstat(descriptor).st_ino
    return False


def _create(path: Path, since: int | None = None) -> None:
    """A new journal, complete from the first moment that anybody can see it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f".{path.name}.{os.getpid()}.{time.monotonic_ns()}")
    _write_new(new, [_header(since if since is not None else _milliseconds())])
    try:
        with suppress(FileExistsError):  # somebody else was first
            os.link(new, path)
    finally:
        new.unlink()


def _header(since: int) -> str:
    return f"{HEADER} since {since} rotated {_milliseconds()}\n"


def _write_new(path: Path, lines: list[str]) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.writelines(lines)
        file.flush()
        os.fsync(file.fileno())


# --- Keeping ----------------------------------------------------------------------------------------


def ensure() -> datetime | None:
    """Begin a journal if there is none; since when it is complete, or None where none is kept.

    Raises OSError where it cannot be made.
    """
    if not settings.BACKUP_JOURNAL:
        return None
    path = Path(settings.BACKUP_JOURNAL)
    with _locked(path, fcntl.LOCK_SH):
        return _since(path)


def _since(path: Path) -> datetime:
    with path.open(encoding="ascii") as file:
        return _read_header(file.readline())[0]


def keep() -> int:
    """Force the journal to disk and, once a day, drop what no longer matters; how many lines went."""
    if not settings.BACKUP_JOURNAL or not Path(settings.BACKUP_JOURNAL).exists():
        return 0
    path = Path(settings.BACKUP_JOURNAL)
    with _locked(path, fcntl.LOCK_EX) as descriptor:
        os.fsync(descriptor)
        with path.open(encoding="ascii") as file:
            since, rotated = _read_header(file.readline())
            if time.time() - rotated.timestamp() < ROTATE_SECONDS:
                return 0
            now = datetime.now(UTC)
            lines = file.readlines()
        kept = [line for line in lines if _read_line(line).until > now]
        new = path.with_name(f".{path.name}.new")
        new.unlink(missing_ok=True)
        _write_new(new, [_header(int(since.timestamp() * 1000)), *kept])
        new.replace(path)
    return len(lines) - len(kept)


# --- Reading ----------------------------------------------------------------------------------------


def read(path: Path) -> Journal:
    """A journal file. Raises OSError, or BadJournal where any line is not one."""
    with path.open(encoding="ascii", errors="replace") as file:
        since, _rotated = _read_header(file.readline())
        lines: dict[str, Line] = {}
        for text in file:
            line = _read_line(text)
            lines.setdefault(line.name, line)
    return Journal(since, lines)


def read_all(paths: list[Path]) -> Journal | None:
    """The journals of all hosts as one; complete since the latest of them. None where there is none."""
    journals = [read(path) for path in paths]
    if not journals:
        return None
    lines: dict[str, Line] = {}
    for journal in journals:
        lines |= journal.lines
    return Journal(max(journal.since for journal in journals), lines)


def _moment(text: str) -> datetime:
    try:
        return datetime.fromtimestamp(int(text) / 1000, UTC)
    except (ValueError, OverflowError, OSError):  # no number, or one that no calendar has
        raise BadJournal("a time in the journal cannot be read") from None


def _read_header(text: str) -> tuple[datetime, datetime]:
    """(complete since, last rotated)."""
    match text.split():
        case [name, "since", since, "rotated", rotated] if name == HEADER:
            return _moment(since), _moment(rotated)
    raise BadJournal("this is not a journal")


def _read_line(text: str) -> Line:
    match text.split():
        case [kind, at, until, name] if kind in {OPENED, BURNED, CLOSED} and text.endswith("\n"):
            return Line(kind, _moment(at), _moment(until), name)
    raise BadJournal("a line of the journal cannot be read")
