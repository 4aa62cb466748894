"""What the dashboard shows and does: an account's own secrets, by state, with its own labels."""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from django.db.models import Q, QuerySet
from django.utils import timezone

from accounts.models import User
from secrets_app import services
from secrets_app.envelope import SecretId
from secrets_app.keyring import KeyRingError
from secrets_app.listing import Place
from secrets_app.models import Secret, State

PAGE_ROWS = 50
MOST_LABEL = 100  # characters


class Row(NamedTuple):
    """One secret as its owner sees it. `key` is A, the listing key: reads status and burns, opens nothing."""

    key: str
    label: str
    state: State
    secret: Secret


class Page(NamedTuple):
    rows: list[Row]
    next: str  # the cursor of the page that follows, or nothing


def page(owner: User, state: str = "", after: Place | None = None) -> Page:
    """PAGE_ROWS secrets of `owner`, newest first, in `state` or in any.

    Found by place, not by number: the hundredth page costs what the first does.
    """
    now = timezone.now()
    # One row more than is shown tells whether there is a next page.
    found = list(of(owner, state, after, now)[: PAGE_ROWS + 1])
    shown, last = found[:PAGE_ROWS], found[PAGE_ROWS - 1] if len(found) > PAGE_ROWS else None
    rows = [row_of(secret, now) for secret in shown]
    return Page(rows, Place(last.created_at, last.id).cursor() if last else "")


def of(owner: User, state: str, after: Place | None, now: datetime) -> "QuerySet[Secret]":
    rows = Secret.objects.filter(owner=owner, forget_at__gt=now).defer("content")
    if state:
        rows = rows.filter(in_state(state, now))
    if after is not None:
        # The first condition lets the index start there; the second settles equal times.
        rows = rows.filter(created_at__lte=after.created_at).filter(
            Q(created_at__lt=after.created_at) | Q(id__gt=after.id)
        )
    return rows.order_by("-created_at", "id")


def in_state(state: str, now: datetime) -> Q:
    """Expired is what the clock says, whether or not a purge has been by.

    What it has not yet been by is due, and found by the index of that: few rows, not all new ones.
    """
    if state == State.NEW:
        return Q(state=State.NEW, expires_at__gt=now)
    if state == State.EXPIRED:
        return Q(state=State.EXPIRED) | Q(state=State.NEW, due_at__lte=now)
    return Q(state=state)


def row_of(secret: Secret, now: datetime) -> Row:
    secret_id = services.as_secret_id(secret.id)
    return Row(services.listing_key(secret_id), label_of(secret, secret_id), secret.state_at(now), secret)


def label_of(secret: Secret, secret_id: SecretId) -> str:
    """The label in clear; nothing where there is none, or where no key given opens it."""
    if secret.label is None:
        return ""
    try:
        return services.keyring().open(secret_id, services.LABEL_NUMBER, bytes(secret.label)).decode()
    except KeyRingError:
        return ""


def burn(owner: User, keys: Iterable[str]) -> int:
    """Burn those of `owner`'s secrets that `keys` name and nobody has opened; how many.

    Another account's key burns nothing.
    """
    hashes = [services.listing_hash(key) for key in keys]
    return services.burn_rows(Secret.objects.filter(owner=owner, listing_hash__in=hashes))


def set_label(owner: User, key: str, label: str) -> bool:
    """Give a secret of `owner` its label, sealed, or with "" take it away; whether there is such a secret."""
    own = Secret.objects.filter(owner=owner, listing_hash=services.listing_hash(key))
    secret = own.only("id").first()
    if secret is None:
        return False
    secret_id = services.as_secret_id(secret.id)
    sealed = services.keyring().seal(secret_id, services.LABEL_NUMBER, label.encode()) if label else None
    return bool(own.update(label=sealed))
