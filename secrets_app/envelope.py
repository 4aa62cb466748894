"""The link and the envelope, version 1: docs/format.md says every byte of it.

Pure: the standard library and `cryptography`, nothing else, for clients ship this same file.
"""

import hashlib
import json
import re
import secrets
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain, count, islice
from typing import Any, Final, NamedTuple, NewType

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

LinkKey = NewType("LinkKey", str)
ReceiptKey = NewType("ReceiptKey", str)
SecretId = NewType("SecretId", bytes)

VERSION: Final = 1
CONTEXT: Final = b"onetime/1"
ALPHABET: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
LINK_KEY_LENGTH: Final = 31  # characters, 184 bits
SEGMENT_BYTES: Final = 1024 * 1024
TAG_BYTES: Final = 16
MINIMUM_PADDED_BYTES: Final = 256
PBKDF2_ROUNDS: Final = 600_000  # of HMAC-SHA256: OWASP's floor, about 0.1 s of one core for each guess

_BLOCK_BYTES: Final = 64
_HEADER_LENGTH_BYTES: Final = 4
_UNBIASED: Final = 256 - 256 % len(ALPHABET)  # 248: bytes from here on would favour the first characters
_LONGEST_LINK: Final = 2048  # characters
_AROUND: Final = r"[\s\u200b\ufeff<>()\[\]\"'«»“”„‘’.,;:!?]*"
_LINK: Final = re.compile(
    rf"{_AROUND}(?:(?:.*/)?secret(?:/|/?(?:\?[^#]*)?#)|#)?([0-9A-Za-z]{{{LINK_KEY_LENGTH}}}){_AROUND}",
    re.DOTALL,
)
_SURROGATE: Final = re.compile("[\ud800-\udfff]")


class EnvelopeError(ValueError):
    """The link or the envelope can't be used."""


class IncompleteLink(EnvelopeError):
    """The key part of a link isn't exactly 31 base-62 characters: it was cut or mistyped."""


class BadEnvelope(EnvelopeError):
    """The envelope was changed or cut, the key or passphrase is wrong, or the sender made it badly."""


class Keys(NamedTuple):
    """What opens an envelope, and what proves to the server that we could (32 bytes each)."""

    content_key: bytes
    proof: bytes


class FileMeta(NamedTuple):
    """A file as the header names it. `name` and `type` are the sender's word; `size` is in bytes."""

    name: str
    type: str
    size: int


class Header(NamedTuple):
    """The header of a plaintext; `length` is where, in bytes, the first file begins."""

    text: str | None
    files: tuple[FileMeta, ...]
    length: int


@dataclass(frozen=True, slots=True)
class File:
    name: str
    type: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Contents:
    text: str | None
    files: tuple[File, ...] = ()


# Keys and links


def _take_characters(blocks: Iterable[bytes]) -> str:
    """31 base-62 characters of uniformly random bytes: rejection sampling, so that none is favoured."""
    unbiased = (byte for byte in chain.from_iterable(blocks) if byte < _UNBIASED)
    return "".join(ALPHABET[byte % len(ALPHABET)] for byte in islice(unbiased, LINK_KEY_LENGTH))


def _random_blocks() -> Iterator[bytes]:
    return iter(partial(secrets.token_bytes, _BLOCK_BYTES), b"")


def new_link_key() -> LinkKey:
    return LinkKey(_take_characters(_random_blocks()))


def new_receipt_key() -> ReceiptKey:
    return ReceiptKey(_take_characters(_random_blocks()))


def _receipt_blocks(receipt_key: ReceiptKey) -> Iterator[bytes]:
    """HKDF of R with info "link", then "link2", "link3" … for as long as characters are missing."""
    infos = chain(["link"], (f"link{number}" for number in count(2)))
    return (hkdf(receipt_key.encode(), info.encode(), _BLOCK_BYTES) for info in infos)


def link_key_from_receipt(receipt_key: ReceiptKey) -> LinkKey:
    """The link key of a secret that the server made itself: whoever keeps R can ask for K again."""
    return LinkKey(_take_characters(_receipt_blocks(receipt_key)))


def parse_link(text: str) -> LinkKey:
    """The key in a pasted link or a bare key, with what mail programs put around it.

    Raises IncompleteLink. A receipt's link is refused: its 31 characters open nothing.
    """
    match = _LINK.fullmatch(text) if len(text) <= _LONGEST_LINK else None
    if match is None:
        raise IncompleteLink(f"a link ends in exactly {LINK_KEY_LENGTH} letters and digits")
    return LinkKey(match[1])


def hkdf(key_material: bytes, info: bytes, length: int) -> bytes:
    """HKDF-SHA256 (RFC 5869) with the salt of this format; `length` in bytes."""
    return HKDF(algorithm=SHA256(), length=length, salt=CONTEXT, info=info).derive(key_material)


