"""Fetching an opened secret by segment: for its holder alone, for as long as the fetching goes on."""

import hmac
import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

from django.utils import timezone

from secrets_app import envelope as format1
from secrets_app import segments, services
from secrets_app.envelope import SecretId
from secrets_app.errors import Gone, UnknownSecret
from secrets_app.models import Secret, State
from secrets_app.objects import Missing

#: However slow the line, a secret in segments is erased so long after its opening.
LONGEST_HOLD = timedelta(hours=1)


class Fetched(NamedTuple):
    data: bytes
    hold_until: datetime


def fetch(secret_id: SecretId, nonce: bytes, number: int) -> Fetched:
    """A sealed segment of the envelope, for the holder of the claim `nonce`; the hold goes on.

    Raises UnknownSecret where no such opening or segment is known, Gone when the hold is over.
    """
    secret = held(secret_id, nonce)
    if not secret.segments:
        raise gone(secret)
    if number >= secret.segments:
        raise UnknownSecret
    data = read(secret_id, number)
    return Fetched(data, _prolong(secret))


def read(secret_id: SecretId, number: int) -> bytes:
    """A sealed segment, for a caller that may have it. Raises Gone if it was erased meanwhile."""
    try:
        sealed = segments.get(uuid.UUID(bytes=secret_id), number)
    except Missing:
        secret = services.status(secret_id)
        if secret.has_content:
            raise  # not erased, so it was lost
        raise gone(secret) from None
    return services.keyring().open(secret_id, number, sealed)


def held(secret_id: SecretId, nonce: bytes) -> Secret:
    """The row of a secret that the claim `nonce` opened and still holds, without its content.

    Raises UnknownSecret or Gone.
    """
    secret = services.status(secret_id)
    claim_hash = format1.claim_hash(nonce)
    if secret.claim_hash is None or not hmac.compare_digest(bytes(secret.claim_hash), claim_hash):
        raise UnknownSecret
    if services.held_until(secret, claim_hash, timezone.now()) is None:
        raise gone(secret)
    return secret


def gone(secret: Secret) -> Gone:
    """What is said of a secret that has nothing to give out any more."""
    return Gone(secret.state_at(timezone.now()), secret.ended_at())


def _prolong(secret: Secret) -> datetime:
    """Move the end of the hold on, where less than half of it is left; when it ends now."""
    if secret.hold_until is None or secret.opened_at is None:
        raise gone(secret)
    now, hold = timezone.now(), timedelta(seconds=services.segment_hold())
    until = min(now + hold, secret.opened_at + LONGEST_HOLD)
    if secret.hold_until - now >= hold / 2 or until <= secret.hold_until:
        return secret.hold_until
    # The conditions keep an acknowledgement's end, and the end that another segment has moved.
    moved = Secret.objects.filter(
        pk=secret.pk, state=State.OPENED, segments__gt=0, hold_until=secret.hold_until
    ).update(hold_until=until, due_at=until)
    return until if moved else secret.hold_until


def whole(secret_id: SecretId, nonce: bytes, count: int) -> Iterator[bytes]:
    """The envelope of `count` segments, piece by piece, each fetched when it is asked for."""
    yield bytes([format1.VERSION])
    for number in range(count):
        yield fetch(secret_id, nonce, number).data
