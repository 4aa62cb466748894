"""Opening a secret by segment: files go to the disk as they come, and stay when all has been checked."""

from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import NamedTuple

from onetime_cli import envelope
from onetime_cli.api import Claimed, Server
from onetime_cli.envelope import SEGMENT_BYTES, TAG_BYTES, BadEnvelope, Header, Keys, SecretId
from onetime_cli.errors import CommandError
from onetime_cli.files import Arriving
from onetime_cli.patience import patiently
from onetime_cli.wire import Progress

MOST_HEADER = 16 * 1024 * 1024  # bytes; a header is held in memory, and no server takes a text of this length
_LENGTH_BYTES = 4


class Received(NamedTuple):
    text: str | None
    files: list[Path]


class Reader:
    """A plaintext in its order, of which no more is held than the segment that came last."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks, self._rest = chunks, memoryview(b"")

    def take(self, count: int) -> Iterator[memoryview]:
        """The next `count` bytes, piece by piece. Raises BadEnvelope where there are fewer."""
        while count:
            if not self._rest:
                self._rest = memoryview(next(self._chunks, b""))
                if not self._rest:
                    raise BadEnvelope("the plaintext ends too early")
            piece, self._rest = self._rest[:count], self._rest[count:]
            count -= len(piece)
            yield piece

    def header(self) -> Header:
        start = b"".join(self.take(_LENGTH_BYTES))
        length = int.from_bytes(start, "big")
        if length > MOST_HEADER:
            raise BadEnvelope("the header is too long")
        return envelope.unpack_header(start + b"".join(self.take(length)))

    def end(self) -> None:
        """What is left must be zeros; to have read the last segment is to know that none is missing."""
        for chunk in chain([bytes(self._rest)], self._chunks):
            if chunk.count(0) != len(chunk):
                raise BadEnvelope("the padding isn't zeros")


def receive(server: Server, keys: Keys, secret_id: SecretId, claim: bytes, won: Claimed, folder: Path,
            progress: Progress) -> Received:  # fmt: skip
    """The text and the saved files of a claimed secret. Raises CommandError, and then no file is left."""
    if won.envelope is None:
        sealed, total = _fetch(server, secret_id, claim, won, progress), won.segments
    else:
        segments = envelope.split_envelope(won.envelope)
        sealed, total = iter(segments), len(segments)
    return save(Reader(_opened(keys, secret_id, sealed, total)), won.size - 1 - total * TAG_BYTES, folder)


def _fetch(
    server: Server, secret_id: SecretId, claim: bytes, won: Claimed, progress: Progress
) -> Iterator[bytes]:
    done = 0
    for number in range(won.segments):
        sealed = patiently(lambda number=number: server.segment(secret_id, number, claim))  # type: ignore[misc]
        done += len(sealed)
        progress(done, won.size - 1)
        yield sealed


def _opened(keys: Keys, secret_id: SecretId, sealed: Iterator[bytes], total: int) -> Iterator[bytes]:
    for number, segment in enumerate(sealed):
        last = number == total - 1
        if not last and len(segment) != SEGMENT_BYTES + TAG_BYTES:
            raise BadEnvelope("a segment is too short")
        yield envelope.open_segment(keys.content_key, secret_id, number, last, segment)


def save(reader: Reader, size: int, folder: Path) -> Received:
    """What is in a plaintext of `size` bytes: its text, and its files in `folder`."""
    arriving: list[Arriving] = []
    try:
        header = reader.header()
        if header.length + sum(meta.size for meta in header.files) > size:
            raise BadEnvelope("the files are longer than the plaintext")
        for meta in header.files:
            arriving.append(Arriving(folder, meta.name))
            for piece in reader.take(meta.size):
                arriving[-1].write(piece)
            arriving[-1].close()
        reader.end()
        return Received(header.text, [file.keep() for file in arriving])
    except OSError as error:
        raise CommandError(f"{folder}: {error.strerror or 'cannot be written'}.") from None
    finally:
        for file in arriving:
            file.drop()
