"""API v2: end-to-end. Content travels as an envelope only; docs/format.md is its description.

Views here decode, call one service, and encode. Binary values are unpadded base64url, times
RFC 3339 in UTC, errors RFC 9457 problems with the `type`s that the API page lists.
"""

import hashlib
import re
import uuid
from collections.abc import Callable
from contextlib import ExitStack
from datetime import datetime
from functools import partial
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from msgspec import UNSET

from onetime import ratelimit
from onetime.limits import limits_for
from onetime.views import NOT_STORED
from secrets_app import downloads, listing, quota, services
from secrets_app.envelope import ReceiptKey, SecretId
from secrets_app.errors import WrongProof
from secrets_app.models import Secret, State
from secrets_app.services import InSegments
from secrets_app.streams import Stream
from secrets_app.v2_bodies import (
    Acknowledge,
    CallerLimits,
    Claim,
    CreateSecret,
    ListedReceipt,
    Made,
    Opened,
    Receipt,
    ReceiptPage,
    SecretStatus,
    ServiceStatus,
)
from secrets_app.v2_call import (
    BODY_SLACK,
    Refused,
    answer,
    call,
    decode,
    read_json,
    read_json_bytes,
    rfc3339,
    to_base64,
    unbase64,
)

IDEMPOTENCY_KEY = re.compile(r"[\x21-\x7e]{1,255}")
PAGE_ITEMS, MOST_PAGE_ITEMS = 50, 100


# --- Secrets ---------------------------------------------------------------------------------------


