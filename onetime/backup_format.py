"""The backup file: encrypted to the operator's public key, so that the server cannot read it back.

    magic      17 bytes   "onetime-backup/1\\n"
    recipient   8 bytes   the first bytes of SHA-256 over the public key, to say "wrong key" plainly
    wrapped    80 bytes   HPKE (RFC 9180; X25519, HKDF-SHA256, AES-256-GCM) of a random file key
    segments              the content cut every 64 KiB, each AES-256-GCM under the file key

HPKE's info is "onetime backup 1". A segment's nonce is an 11-byte big-endian counter and a last
byte, 1 on the final segment and 0 on the others; its associated data is SHA-256 of all before the
segments. So a flipped, dropped, swapped, repeated or missing byte anywhere is refused, and the end of
a file cannot be cut off unnoticed. The file key is used for one file: counter nonces are safe.

Pure: bytes in, bytes out. Nothing here knows Django or what a backup holds.
"""

import base64
import binascii
import hashlib
import secrets
from collections.abc import Iterable, Iterator
from typing import BinaryIO, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

MAGIC: Final = b"onetime-backup/1\n"
SEGMENT_BYTES: Final = 64 * 1024
RECIPIENT_BYTES: Final = 8
KEY_BYTES: Final = 32
WRAPPED_BYTES: Final = 32 + KEY_BYTES + 16  # HPKE's encapsulated key, the sealed file key, its tag
TAG_BYTES: Final = 16
HEADER_BYTES: Final = len(MAGIC) + RECIPIENT_BYTES + WRAPPED_BYTES
INFO: Final = b"onetime backup 1"
PUBLIC: Final = "onetime-backup-public-1-"
PRIVATE: Final = "onetime-backup-private-1-"
CHECK_BYTES: Final = 4

SUITE: Final = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)


class BackupError(ValueError):
    """A backup or its key cannot be used; the message says why, for the operator."""


class BadBackupKey(BackupError):
    """The text is not a key of the wanted kind, or a character of it is wrong."""


class WrongBackupKey(BackupError):
    """The file was made for another key."""


class BadBackup(BackupError):
    """The file is not a backup, or was changed or cut since it was made."""


# --- Keys -------------------------------------------------------------------------------------------


def new_key_pair() -> tuple[str, str]:
    """(private, public) as texts to keep in files."""
    private = X25519PrivateKey.generate()
    return (
        _to_text(PRIVATE, private.private_bytes_raw()),
        _to_text(PUBLIC, private.public_key().public_bytes_raw()),
    )


def public_key(text: str) -> X25519PublicKey:
    """Raises BadBackupKey."""
    return X25519PublicKey.from_public_bytes(_from_text(PUBLIC, text))


def private_key(text: str) -> X25519PrivateKey:
    """Raises BadBackupKey."""
    return X25519PrivateKey.from_private_bytes(_from_text(PRIVATE, text))


def _to_text(prefix: str, key: bytes) -> str:
    """The key with a checksum: a mistyped public key would make backups that nobody can open."""
    return prefix + base64.urlsafe_b64encode(key + _checksum(key)).rstrip(b"=").decode()


def _checksum(key: bytes) -> bytes:
    return hashlib.sha256(b"onetime backup key" + key).digest()[:CHECK_BYTES]


def _from_text(prefix: str, text: str) -> bytes:
    text = text.strip()
    wanted = "public" if prefix == PUBLIC else "private"
    if not text.startswith(prefix):
        raise BadBackupKey(f"This is not a {wanted} backup key: it begins with {prefix}")
    try:
        data = base64.b64decode(text.removeprefix(prefix), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise BadBackupKey(f"The {wanted} backup key has a wrong character or length.") from None
    key, check = data[:KEY_BYTES], data[KEY_BYTES:]
    if len(key) != KEY_BYTES or check != _checksum(key):
        raise BadBackupKey(f"The {wanted} backup key is mistyped or cut.")
    return key


def _recipient(key: X25519PublicKey) -> bytes:
    return hashlib.sha256(key.public_bytes_raw()).digest()[:RECIPIENT_BYTES]


# --- Writing ----------------------------------------------------------------------------------------


def write(file: BinaryIO, chunks: Iterable[bytes], key: X25519PublicKey) -> int:
    """Encrypt `chunks` of any size into `file`, a segment at a time; how many bytes were written."""
    file_key = secrets.token_bytes(KEY_BYTES)
    header = MAGIC + _recipient(key) + SUITE.encrypt(file_key, key, info=INFO)
    cipher, about = AESGCM(file_key), hashlib.sha256(header).digest()
    size = file.write(header)
    for number, (segment, last) in enumerate(_cut(chunks)):
        size += file.write(cipher.encrypt(_nonce(number, last=last), segment, about))
    return size


def _nonce(number: int, *, last: bool) -> bytes:
    return number.to_bytes(11, "big") + (b"\1" if last else b"\0")


def _cut(chunks: Iterable[bytes]) -> Iterator[tuple[bytes, bool]]:
    """(segment, whether it is the last one): all but the last are full, and there is always a last."""
    waiting = bytearray()
    for chunk in chunks:
        waiting += chunk
        while len(waiting) > SEGMENT_BYTES:
            yield bytes(waiting[:SEGMENT_BYTES]), False
            del waiting[:SEGMENT_BYTES]
    yield bytes(waiting), True


# --- Reading ----------------------------------------------------------------------------------------


def read(file: BinaryIO, key: X25519PrivateKey) -> Iterator[bytes]:
    """The content a segment at a time, each authenticated before it is given.

    What came before an error must not be used as if it were whole: read to the end first.
    Raises BadBackup or WrongBackupKey.
    """
    header = file.read(HEADER_BYTES)
    cipher, about = AESGCM(_unwrap(header, key)), hashlib.sha256(header).digest()
    sealed, number = file.read(SEGMENT_BYTES + TAG_BYTES), 0
    while True:
        following = file.read(SEGMENT_BYTES + TAG_BYTES)
        try:
            yield cipher.decrypt(_nonce(number, last=not following), sealed, about)
        except (InvalidTag, ValueError):
            raise BadBackup(
                f"The backup was changed or cut: segment {number} of the file does not fit."
            ) from None
        if not following:
            return
        sealed, number = following, number + 1


def _unwrap(header: bytes, key: X25519PrivateKey) -> bytes:
    if not header.startswith(MAGIC):
        raise BadBackup("This is not a backup of this program, or of a version that this one cannot read.")
    if len(header) < HEADER_BYTES:
        raise BadBackup("The backup was cut: it ends within its header.")
    recipient = header[len(MAGIC) : len(MAGIC) + RECIPIENT_BYTES]
    if recipient != _recipient(key.public_key()):
        raise WrongBackupKey("The backup was made for another key.")
    try:
        return SUITE.decrypt(header[len(MAGIC) + RECIPIENT_BYTES :], key, info=INFO)
    except InvalidTag:
        raise BadBackup("The backup was changed: its header does not fit.") from None
