"""TOTP keys and recovery seeds as the database holds them: sealed with a key that is not in it."""

import base64
from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

INFO = b"second factor"


class CannotUnseal(ValueError):
    """Sealed with a key that is no longer given, or changed since."""


def seal(text: str) -> str:
    """`text` sealed under the newest of SECRET_ENCRYPTION_KEYS."""
    return _ring().encrypt(text.encode()).decode()


def unseal(sealed: str) -> str:
    """What was sealed. Raises CannotUnseal."""
    try:
        return _ring().decrypt(sealed.encode()).decode()
    except InvalidToken:
        raise CannotUnseal from None


def reseal(sealed: str) -> str:
    """The same under the newest key. Raises CannotUnseal."""
    return seal(unseal(sealed))


def _ring() -> MultiFernet:
    return _fernets(tuple(settings.SECRET_ENCRYPTION_KEYS))


@lru_cache(maxsize=4)
def _fernets(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(base64.urlsafe_b64encode(_derive(key))) for key in keys])


def _derive(key: str) -> bytes:
    """A key of its own for this purpose, so that the second lock's keys seal secrets alone."""
    # The text as given, not what it decodes to: this app does not know the second lock's encoding.
    return HKDF(SHA256(), 32, salt=b"onetime/1", info=INFO).derive(key.strip().rstrip("=").encode())