@call(
    "POST", takes=CreateSecret, gives={201: Made}, parameters=("Idempotency-Key",),
    refuses=("already-exists", "bad-lifetime", "bad-envelope", "content-too-large"),
)  # fmt: skip
def create(request: HttpRequest) -> HttpResponse:
    """Store an envelope that you sealed. Repeated with its Idempotency-Key, it answers the same receipt."""
    owner: Any = request.user if request.user.is_authenticated else None
    limits = limits_for(owner)
    quota.count_creation(request, owner, limits)
    raw = read_json_bytes(request, services.largest_envelope(limits) * 4 // 3 + BODY_SLACK)
    body = decode(raw, CreateSecret)
    made = services.create(
        secret_id=SecretId(bytes.fromhex(body.id)),
        proof_hash=unbase64(body.proof_hash),
        envelope=unbase64(body.envelope),
        ttl=body.ttl,
        passphrase=body.passphrase,
        limits=limits,
        owner=owner,
        receipt=_repeatable_receipt(request, owner, body.id, raw),
    )
    return made_answer(made)


def made_answer(made: services.Created) -> HttpResponse:
    created_at, expires_at = rfc3339(made.secret.created_at), rfc3339(made.secret.expires_at)
    return answer(Made(made.secret.pk.hex, made.receipt, "new", created_at, expires_at), 201)


def _repeatable_receipt(request: HttpRequest, owner: Any, secret_id: str, raw: bytes) -> ReceiptKey | None:
    """The receipt key that this very call gets however often it is repeated; None without a key to it.

    Derived under a server key, so that nothing needs to be kept to recognise the repetition.
    """
    key = request.META.get("HTTP_IDEMPOTENCY_KEY")
    if key is None:
        return None
    if not IDEMPOTENCY_KEY.fullmatch(key):
        raise Refused("bad-request", "An Idempotency-Key has 1 to 255 visible ASCII characters.")
    caller = str(owner.pk) if owner else "anonymous"
    return services.repeatable_receipt(caller, key, secret_id, hashlib.sha256(raw).hexdigest())


@call("GET", gives={200: SecretStatus}, refuses=("unknown",))
def status(request: HttpRequest, secret: uuid.UUID) -> HttpResponse:
    """Look at a secret, which changes nothing."""
    ratelimit.check(request, "status")
    found = services.status(SecretId(secret.bytes))
    if found.state_at(timezone.now()) != State.NEW:
        return answer(SecretStatus("gone"))
    return answer(SecretStatus("new", found.passphrase, found.size, rfc3339(found.expires_at)))


@call("POST", takes=Claim, gives={200: Opened}, refuses=("wrong-proof", "unknown", "gone"))
def claim(request: HttpRequest, secret: uuid.UUID) -> HttpResponseBase:
    """Open a secret. The first right proof wins, and only the same claim may fetch again."""
    ratelimit.check_opening(request, secret.hex)
    body = read_json(request, Claim)
    secret_id, nonce = SecretId(secret.bytes), unbase64(body.claim)
    claiming = partial(_claimed, request, secret_id, unbase64(body.proof), nonce)
    if "application/octet-stream" in request.META.get("HTTP_ACCEPT", ""):
        return _raw(secret_id, nonce, claiming)
    envelope, hold_until = claiming(services.by_segment)
    held = rfc3339(hold_until)
    if isinstance(envelope, bytes):
        return answer(Opened(envelope=to_base64(envelope), hold_until=held))
    return answer(Opened(segments=envelope.segments, size=envelope.size, hold_until=held))


def _claimed(
    request: HttpRequest,
    secret_id: SecretId,
    proof: bytes,
    nonce: bytes,
    check_segments: Callable[[Secret], bytes | InSegments],
) -> tuple[bytes | InSegments, datetime]:
    check = services.as_received
    try:
        return services.claim(secret_id, proof, nonce, check=check, check_segments=check_segments)
    except WrongProof:
        ratelimit.count_wrong_guess(request, secret_id.hex())
        raise


def _raw(
    secret_id: SecretId, nonce: bytes, claiming: Callable[..., tuple[bytes | InSegments, datetime]]
) -> HttpResponseBase:
    """The envelope itself; one in segments is read as it is sent."""
    with ExitStack() as stack:
        stream = Stream()

        def place(secret: Secret) -> bytes | InSegments:
            stack.enter_context(stream)  # before anything is consumed
            return services.by_segment(secret)

        envelope, hold_until = claiming(place)
        headers = NOT_STORED | {"Content-Disposition": "attachment", "Hold-Until": rfc3339(hold_until)}
        if isinstance(envelope, bytes):
            return HttpResponse(envelope, content_type="application/octet-stream", headers=headers)
        return StreamingHttpResponse(
            stream.of(downloads.whole(secret_id, nonce, envelope.segments)),
            content_type="application/octet-stream",
            headers=headers | {"Content-Length": str(envelope.size)},
        )


@call("POST", takes=Acknowledge, gives={204: None}, refuses=("unknown",))
def acknowledge(request: HttpRequest, secret: uuid.UUID) -> HttpResponse:
    """Say that you have opened the envelope, so that it is erased at once."""
    body = read_json(request, Acknowledge)
    services.acknowledge(SecretId(secret.bytes), unbase64(body.claim))
    return HttpResponse(status=204, headers=NOT_STORED)


# --- Receipts --------------------------------------------------------------------------------------


@call("GET", gives={200: Receipt}, refuses=("unknown",))
def receipt(request: HttpRequest, receipt: str) -> HttpResponse:
    """See what became of a secret, by its receipt key or the key that the account's list shows."""
    ratelimit.check(request, "receipt")
    return answer(Receipt(**receipt_fields(services.by_receipt(receipt))))


@call("POST", gives={200: Receipt}, refuses=("unknown", "gone"))
def burn(request: HttpRequest, receipt: str) -> HttpResponse:
    """Destroy a secret that nobody has opened."""
    ratelimit.check(request, "receipt")
    return answer(Receipt(**receipt_fields(services.burn(receipt))))


def receipt_fields(secret: Secret) -> dict[str, Any]:
    """What a receipt shows, as the fields of `Receipt`."""
    return {
        "state": str(secret.state_at(timezone.now())),
        "created_at": rfc3339(secret.created_at),
        "expires_at": rfc3339(secret.expires_at),
        "opened_at": rfc3339(secret.opened_at) if secret.opened_at else UNSET,
        "burned_at": rfc3339(secret.burned_at) if secret.burned_at else UNSET,
        "passphrase": secret.passphrase,
        "size": secret.size,
    }


@call("GET", gives={200: ReceiptPage}, parameters=("cursor", "limit"), needs_account=True)
def receipts(request: HttpRequest) -> HttpResponse:
    """List the account's secrets, newest first."""
    ratelimit.check(request, "receipt")
    limit = _limit(request.GET.get("limit", str(PAGE_ITEMS)))
    cursor = request.GET.get("cursor")
    owner: Any = request.user
    # One more than asked for tells whether there is a next page.
    rows = listing.newest(owner, limit + 1, after=None if cursor is None else _place(cursor))
    more = len(rows) > limit
    items = [_listed(row) for row in rows[:limit]]
    last = rows[limit - 1] if more else None
    return answer(ReceiptPage(items, listing.Place(last.created_at, last.id).cursor() if last else None))


def _limit(text: str) -> int:
    if not re.fullmatch("[0-9]{1,3}", text) or not 1 <= int(text) <= MOST_PAGE_ITEMS:
        raise Refused("bad-request", f"limit must be from 1 to {MOST_PAGE_ITEMS}.")
    return int(text)


def _place(cursor: str) -> listing.Place:
    try:
        return listing.Place.from_cursor(cursor)
    except ValueError:
        raise Refused("bad-request", "cursor must be the next of an earlier page.") from None


def _listed(secret: Secret) -> ListedReceipt:
    key = services.listing_key(services.as_secret_id(secret.id))
    return ListedReceipt(receipt=key, **receipt_fields(secret))


# --- Service ---------------------------------------------------------------------------------------


@call("GET", gives={200: CallerLimits})
def limits(request: HttpRequest) -> HttpResponse:
    """See what your plan allows."""
    mine = limits_for(request.user)
    return answer(
        CallerLimits(
            plan=mine.plan,
            max_ttl=mine.max_ttl,
            max_text_bytes=mine.max_text_bytes,
            max_files_bytes=mine.max_files_bytes,
            creates_per_hour=mine.creates_per_hour,
            creates_per_day=mine.creates_per_day,
            hold_seconds=settings.HOLD_SECONDS,
        )
    )


@call("GET", gives={200: ServiceStatus})
def service_status(_request: HttpRequest) -> HttpResponse:
    """See whether the service is there."""
    return answer(ServiceStatus("ok"))
