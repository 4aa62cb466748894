"""What becomes of secrets in a backup and on their way back: one that has ended stays ended."""

from collections import Counter
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING
from uuid import UUID

from django.db.models import Exists, F, OuterRef
from django.utils import timezone

from onetime.journal import OPENED, Journal, Line, secret_name
from secrets_app import segments, services
from secrets_app.keyring import KeyRingError
from secrets_app.models import Secret, Segment, State
from secrets_app.objects import Missing

if TYPE_CHECKING:
    from django.db.models import QuerySet


class Outcome(StrEnum):
    """What a restore made of one row."""

    LIVE = "live"
    ENDED = "ended"  # it had ended in the backup, or has expired since
    CONSUMED = "consumed"  # opened or burned since the backup, says the journal
    LOST = "lost"  # it may have been opened since; nobody can know, so it is left out
    FORGOTTEN = "forgotten"  # its receipt is past its time too


class WrongServerKeys(ValueError):
    """A live secret in the backup does not open with SECRET_ENCRYPTION_KEYS."""


def backed_up(*, live: bool) -> "QuerySet[Secret]":
    """The rows for a backup; without `live` no content leaves the database."""
    return Secret.objects.all() if live else Secret.objects.defer("content", "label")


def backed_up_segments(*, live: bool) -> "QuerySet[Segment]":
    """The segments of secrets that can still be opened; none of an upload."""
    if not live:
        return Segment.objects.none()
    openable = Secret.objects.filter(
        id=OuterRef("secret_id"), state=State.NEW, expires_at__gt=timezone.now(), segments__gt=0
    )
    return Segment.objects.filter(Exists(openable))


def with_content(segment: Segment) -> bool:
    """Put the bytes into a row for a backup, wherever they are; False where they are gone meanwhile."""
    try:
        segment.content, segment.object = segments.content_of(segment), ""
    except Missing:
        return False
    return True


def for_backup(secret: Secret, *, live: bool, now: datetime) -> Secret:
    """The row as the backup holds it: content only of a secret that can still be opened."""
    if not live or secret.state_at(now) != State.NEW:
        secret.content = secret.label = None
        secret.segments = 0
    return secret


def restored(secret: Secret, journal: Journal | None, *, complete: bool, now: datetime) -> Outcome:
    """Change a row from a backup into what it must be now.

    `complete` says that the journal holds all that ended since the backup was made.
    Raises WrongServerKeys.
    """
    if secret.forget_at <= now:
        return Outcome.FORGOTTEN
    line = journal.lines.get(secret_name(secret.id.bytes)) if journal else None
    if secret.state == State.NEW and line:
        return _consumed(secret, line)
    if secret.state_at(now) != State.NEW:
        secret.state = secret.state_at(now)
        return _tombstone(secret, Outcome.ENDED)
    if not complete or not secret.has_content:
        secret.state, secret.expires_at = State.LOST, now
        return _tombstone(secret, Outcome.LOST)
    if secret.content is not None:
        _check_seal(secret.id, 0, bytes(secret.content))
    return Outcome.LIVE


def _consumed(secret: Secret, line: Line) -> Outcome:
    if line.kind == OPENED:
        secret.state, secret.opened_at = State.OPENED, line.at
    else:
        secret.state, secret.burned_at = State.BURNED, line.at
    return _tombstone(secret, Outcome.CONSUMED)


def _tombstone(secret: Secret, outcome: Outcome) -> Outcome:
    secret.content = secret.label = None
    secret.segments = 0
    secret.due_at = secret.forget_at
    return outcome


def _check_seal(secret_id: UUID, number: int, sealed: bytes) -> None:
    try:
        services.keyring().open(services.as_secret_id(secret_id), number, sealed)
    except KeyRingError as error:
        raise WrongServerKeys(str(error)) from None


class Pieces:
    """The segments that come after the secrets in a backup: those of live secrets, and whether all come."""

    def __init__(self) -> None:
        self._missing: Counter[UUID] = Counter()

    def expect(self, secret: Secret) -> None:
        """`secret` is live again, if its segments follow."""
        if secret.segments:
            self._missing[secret.id] = secret.segments

    def take(self, segment: Segment) -> bool:
        """Whether the segment belongs to a live secret. Raises WrongServerKeys."""
        if not self._missing[segment.secret_id]:
            return False
        _check_seal(segment.secret_id, segment.number, bytes(segment.content or b""))
        self._missing[segment.secret_id] -= 1
        return True

    def incomplete(self) -> list[UUID]:
        """The secrets of which segments did not come: they were being opened while the backup was made."""
        return [secret_id for secret_id, missing in self._missing.items() if missing]


def lose(secret_ids: list[UUID], now: datetime) -> None:
    """Make what was restored of these secrets into tombstones that say so."""
    segments.erase(secret_ids)
    Secret.objects.filter(id__in=secret_ids).update(
        state=State.LOST, expires_at=now, segments=0, label=None, due_at=F("forget_at")
    )
