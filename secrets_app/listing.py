"""An account's own secrets, newest first: states and times, and no key that opens anything."""

import base64
import binascii
import uuid
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from django.db.models import Q
from django.utils import timezone

from accounts.models import User
from secrets_app.models import Secret

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Place(NamedTuple):
    """A place in the list: the row after which it goes on."""

    created_at: datetime
    id: uuid.UUID

    def cursor(self) -> str:
        """An opaque text for clients, 32 characters of base64url. It tells only what its owner knows."""
        microseconds = (self.created_at - EPOCH) // timedelta(microseconds=1)
        return base64.urlsafe_b64encode(microseconds.to_bytes(8, "big") + self.id.bytes).decode()

    @classmethod
    def from_cursor(cls, text: str) -> "Place":
        """Raises ValueError for what `cursor` never made."""
        try:
            data = base64.b64decode(text.encode("ascii"), altchars=b"-_", validate=True)
            if len(data) != 24:  # noqa: PLR2004 - 8 bytes of time, 16 of id
                raise ValueError("not a cursor")
            microseconds = int.from_bytes(data[:8], "big")
            return cls(EPOCH + timedelta(microseconds=microseconds), uuid.UUID(bytes=data[8:]))
        except (binascii.Error, UnicodeEncodeError, OverflowError):
            raise ValueError("not a cursor") from None


def newest(
    owner: User, limit: int, *, after: Place | None = None, since: datetime | None = None
) -> list[Secret]:
    """Up to `limit` secrets of `owner`; each page costs the same, however long the list."""
    rows = Secret.objects.filter(owner=owner, forget_at__gt=timezone.now()).defer("content", "label")
    if since is not None:
        rows = rows.filter(created_at__gte=since)
    if after is not None:
        # The first condition lets the index start there; the second settles equal times.
        rows = rows.filter(created_at__lte=after.created_at).filter(
            Q(created_at__lt=after.created_at) | Q(id__gt=after.id)
        )
    return list(rows.order_by("-created_at", "id")[:limit])
