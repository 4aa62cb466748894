"""What becomes of secrets in a backup and on their way back: one that has ended stays ended."""

from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from onetime.journal import OPENED, Journal, Line, secret_name
from secrets_app import services
from secrets_app.keyring import KeyRingError
from secrets_app.models import Secret, State

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
    if not complete or secret.content is None:
        secret.state, secret.expires_at = State.LOST, now
        return _tombstone(secret, Outcome.LOST)
    _check_seal(secret)
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


def _check_seal(secret: Secret) -> None:
    try:
        services.keyring().open(services.as_secret_id(secret.id), 0, bytes(secret.content or b""))
    except KeyRingError as error:
        raise WrongServerKeys(str(error)) from None
