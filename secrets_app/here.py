"""Sealing and opening files on the server, a segment at a time, for those without JavaScript.

What is in clear is in memory for the length of one request, about two segments of it; it touches no disk.
"""

import secrets
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import Any, Self

from django.utils import timezone

from onetime.limits import Limits
from secrets_app import downloads, services, uploads
from secrets_app import envelope as format1
from secrets_app.envelope import (
    SEGMENT_BYTES,
    TAG_BYTES,
    BadEnvelope,
    FileMeta,
    Header,
    Keys,
    LinkKey,
    SecretId,
)
from secrets_app.errors import TooLarge, UnknownSecret
from secrets_app.models import Secret, Upload
from secrets_app.services import CreatedHere

#: Bytes of the longest header that is read here: what six bytes for a character make of a 1 MB text.
LONGEST_HEADER = 8 * 1024 * 1024
#: Bytes of a file that are given out at once.
PIECE_BYTES = 64 * 1024


# --- Making -----------------------------------------------------------------------------------


class HereUpload:
    """A secret that the server makes of a text and one file, whose length shows only at its end.

        with HereUpload(text=…, name=…, …) as upload:
            for chunk in file: upload.write(chunk)
            made = upload.finish()

    Left without `finish`, all that was stored is erased. The header says how long the file is, so
    the segments that it is in are sealed last, and kept in memory until then; it is padded with
    blanks, which JSON allows at its end, so that nothing moves when the number is put in.
    Raises BadLifetime or TooLarge, at once or while the file is written.
    """

    def __init__(
        self,
        *,
        text: str | None,
        name: str,
        type: str,  # noqa: A002 - as the header calls it
        passphrase: str | None,
        ttl: int,
        limits: Limits,
        owner: Any = None,
    ) -> None:
        services.check_lifetime(ttl, limits)
        if text is not None and len(text.encode(errors="replace")) > limits.max_text_bytes:
            raise TooLarge(limits.max_text_bytes)
        self.limit = limits.max_files_bytes
        self.receipt = format1.new_receipt_key()
        self.link = format1.link_key_from_receipt(self.receipt)
        self.secret_id = format1.secret_id(self.link)
        self._keys = format1.derive(self.link, passphrase)
        self._text, self._name, self._type = text, name, type
        self._upload_key = secrets.token_bytes(16)
        self._size = 0
        longest = format1.pack_header(text, [FileMeta(name, type, max(self.limit, 1))])
        self._header_length = len(longest) - 4
        self._head = bytearray(longest)  # whole segments from the first on, kept to the end
        self._head_bytes = format1.segment_count(len(longest)) * SEGMENT_BYTES
        self._tail = bytearray()  # what follows and is not a full segment yet
        self._number = self._head_bytes // SEGMENT_BYTES
        self._upload = self._begin(ttl, bool(passphrase), owner)

    def _begin(self, ttl: int, passphrase: bool, owner: Any) -> Upload:
        now = timezone.now()
        upload = Upload(
            id=uuid.UUID(bytes=self.secret_id), key_hash=uploads.key_hash(self._upload_key),
            size=0, segments=0, proof_hash=format1.proof_hash(self._keys.proof), passphrase=passphrase,
            ttl=ttl, owner=owner, created_at=now, expires_at=now + uploads.LIFETIME,
        )  # fmt: skip
        uploads.insert(upload)
        return upload

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.cancel()

    def write(self, chunk: bytes) -> None:
        """The next bytes of the file. Raises TooLarge."""
        self._size += len(chunk)
        if self._size > self.limit:
            raise TooLarge(self.limit)
        self._append(chunk)

    def _append(self, data: bytes) -> None:
        room = self._head_bytes - len(self._head)
        self._head += data[:room]
        self._tail += data[room:]
        # More than a segment, so that what is sealed here is never the last one.
        while len(self._tail) > SEGMENT_BYTES:
            self._seal(self._number, bytes(self._tail[:SEGMENT_BYTES]), last=False)
            del self._tail[:SEGMENT_BYTES]
            self._number += 1

    def _seal(self, number: int, chunk: bytes, *, last: bool) -> None:
        sealed = format1.seal_segment(self._keys.content_key, self.secret_id, number, last, chunk)
        uploads.write(self._upload, number, sealed)

    def finish(self) -> CreatedHere:
        """The secret, of all that was written."""
        self._pad()
        if self._tail:
            self._seal(self._number, bytes(self._tail), last=True)
        self._put_in_header()
        for start in range(0, len(self._head), SEGMENT_BYTES):
            last = not self._tail and start + SEGMENT_BYTES >= len(self._head)
            self._seal(start // SEGMENT_BYTES, bytes(self._head[start : start + SEGMENT_BYTES]), last=last)
        size = format1.envelope_size(format1.padded_size(self._plain_size()))
        self._upload.size, self._upload.segments = size, uploads.segment_count(size)
        self._upload.save(update_fields=["size", "segments"])
        made = uploads.finish(self.secret_id, self._upload_key, self.receipt)
        return CreatedHere(made.secret, self.receipt, self.link)

    def _plain_size(self) -> int:
        return 4 + self._header_length + self._size

    def _pad(self) -> None:
        left = format1.padded_size(self._plain_size()) - self._plain_size()
        while left:
            zeros = min(left, SEGMENT_BYTES)
            self._append(bytes(zeros))
            left -= zeros

    def _put_in_header(self) -> None:
        header = format1.pack_header(self._text, [FileMeta(self._name, self._type, self._size)])[4:]
        self._head[: 4 + self._header_length] = self._header_length.to_bytes(4, "big") + header.ljust(
            self._header_length
        )

    def cancel(self) -> None:
        """Erase what was stored; nothing after `finish`."""
        try:
            uploads.cancel(self.secret_id, self._upload_key)
        except UnknownSecret:
            return


# --- Opening ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class OpenedHere:
    """An opened secret: its text, what its files are called, and what the pages need to give them out."""

    secret_id: SecretId
    content_key: bytes
    text: str | None
    files: tuple[FileMeta, ...]
    hold_until: datetime


@dataclass(frozen=True, slots=True)
class FileHere:
    """A file as it is given out: `pieces` are read and opened when they are asked for."""

    meta: FileMeta
    pieces: Iterator[bytes]


def open_link(link: LinkKey, passphrase: str | None, nonce: bytes) -> OpenedHere:
    """Open a secret on the server, whether its envelope is in one piece or in segments.

    Raises as `services.claim` does, and BadEnvelope, with nothing consumed, where it cannot be opened.
    """
    secret_id = format1.secret_id(link)
    derived: list[Keys] = []

    def proof(found: Secret) -> bytes:
        derived.append(format1.derive(link, passphrase if found.passphrase else None))
        return derived[0].proof

    def check(envelope: bytes) -> Header:
        contents = format1.open_with(derived[0].content_key, secret_id, envelope)
        metas = tuple(FileMeta(file.name, file.type, len(file.data)) for file in contents.files)
        return Header(contents.text, metas, 0)

    def check_segments(secret: Secret) -> Header:
        return _Plain(secret, derived[0].content_key).header()

    header, hold_until = services.claim(secret_id, proof, nonce, check=check, check_segments=check_segments)
    return OpenedHere(secret_id, derived[0].content_key, header.text, header.files, hold_until)


def read_file(secret_id: SecretId, content_key: bytes, nonce: bytes, index: int) -> FileHere:
    """File number `index` (from 0) of a secret that the claim `nonce` opened and still holds.

    Raises UnknownSecret, for a file that is none too, Gone or BadEnvelope; `pieces` may raise them later.
    """
    secret = downloads.held(secret_id, nonce)
    if secret.segments:
        return _Plain(secret, content_key).file(index, nonce)
    contents = format1.open_with(content_key, secret_id, _one_piece(secret))
    if index >= len(contents.files):
        raise UnknownSecret
    file = contents.files[index]
    starts = range(0, len(file.data), PIECE_BYTES)
    return FileHere(
        FileMeta(file.name, file.type, len(file.data)),
        (file.data[start : start + PIECE_BYTES] for start in starts),
    )


def _one_piece(secret: Secret) -> bytes:
    content = Secret.objects.values_list("content", flat=True).filter(pk=secret.pk).first()
    if content is None:
        raise downloads.gone(secret)
    return services.keyring().open(services.as_secret_id(secret.pk), 0, bytes(content))


class _Plain:
    """The plaintext of an envelope in segments, of which one is in memory at a time."""

    def __init__(self, secret: Secret, content_key: bytes) -> None:
        self.secret_id, self.content_key = services.as_secret_id(secret.pk), content_key
        self.count, self.size = secret.segments, secret.size - 1 - TAG_BYTES * secret.segments

    def header(self) -> Header:
        """Raises BadEnvelope, also for files that are longer than the plaintext."""
        start = bytearray()
        for number in range(self.count):
            start += self._open(number, downloads.read(self.secret_id, number))
            wanted = 4 + int.from_bytes(start[:4], "big")
            if wanted > LONGEST_HEADER:
                raise BadEnvelope("the header is too long")
            if len(start) >= wanted:
                break
        header = format1.unpack_header(bytes(start))
        if header.length + sum(file.size for file in header.files) > self.size:
            raise BadEnvelope("the files are longer than the plaintext")
        return header

    def file(self, index: int, nonce: bytes) -> FileHere:
        header = self.header()
        if index >= len(header.files):
            raise UnknownSecret
        before = sum(file.size for file in header.files[:index])
        meta = header.files[index]
        return FileHere(meta, self._pieces(header.length + before, meta.size, nonce))

    def _pieces(self, start: int, size: int, nonce: bytes) -> Iterator[bytes]:
        end = start + size
        for number in range(start // SEGMENT_BYTES, -(-end // SEGMENT_BYTES) if size else 0):
            fetched = downloads.fetch(self.secret_id, nonce, number)
            chunk, offset = self._open(number, fetched.data), number * SEGMENT_BYTES
            yield chunk[max(0, start - offset) : end - offset]

    def _open(self, number: int, sealed: bytes) -> bytes:
        return format1.open_segment(
            self.content_key, self.secret_id, number, number == self.count - 1, sealed
        )