def secret_id(key: LinkKey) -> SecretId:
    """The 16 bytes that the server knows a secret by: they don't lead back to the key."""
    return SecretId(hkdf(key.encode(), b"id", 16))


def stretch(key: LinkKey, passphrase: str | None) -> bytes:
    """32 bytes that cost an attacker who has the link 600,000 rounds a guess; empty without a passphrase.

    NFKC, since keyboards differ in how they compose the same letter.
    """
    if not passphrase:
        return b""
    normal = _well_formed(unicodedata.normalize("NFKC", passphrase))
    salt = hkdf(key.encode(), b"passphrase", 16)
    return hashlib.pbkdf2_hmac("sha256", normal.encode(), salt, PBKDF2_ROUNDS, 32)


def derive(key: LinkKey, passphrase: str | None) -> Keys:
    """Both keys at the cost of one PBKDF2."""
    material = key.encode() + stretch(key, passphrase)
    return Keys(content_key=hkdf(material, b"content", 32), proof=hkdf(material, b"proof", 32))


def proof_hash(proof: bytes) -> bytes:
    return hashlib.sha256(proof).digest()


def receipt_hash(receipt_key: ReceiptKey) -> bytes:
    return hashlib.sha256(receipt_key.encode()).digest()


def claim_hash(claim: bytes) -> bytes:
    return hashlib.sha256(claim).digest()


# Plaintext


def _well_formed(text: str) -> str:
    """Lone surrogates, which UTF-8 can't hold, become U+FFFD, as in every browser's TextEncoder."""
    return _SURROGATE.sub("\ufffd", text)


