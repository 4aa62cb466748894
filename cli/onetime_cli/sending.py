"""Sharing files: read, sealed and sent a segment at a time, so that no file is ever in memory whole."""

import contextlib
import hashlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from onetime_cli import envelope
from onetime_cli.api import Server, Upload
from onetime_cli.envelope import SEGMENT_BYTES, Keys, SecretId
from onetime_cli.errors import Busy, CommandError, Incomplete, Unreachable
from onetime_cli.files import Source
from onetime_cli.patience import Patience, patiently
from onetime_cli.terminal import say
from onetime_cli.wire import Progress

#: Times that a server may say it lacks what it has been given, before we believe that it loses it.
ROUNDS = 5


class Plaintext:
    """Header, files and padding, any part of which can be read again."""

    def __init__(self, text: str | None, sources: Sequence[Source]) -> None:
        head = envelope.pack_header(text, [source.meta for source in sources])
        self._parts: list[tuple[int, Callable[[int, int], bytes]]] = [
            (len(head), lambda start, count: head[start : start + count]),
            *((source.meta.size, source.read) for source in sources),
        ]
        self.size = envelope.padded_size(sum(size for size, _read in self._parts))
        self.segments = envelope.segment_count(self.size)

    def segment(self, number: int) -> bytes:
        start = number * SEGMENT_BYTES
        end = min(start + SEGMENT_BYTES, self.size)
        return b"".join(self._pieces(start, end)).ljust(end - start, b"\0")

    def _pieces(self, start: int, end: int) -> Iterator[bytes]:
        """The bytes between, of each part that has some of them."""
        at = 0
        for size, read in self._parts:
            first, last = max(start, at), min(end, at + size)
            if first < last:
                yield read(first - at, last - first)
            at += size


class Sealer:
    """Seals the segments, each of them under its own nonce and for one content only."""

    def __init__(self, keys: Keys, secret_id: SecretId, plaintext: Plaintext) -> None:
        self._key, self._id, self.plaintext = keys.content_key, secret_id, plaintext
        self._digests: dict[int, bytes] = {}

    def segment(self, number: int) -> bytes:
        """Sealed segment `number`, the same whenever it is asked for.

        Two contents under one nonce would give away both, so a file that has changed ends it.
        """
        chunk = self.plaintext.segment(number)
        digest = hashlib.sha256(chunk).digest()
        if self._digests.setdefault(number, digest) != digest:
            raise CommandError("A file was changed while it was being sent. Nothing was shared.")
        last = number == self.plaintext.segments - 1
        return envelope.seal_segment(self._key, self._id, number, last, chunk)


def send(server: Server, sealer: Sealer, about: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Upload what `about` announces; what was made. However else it ends, nothing stays on the server."""
    upload = Upload(about["id"], about["upload"])
    server.begin(about)
    try:
        return _send_all(server, sealer, upload, progress)
    except BaseException as error:
        _cancel(server, upload, tell=isinstance(error, KeyboardInterrupt))
        raise


def _cancel(server: Server, upload: Upload, *, tell: bool) -> None:
    outcome = "What had been sent is erased by the server within hours, and cannot be opened."
    with contextlib.suppress(CommandError):
        server.cancel(upload)
        outcome = "What had been sent is erased."
    if tell:
        say(f"\nNothing was shared. {outcome}")


def _send_all(server: Server, sealer: Sealer, upload: Upload, progress: Progress) -> dict[str, Any]:
    missing = list(range(sealer.plaintext.segments))
    for _round in range(ROUNDS):
        _send_missing(server, sealer, upload, missing, progress)
        with contextlib.suppress(Incomplete):
            return patiently(lambda: server.finish(upload))
        missing = patiently(lambda: server.missing(upload))
    raise Unreachable("The server loses what it is sent.")


def _send_missing(
    server: Server, sealer: Sealer, upload: Upload, missing: list[int], progress: Progress
) -> None:
    """Send the segments that are missing; after a broken connection, those that the server names."""
    patience, total = Patience(), sealer.plaintext.size
    while missing:
        try:
            server.put(upload, missing[0], sealer.segment(missing[0]))
        except (Unreachable, Busy) as error:
            patience.wait(error)
            missing = patiently(lambda: server.missing(upload))
        else:
            patience.renew()
            missing = missing[1:]
        progress(max(0, total - len(missing) * SEGMENT_BYTES), total)
