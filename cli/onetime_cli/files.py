"""Files on this machine: what is read to share, and what arrives. A sender's names are only words."""

import contextlib
import io
import mimetypes
import os
import re
import shutil
import stat
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from onetime_cli.envelope import SEGMENT_BYTES, FileMeta
from onetime_cli.errors import CommandError, Usage

LONGEST_NAME = 200  # bytes; file systems take 255
#: Control characters, what changes the direction of text, line ends of Unicode, and what Windows refuses.
_HARMFUL = re.compile(
    '[\x00-\x1f\x7f-\x9f<>:"|?*\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]'
)
_DEVICE = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)(?:\..*)?", re.IGNORECASE | re.DOTALL)

# What is shared

#: Device, inode, size and time of change: another file of the same name has others.
Mark = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class Source:
    """A file to share. A pipe, which is read once and has no size before, is held in memory."""

    path: Path
    meta: FileMeta
    mark: Mark
    held: bytes | None = None

    def read(self, start: int, count: int) -> bytes:
        """`count` bytes from `start`. Raises CommandError where it is no longer the file that was named."""
        if self.held is not None:
            return self.held[start : start + count]
        try:
            with self.path.open("rb") as file:
                file.seek(start)
                data = file.read(count)
                same = _mark(os.fstat(file.fileno())) == self.mark
        except OSError as error:
            raise CommandError(f"{self.path}: {error.strerror or 'cannot be read'}.") from None
        if not same or len(data) != count:
            raise CommandError(f"{self.path} was changed while it was being sent. Nothing was shared.")
        return data


def _mark(found: os.stat_result) -> Mark:
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns


def is_pipe(path: str) -> bool:
    """Whether it has neither a size nor a way back: a pipe, or a device."""
    return Path(path).exists() and not (Path(path).is_file() or Path(path).is_dir())


def source(path: str, most: int) -> Source:
    """A file to share: its name without the folders, a guess of its type. Of a pipe, `most` bytes."""
    try:
        with Path(path).open("rb") as file:
            found, held = os.fstat(file.fileno()), None
            if not stat.S_ISREG(found.st_mode):
                held = _drain(file, path, most)
    except OSError as error:
        raise Usage(f"{path}: {error.strerror or 'cannot be read'}.") from None
    guessed, _encoding = mimetypes.guess_type(path)
    size = found.st_size if held is None else len(held)
    meta = FileMeta(Path(path).name, guessed or "application/octet-stream", size)
    return Source(Path(path), meta, _mark(found), held)


def _drain(pipe: io.BufferedReader, path: str, most: int) -> bytes:
    data = pipe.read(most + 1)
    if len(data) > most:
        raise Usage(f"{path} gives more than {most:,} bytes, which is all that the server takes.")
    return data


# What arrives


def safe_name(name: str) -> str:
    """The last path component of a sender's name, without what a file system or a shell may take amiss."""
    last = re.split(r"[/\\]", name)[-1]
    plain = _HARMFUL.sub("_", last).strip(" .")
    cut = plain.encode(errors="replace")[-LONGEST_NAME:].decode(errors="ignore").strip(" .")
    if cut.startswith(("-", "~")) or _DEVICE.fullmatch(cut):
        cut = "_" + cut
    return cut or "file"


def check_folder(folder: Path, size: int, *, named: bool) -> None:
    """Refuse, before anything is consumed, a folder that files of `size` bytes cannot go into.

    A text needs no folder: one that was not named is in the way only where the size tells of files.
    """
    if not folder.is_dir():
        raise Usage(f"{folder} is not a folder. Nothing was opened.")
    if not named and size <= SEGMENT_BYTES:
        return
    if not os.access(folder, os.W_OK | os.X_OK):
        raise Usage(f"{folder} takes no files: name another with --output. Nothing was opened.")
    if shutil.disk_usage(folder).free < size:
        raise CommandError(f"{folder} has no room for {size:,} bytes. Nothing was opened.")


class Arriving:
    """A file on its way: under a name of no meaning until all has been checked, then under its own.

    Readable by its owner alone from the first byte.
    """

    def __init__(self, folder: Path, name: str) -> None:
        self._folder, self._name = folder, safe_name(name)
        descriptor, path = tempfile.mkstemp(prefix=".onetime-", suffix=".part", dir=folder)
        self._file, self._path = os.fdopen(descriptor, "wb"), Path(path)

    def write(self, data: bytes | memoryview) -> None:
        self._file.write(data)

    def close(self) -> None:
        """On the disk, for the server erases its copy on our word."""
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()

    def keep(self) -> Path:
        """Give it the first of its names that is free; which one."""
        for path in _candidates(self._folder, self._name):
            with contextlib.suppress(FileExistsError):
                # The name is taken before it is filled, for a rename would overwrite what is there.
                os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
                self._path.replace(path)
                return path
        raise CommandError(f"{self._folder}: too many files of that name.")

    def drop(self) -> None:
        """Remove it, if it was not kept."""
        self._file.close()
        self._path.unlink(missing_ok=True)


def _candidates(folder: Path, name: str) -> Iterator[Path]:
    stem, suffix = Path(name).stem, Path(name).suffix
    yield folder / name
    yield from (folder / f"{stem} ({number}){suffix}" for number in range(2, 1000))