def padded_size(size: int) -> int:
    """The Padmé size in bytes: it tells at most O(log log n) bits of the length and costs under 12 %.

    Nikitin et al., "Reducing Metadata Leakage from Encrypted Files and Communication with PURBs",
    PoPETs 2019(4), algorithm 1; with a floor of 256 bytes, for passwords are short.
    """
    size = max(size, MINIMUM_PADDED_BYTES)
    exponent = size.bit_length() - 1
    zero_bits = exponent - exponent.bit_length()
    unit = 1 << zero_bits
    return -(-size // unit) * unit


def pack_header(text: str | None, files: Sequence[FileMeta] = ()) -> bytes:
    """The header with its length before it. The files' bytes follow, then zeros up to `padded_size`."""
    header: dict[str, Any] = {}
    if text is not None:
        header["text"] = _well_formed(text)
    if files:
        header["files"] = [
            {"name": _well_formed(file.name), "type": _well_formed(file.type), "size": file.size}
            for file in files
        ]
    encoded = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode()
    return len(encoded).to_bytes(_HEADER_LENGTH_BYTES, "big") + encoded


def pack(contents: Contents) -> bytes:
    """The padded plaintext of an envelope."""
    metas = [FileMeta(file.name, file.type, len(file.data)) for file in contents.files]
    packed = b"".join([pack_header(contents.text, metas), *(file.data for file in contents.files)])
    return packed.ljust(padded_size(len(packed)), b"\0")


def _refuse_constant(name: str) -> None:
    raise ValueError(name)  # NaN and Infinity are Python's, not JSON's


def _parse_json(encoded: bytes) -> object:
    try:
        return json.loads(encoded.decode(), parse_constant=_refuse_constant)
    except (ValueError, RecursionError):  # not UTF-8, not JSON, or nested to exhaust the stack
        raise BadEnvelope("the header isn't JSON in UTF-8") from None


def _is_text(value: object) -> bool:
    """Text that UTF-8 can hold: a JSON escape could smuggle in half a surrogate pair."""
    return isinstance(value, str) and not _SURROGATE.search(value)


def _is_size(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _read_file_meta(entry: object) -> FileMeta:
    match entry:
        case {"name": name, "type": type_, "size": size} if (
            _is_text(name) and _is_text(type_) and _is_size(size)
        ):
            return FileMeta(name, type_, size)
    raise BadEnvelope("a file in the header lacks a name, a type or a size")


def unpack_header(plaintext: bytes) -> Header:
    """Read the header off the start of a plaintext, of which the rest may still be missing.

    Raises BadEnvelope. Unknown fields are ignored.
    """
    length = _HEADER_LENGTH_BYTES + int.from_bytes(plaintext[:_HEADER_LENGTH_BYTES], "big")
    if length > len(plaintext):
        raise BadEnvelope("the header is longer than the plaintext")
    header = _parse_json(plaintext[_HEADER_LENGTH_BYTES:length])
    if not isinstance(header, dict):
        raise BadEnvelope("the header isn't an object")
    text, entries = header.get("text"), header.get("files", [])
    if ("text" in header and not _is_text(text)) or not isinstance(entries, list):
        raise BadEnvelope("the header's text or files are of the wrong type")
    return Header(text, tuple(_read_file_meta(entry) for entry in entries), length)


def unpack(plaintext: bytes) -> Contents:
    """What `pack` packed. Raises BadEnvelope for whatever doesn't fit to the last byte."""
    header = unpack_header(plaintext)
    end = header.length + sum(meta.size for meta in header.files)
    if end > len(plaintext):
        raise BadEnvelope("the files are longer than the plaintext")
    if plaintext.count(0, end) != len(plaintext) - end:
        raise BadEnvelope("the padding isn't zeros")
    return Contents(header.text, tuple(_cut_files(plaintext, header)))


def _cut_files(plaintext: bytes, header: Header) -> Iterator[File]:
    start = header.length
    for meta in header.files:
        yield File(meta.name, meta.type, plaintext[start : start + meta.size])
        start += meta.size


# Segments and envelopes


def segment_count(plaintext_bytes: int) -> int:
    """How many segments a plaintext of that (padded) size takes: at least one."""
    return max(1, -(-plaintext_bytes // SEGMENT_BYTES))


def envelope_size(plaintext_bytes: int) -> int:
    """The size in bytes of the envelope around a plaintext of that (padded) size."""
    return 1 + plaintext_bytes + segment_count(plaintext_bytes) * TAG_BYTES


def _nonce(number: int, *, last: bool) -> bytes:
    """STREAM (Hoang, Reyhanitabar, Rogaway, Vizár, 2015), laid out as in age: what is cut off shows."""
    return number.to_bytes(11, "big") + bytes([last])


def seal_segment(content_key: bytes, secret_id: SecretId, number: int, last: bool, chunk: bytes) -> bytes:
    """Encrypt segment `number` (from 0) of the plaintext: 1 MiB, or what is left for the last one.

    The counter nonce is safe because a link key seals one envelope, once. Raises ValueError for another size.
    """
    if not chunk or len(chunk) > SEGMENT_BYTES or (not last and len(chunk) < SEGMENT_BYTES):
        raise ValueError("every segment but the last holds exactly 1 MiB")
    return AESGCM(content_key).encrypt(_nonce(number, last=last), chunk, CONTEXT + secret_id)


def open_segment(content_key: bytes, secret_id: SecretId, number: int, last: bool, sealed: bytes) -> bytes:
    """The chunk that was sealed in just this place. Raises BadEnvelope."""
    if len(sealed) <= TAG_BYTES:
        raise BadEnvelope("a segment is missing")
    try:
        return AESGCM(content_key).decrypt(_nonce(number, last=last), sealed, CONTEXT + secret_id)
    except InvalidTag:
        raise BadEnvelope("the key is wrong, or the envelope was changed") from None


def split_envelope(envelope: bytes) -> list[bytes]:
    """The sealed segments of an envelope; needs no key. Raises BadEnvelope for any other shape."""
    if envelope[:1] != bytes([VERSION]):
        raise BadEnvelope("not an envelope of version 1")
    step = SEGMENT_BYTES + TAG_BYTES
    segments = [envelope[start : start + step] for start in range(1, len(envelope), step)]
    if not segments or len(segments[-1]) <= TAG_BYTES:
        raise BadEnvelope("a segment is missing")
    return segments


def join_segments(segments: Iterable[bytes]) -> bytes:
    """The envelope of sealed segments in their order."""
    return b"".join([bytes([VERSION]), *segments])


def seal_with(content_key: bytes, secret_id: SecretId, contents: Contents) -> bytes:
    """`seal` for who has derived the keys already, and would pay for a second PBKDF2."""
    plaintext = pack(contents)
    total = segment_count(len(plaintext))
    chunks = (plaintext[number * SEGMENT_BYTES : (number + 1) * SEGMENT_BYTES] for number in range(total))
    return join_segments(
        seal_segment(content_key, secret_id, number, number == total - 1, chunk)
        for number, chunk in enumerate(chunks)
    )


def open_with(content_key: bytes, secret_id: SecretId, envelope: bytes) -> Contents:
    """`open_envelope` for who has derived the keys already. Raises BadEnvelope."""
    segments = split_envelope(envelope)
    last = len(segments) - 1
    chunks = (
        open_segment(content_key, secret_id, number, number == last, sealed)
        for number, sealed in enumerate(segments)
    )
    return unpack(b"".join(chunks))


def seal(key: LinkKey, passphrase: str | None, contents: Contents) -> bytes:
    """The whole envelope, in memory. A key seals once: sealing twice would repeat nonces."""
    return seal_with(derive(key, passphrase).content_key, secret_id(key), contents)


def open_envelope(key: LinkKey, passphrase: str | None, envelope: bytes) -> Contents:
    """What is in a whole envelope, in memory. Raises BadEnvelope."""
    return open_with(derive(key, passphrase).content_key, secret_id(key), envelope)
