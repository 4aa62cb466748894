"""The second lock: what the database holds opens only with a key that isn't in the database.

A stolen database or backup together with a leaked link therefore opens nothing. Pure, like the envelope.
"""

import base64
import binascii
import secrets
from collections.abc import Iterable, Sequence
from typing import Final, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from secrets_app.envelope import SecretId, hkdf

KEY_BYTES: Final = 32
FINGERPRINT_BYTES: Final = 4
NONCE_BYTES: Final = 12
_PREFIX_BYTES: Final = FINGERPRINT_BYTES + NONCE_BYTES
OVERHEAD_BYTES: Final = _PREFIX_BYTES + 16  # what the lock adds to each segment


class KeyRingError(ValueError):
    """The second lock can't be made or opened."""


class BadKey(KeyRingError):
    """A server key isn't 32 bytes, is given twice, or there is none."""


class UnknownKey(KeyRingError):
    """Sealed with a key that is no longer, or not yet, on the ring."""


class BadSeal(KeyRingError):
    """Changed or cut since it was sealed, or moved to another secret or place."""


def new_key() -> str:
    """A fresh server key, as the settings take it: 32 bytes, unpadded base64url."""
    return base64.urlsafe_b64encode(secrets.token_bytes(KEY_BYTES)).rstrip(b"=").decode()


def _decode_key(text: str) -> bytes:
    """Base64url; also the other base64, for that is what `openssl rand -base64 32` prints."""
    unpadded = text.strip().rstrip("=").replace("-", "+").replace("_", "/")
    try:
        return base64.b64decode(unpadded + "=" * (-len(unpadded) % 4), validate=True)
    except (binascii.Error, ValueError):
        # From None: the key must not reach a traceback.
        raise BadKey("a server key isn't base64url") from None


def _fingerprint(key: bytes) -> bytes:
    """Names a key within a ring. Derived, so that it matches no plain hash of the key kept elsewhere."""
    return hkdf(key, b"fingerprint", FINGERPRINT_BYTES)


def _associated_data(secret_id: SecretId, number: int) -> bytes:
    return secret_id + number.to_bytes(4, "big")


class KeyRing:
    """The server keys, newest first: the first one seals, each of them opens.

    Raises BadKey rather than exist with a key that isn't 32 bytes, with the same key twice, or with none.
    """

    def __init__(self, keys: Sequence[bytes]) -> None:
        if not keys:
            raise BadKey("there is no server key")
        if any(len(key) != KEY_BYTES for key in keys):
            raise BadKey(f"a server key isn't {KEY_BYTES} bytes")
        self._keys = {_fingerprint(key): key for key in keys}
        if len(self._keys) != len(keys):
            raise BadKey("a server key is given twice")
        self._current = next(iter(self._keys))

    @classmethod
    def from_strings(cls, texts: Iterable[str]) -> Self:
        """A ring of base64url keys, newest first, with or without padding. Raises BadKey."""
        return cls([_decode_key(text) for text in texts])

    def seal(self, secret_id: SecretId, number: int, data: bytes) -> bytes:
        """Lock segment `number` (from 0) of a secret under the newest key: 32 bytes longer than `data`."""
        return bytes(self.seal_large(secret_id, number, data))

    def seal_large(self, secret_id: SecretId, number: int, data: bytes | bytearray) -> bytearray:
        """`seal` without a second copy, which 1 MiB for each thread of a worker would make felt."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        sealed = bytearray(OVERHEAD_BYTES + len(data))
        sealed[:_PREFIX_BYTES] = self._current + nonce
        self._cipher(self._current, secret_id).encrypt_into(
            nonce, data, _associated_data(secret_id, number), memoryview(sealed)[_PREFIX_BYTES:]
        )
        return sealed

    def open(self, secret_id: SecretId, number: int, sealed: bytes) -> bytes:
        """What was sealed for just this place. Raises UnknownKey or BadSeal."""
        if len(sealed) < OVERHEAD_BYTES:
            raise BadSeal("too short")
        # Views, again to make no copies.
        fingerprint, view = sealed[:FINGERPRINT_BYTES], memoryview(sealed)
        nonce, rest = view[FINGERPRINT_BYTES:_PREFIX_BYTES], view[_PREFIX_BYTES:]
        if fingerprint not in self._keys:
            raise UnknownKey("no key on the ring has that fingerprint")
        cipher, aad = self._cipher(fingerprint, secret_id), _associated_data(secret_id, number)
        try:
            return cipher.decrypt(nonce, rest, aad)
        except InvalidTag:
            raise BadSeal("changed, or in another place than it was sealed for") from None

    def is_current(self, sealed: bytes) -> bool:
        """Whether the newest key sealed it, so that rotation may leave it."""
        return sealed.startswith(self._current)

    def _cipher(self, fingerprint: bytes, secret_id: SecretId) -> AESGCM:
        """A key of its own for each secret, so that random nonces never come near their limit."""
        return AESGCM(hkdf(self._keys[fingerprint], b"row" + secret_id, KEY_BYTES))
