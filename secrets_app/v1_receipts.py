"""Receipts in the words of API v1: whole seconds, nothing null, and no field more than its clients know."""

import math
from datetime import datetime
from typing import Any

from django.utils import timezone

from secrets_app import envelope as format1
from secrets_app import services
from secrets_app.envelope import LinkKey, ReceiptKey
from secrets_app.models import Secret, State

#: Clients of v1 know no word for what a restore left out; it is over, like what has expired.
NAMES = {
    State.OPENED: "received",
    State.BURNED: "burned",
    State.EXPIRED: "expired",
    State.LOST: "expired",
}


def link_key(secret: Secret, key: str) -> LinkKey | None:
    """T, the key that opens `secret`, if `key` is its R and the server made it; else None.

    R leads to T one way. For a secret that a browser or API v2 made, and for A, there is none to be had.
    """
    candidate = format1.link_key_from_receipt(ReceiptKey(key))
    return candidate if format1.secret_id(candidate) == services.as_secret_id(secret.id) else None


def receipt(
    secret: Secret,
    key: str,
    link: LinkKey | None,
    *,
    now: datetime | None = None,
    owner: str | None = None,
    recipients: tuple[str, ...] = (),
) -> dict[str, Any]:
    """`secret` as `key` shows it; with T while it is unopened, if the caller has that.

    `owner` is the address of its account, where the caller knows it already.
    """
    now = now or timezone.now()
    state = secret.state_at(now)
    body: dict[str, Any] = {
        "custid": owner or (secret.owner.email if secret.owner else "anon"),
        "metadata_key": key,
        "ttl": round((secret.expires_at - secret.created_at).total_seconds()),
        "metadata_ttl": _seconds_left(secret.forget_at, now),
        "state": NAMES.get(state, "viewed" if secret.receipt_seen else "new"),
        "updated": int((secret.created_at if state == State.NEW else secret.ended_at()).timestamp()),
        "created": int(secret.created_at.timestamp()),
        "recipient": [masked(address) for address in recipients],
        "passphrase_required": secret.passphrase,
    }
    if state == State.NEW:
        body["secret_ttl"] = _seconds_left(secret.expires_at, now)
        if link is not None:
            body["secret_key"] = link
    if secret.opened_at is not None:
        body["received"] = int(secret.opened_at.timestamp())
    return body


def _seconds_left(until: datetime, now: datetime) -> int:
    return max(0, math.ceil((until - now).total_seconds()))


def masked(address: str) -> str:
    """An address that its sender recognises and nobody else can use: us*****@example.com."""
    name, _at, domain = address.rpartition("@")
    return f"{name[: min(2, len(name) - 1)]}*****@{domain}"
