"""API tokens: 40 hex digits, shown once, stored as a hash, so that a stolen database signs nobody in."""

import hashlib
import hmac
import re
import secrets
from datetime import UTC, date, datetime
from typing import NewType

from django.db.models import Q

from accounts.models import ApiToken, User, normalise_email

Token = NewType("Token", str)

TOKEN_BYTES = 20
_TOKEN = re.compile("[0-9a-f]{40}")


def create(user: User) -> Token:
    """A new token of `user`: 160 random bits as 40 hex digits, never to be seen again."""
    token = Token(secrets.token_hex(TOKEN_BYTES))
    ApiToken.objects.create(user=user, token_hash=_hash(token))
    return token


def user_for(token: str) -> User | None:
    """The active account that `token` belongs to, or None. Notes the day of use.

    The row is found by the hash of 160 random bits: how long that takes tells nothing about a token.
    """
    if not _TOKEN.fullmatch(token):
        return None
    row = (
        ApiToken.objects.select_related("user").filter(token_hash=_hash(token), user__is_active=True).first()
    )
    if row is None:
        return None
    _note_use(row, datetime.now(UTC).date())
    return row.user


def user_for_basic(email: str, token: str) -> User | None:
    """The account of HTTP Basic credentials, or None unless both belong together.

    As `user_for`; the address is compared in constant time, and only for the holder of a token.
    """
    user = user_for(token)
    if user is None:
        return None
    given = normalise_email(email).encode(errors="replace")  # a header may hold half a surrogate pair
    same = hmac.compare_digest(user.email.encode(), given)
    return user if same else None


def revoke(user: User, token_id: int) -> bool:
    """Forget one token of `user`; whether there was one. Another account's token is none."""
    deleted, _by_model = ApiToken.objects.filter(user=user, pk=token_id).delete()
    return bool(deleted)


def _hash(token: str) -> bytes:
    # No salt and no stretching: what is hashed is 160 random bits, not something a person chose.
    return hashlib.sha256(token.encode()).digest()


def _note_use(row: ApiToken, today: date) -> None:
    """At most one write a day, however busy the client is."""
    if row.last_used_on != today:
        unnoted = ApiToken.objects.filter(pk=row.pk).filter(Q(last_used_on=None) | Q(last_used_on__lt=today))
        unnoted.update(last_used_on=today)
