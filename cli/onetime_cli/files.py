"""Files into an envelope, and out of it: a sender's names are only words, and nothing is overwritten."""

import mimetypes
import os
import re
from pathlib import Path

from onetime_cli.envelope import File
from onetime_cli.errors import CommandError, Usage

LONGEST_NAME = 200  # bytes; file systems take 255


def read(path: str) -> File:
    """A file to share: its name without the folders, a guess of its type, its bytes."""
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise Usage(f"{path}: {error.strerror or 'cannot be read'}.") from None
    guessed, _encoding = mimetypes.guess_type(path)
    return File(Path(path).name, guessed or "application/octet-stream", data)


def safe_name(name: str) -> str:
    """The last path component of a sender's name, without what a file system or a shell may take amiss."""
    last = re.split(r"[/\\]", name)[-1]
    plain = re.sub(r'[\x00-\x1f\x7f<>:"|?*\u202a-\u202e\u2066-\u2069]', "_", last).strip(" .")
    cut = plain.encode()[-LONGEST_NAME:].decode(errors="ignore")
    return cut or "file"


def save(file: File, folder: Path) -> Path:
    """Write a file that did not exist, readable by its owner alone; where it went."""
    for path in _candidates(folder, safe_name(file.name)):
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            continue
        except OSError as error:
            raise CommandError(f"{path}: {error.strerror}.") from None
        with os.fdopen(descriptor, "wb") as out:
            out.write(file.data)
        return path
    raise CommandError(f"{folder}: too many files of that name.")


def _candidates(folder: Path, name: str) -> list[Path]:
    stem, suffix = Path(name).stem, Path(name).suffix
    return [folder / name, *(folder / f"{stem} ({number}){suffix}" for number in range(2, 1000))]
