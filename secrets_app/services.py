"""Create, status, claim, acknowledge, burn: every rule about a secret's life, for pages and APIs alike.

docs/architecture.md shows a claim's way through here; design notes stand beside the code.
"""

import hmac
import secrets
import uuid
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, NamedTuple, TypeVar

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from onetime import journal
from onetime.limits import MINIMUM_LIFETIME, Limits
from secrets_app import envelope as format1
from secrets_app import segments, statements
from secrets_app.disk import forget_on_disk
from secrets_app.envelope import Contents, Keys, LinkKey, ReceiptKey, SecretId
from secrets_app.errors import (
    AlreadyExists,
    BadContent,
    BadLifetime,
    Gone,
    TooLarge,
    UnknownSecret,
    WrongProof,
)
from secrets_app.keyring import KeyRing
from secrets_app.models import Secret, State
from secrets_app.signals import opened

T = TypeVar("T")

#: Bytes that the header may add to a text. JSON doubles quotes and line ends, so an envelope of
#: unknown content may hold twice the plan's text besides.
ENVELOPE_SLACK = 4096
#: Seconds that a secret in segments is held at least.
LEAST_SEGMENT_HOLD = 60
#: Associated-data numbers for what is sealed beside the segments.
LABEL_NUMBER = 0xFFFF_FFFF


class Created(NamedTuple):
    secret: Secret
    receipt: ReceiptKey


class CreatedHere(NamedTuple):
    """A secret that the server itself made: it has seen the content and the link key."""

    secret: Secret
    receipt: ReceiptKey
    link: LinkKey


class Body(NamedTuple):
    """What a new row holds: the envelope itself, sealed, or how many segments hold it."""

    size: int
    content: bytes | None = None
    segments: int = 0


class InSegments(NamedTuple):
    """An envelope that is fetched segment by segment; `size` is in bytes."""

    segments: int
    size: int


@lru_cache(maxsize=4)
def _keyring(keys: tuple[str, ...]) -> KeyRing:
    return KeyRing.from_strings(keys)


def keyring() -> KeyRing:
    """The second lock, from SECRET_ENCRYPTION_KEYS."""
    return _keyring(tuple(settings.SECRET_ENCRYPTION_KEYS))


def as_secret_id(row_id: uuid.UUID) -> SecretId:
    return SecretId(row_id.bytes)


# --- Create -----------------------------------------------------------------------------------


def create(
    *,
    secret_id: SecretId,
    proof_hash: bytes,
    envelope: bytes,
    ttl: int,
    passphrase: bool,
    limits: Limits,
    owner: Any = None,
    receipt: ReceiptKey | None = None,
) -> Created:
    """Store an envelope that a client sealed; one INSERT. `ttl` in seconds.

    With a `receipt` of the caller's, a creation that is repeated finds what the first one made.
    Raises BadLifetime, TooLarge, BadContent or AlreadyExists; then nothing is stored.
    """
    check_lifetime(ttl, limits)
    check_envelope(envelope, limits)
    new_receipt = receipt or format1.new_receipt_key()
    try:
        stored = store(secret_id, proof_hash, whole(secret_id, envelope), ttl, passphrase, owner, new_receipt)
    except AlreadyExists:
        if receipt is None:
            raise
        stored = made_before(secret_id, receipt)
    return Created(stored, new_receipt)


def whole(secret_id: SecretId, envelope: bytes) -> Body:
    """An envelope in one piece, under the second lock."""
    return Body(len(envelope), keyring().seal(secret_id, 0, envelope))


def made_before(secret_id: SecretId, receipt: ReceiptKey) -> Secret:
    """The row of a creation that is being repeated. Raises AlreadyExists when it was another one."""
    try:
        found = status(secret_id)
    except UnknownSecret:
        raise AlreadyExists from None
    if not hmac.compare_digest(bytes(found.receipt_hash), format1.receipt_hash(receipt)):
        raise AlreadyExists
    return found


def store(
    secret_id: SecretId,
    proof_hash: bytes,
    body: Body,
    ttl: int,
    passphrase: bool,
    owner: Any,
    receipt: ReceiptKey,
) -> Secret:
    """The row of a new secret: one INSERT. Raises AlreadyExists."""
    now = timezone.now()
    expires_at = now + timedelta(seconds=ttl)
    secret = Secret(
        id=uuid.UUID(bytes=secret_id),
        state=State.NEW,
        passphrase=passphrase,
        size=body.size,
        proof_hash=proof_hash,
        receipt_hash=format1.receipt_hash(receipt),
        content=body.content,
        segments=body.segments,
        created_at=now,
        expires_at=expires_at,
        forget_at=now + timedelta(seconds=2 * ttl),
        due_at=expires_at,
        owner=owner,
        listing_hash=listing_hash(listing_key(secret_id)) if owner else None,
    )
    if not statements.insert(secret):
        raise AlreadyExists
    return secret


def check_lifetime(ttl: int, limits: Limits) -> None:
    if not MINIMUM_LIFETIME <= ttl <= limits.max_ttl:
        raise BadLifetime(MINIMUM_LIFETIME, limits.max_ttl)


def check_envelope(envelope: bytes, limits: Limits) -> None:
    """What can be known without the key: version, a possible length, the plan's size."""
    if len(envelope) > largest_envelope(limits):
        raise TooLarge(limits.max_text_bytes)
    if len(envelope) < format1.envelope_size(format1.MINIMUM_PADDED_BYTES) or envelope[0] != format1.VERSION:
        raise BadContent


def largest_envelope(limits: Limits) -> int:
    """Bytes of the largest envelope that a plan takes."""
    return format1.envelope_size(format1.padded_size(2 * limits.max_text_bytes + ENVELOPE_SLACK))


def create_here(
    contents: Contents, passphrase: str | None, *, ttl: int, limits: Limits, owner: Any = None
) -> CreatedHere:
    """Make a secret on the server, for those without JavaScript and for API v1.

    The link key is derived from the receipt, so a client that keeps only the receipt can ask
    for the link again; neither is stored.
    Raises as `create` does.
    """
    check_lifetime(ttl, limits)
    if contents.text is not None and len(contents.text.encode()) > limits.max_text_bytes:
        raise TooLarge(limits.max_text_bytes)
    receipt = format1.new_receipt_key()
    link = format1.link_key_from_receipt(receipt)
    secret_id = format1.secret_id(link)
    keys = format1.derive(link, passphrase)
    envelope = format1.seal_with(keys.content_key, secret_id, contents)
    proof_hash = format1.proof_hash(keys.proof)
    body = whole(secret_id, envelope)
    secret = store(secret_id, proof_hash, body, ttl, bool(passphrase), owner, receipt)
    return CreatedHere(secret, receipt, link)


# --- Find -------------------------------------------------------------------------------------


def status(secret_id: SecretId) -> Secret:
    """The row without its content. Raises UnknownSecret."""
    return _known(statements.by_id(uuid.UUID(bytes=secret_id), "content", "label"))


def by_receipt(receipt: str) -> Secret:
    """The row that a receipt key, or the key that lists show, stands for. Raises UnknownSecret."""
    hashed = format1.receipt_hash(ReceiptKey(receipt))
    either = Q(receipt_hash=hashed) | Q(listing_hash=hashed)
    return _known(Secret.objects.defer("content", "label").filter(either).first())


def _known(secret: Secret | None) -> Secret:
    if secret is None or secret.forget_at <= timezone.now():
        raise UnknownSecret
    return secret


def note_seen(secret: Secret) -> None:
    """Remember that the maker of an unopened secret has read its receipt, as API v1's states tell."""
    Secret.objects.filter(id=secret.id, state=State.NEW, receipt_seen=False).update(receipt_seen=True)


def listing_key(secret_id: SecretId) -> str:
    """A, the key that an account's lists show: reads status and burns, and leads to nothing else."""
    server_key = format1.hkdf(settings.SECRET_KEY.encode(), b"listing", 32)
    material = hmac.digest(server_key, secret_id, "sha256").hex()
    return format1.link_key_from_receipt(ReceiptKey(material))


def repeatable_receipt(*parts: str) -> ReceiptKey:
    """R of a creation that may be repeated: the same for the same `parts`, and nobody's guess."""
    server_key = format1.hkdf(settings.SECRET_KEY.encode(), b"repeatable receipt", 32)
    material = hmac.digest(server_key, "\0".join(parts).encode(), "sha256").hex()
    return ReceiptKey(format1.link_key_from_receipt(ReceiptKey(material)))


def listing_hash(key: str) -> bytes:
    return format1.receipt_hash(ReceiptKey(key))


# --- Claim ------------------------------------------------------------------------------------


def claim(
    secret_id: SecretId,
    proof: bytes | Callable[[Secret], bytes],
    nonce: bytes,
    *,
    check: Callable[[bytes], T],
    check_segments: Callable[[Secret], T] | None = None,
    hold: int | None = None,
) -> tuple[T, datetime]:
    """Open a secret for the holder of `nonce`; (what `check` made of the envelope, hold until).

    `proof` may be a function that makes it from the row, which it may also refuse.
    `hold` is in seconds, HOLD_SECONDS if not given; 0 erases with the answer. An envelope in
    segments goes to `check_segments` instead, and is unknown to callers that have none.

    `check` runs before anything is written, so an envelope that fails to open (a damaged row,
    a bug of ours) consumes nothing. Then one conditional UPDATE decides between claims: content
    never changes while a secret is new, so what was read before it is what was won.

    Raises UnknownSecret, WrongProof, Gone, and whatever `check` raises.
    """
    secret = _known(statements.by_id(uuid.UUID(bytes=secret_id), "label"))
    given = proof if isinstance(proof, bytes) else proof(secret)
    now = timezone.now()
    if not hmac.compare_digest(bytes(secret.proof_hash), format1.proof_hash(given)):
        raise WrongProof
    claim_hash = format1.claim_hash(nonce)
    until = held_until(secret, claim_hash, now)
    if not secret.has_content or (secret.state_at(now) != State.NEW and until is None):
        raise Gone(secret.state_at(now), secret.ended_at())
    if secret.content is not None:
        result = check(keyring().open(secret_id, 0, bytes(secret.content)))
        seconds = settings.HOLD_SECONDS if hold is None else hold
    elif check_segments is not None:
        result, seconds = check_segments(secret), segment_hold()
    else:
        raise UnknownSecret
    return result, until or _take(secret, claim_hash, now, seconds)


def segment_hold() -> int:
    """Seconds that a secret in segments is held: never 0, for it takes more than one answer."""
    return max(LEAST_SEGMENT_HOLD, settings.HOLD_SECONDS)


def held_until(secret: Secret, claim_hash: bytes, now: datetime) -> datetime | None:
    """Until when this claim, if it is the one that won, may fetch again."""
    if secret.claim_hash is None or secret.hold_until is None or now >= secret.hold_until:
        return None
    return secret.hold_until if hmac.compare_digest(bytes(secret.claim_hash), claim_hash) else None


def _take(secret: Secret, claim_hash: bytes, now: datetime, hold: int) -> datetime:
    """The statement that decides who opens. Raises Gone for all but one claim."""
    hold_until = now + timedelta(seconds=hold)
    journal.opened(secret.id.bytes, secret.expires_at)
    if statements.take(secret, claim_hash, now, hold_until, erase=not hold):
        if not hold:
            forget_on_disk(wait=False)
        if secret.owner_id is not None:
            opened.send(sender=Secret, secret=secret, at=now)
        return hold_until
    after = status(as_secret_id(secret.id))
    # An earlier try of the same claim, whose answer broke off, may have won while this one was under way.
    if until := held_until(after, claim_hash, now):
        return until
    raise Gone(after.state_at(now), after.ended_at())


def as_received(envelope: bytes) -> bytes | InSegments:
    """A `check` for clients that open the envelope themselves."""
    return envelope


def by_segment(secret: Secret) -> bytes | InSegments:
    """A `check_segments` for clients that open the envelope themselves."""
    return InSegments(secret.segments, secret.size)


def read_text(link: LinkKey, passphrase: str | None) -> str:
    """The text of a secret, erased with the answer, for API v1.

    Raises as `claim` does, and BadEnvelope, with nothing consumed, where it cannot be opened; UnknownSecret,
    with nothing consumed either, for one that holds files.
    """
    secret_id = format1.secret_id(link)
    derived: list[Keys] = []

    def proof(found: Secret) -> bytes:
        now = timezone.now()
        if found.state_at(now) != State.NEW:
            raise Gone(found.state_at(now), found.ended_at())
        if found.segments:
            raise UnknownSecret
        if found.passphrase and not passphrase:
            raise WrongProof
        derived.append(format1.derive(link, passphrase if found.passphrase else None))
        return derived[0].proof

    def text_alone(envelope: bytes) -> str:
        contents = format1.open_with(derived[0].content_key, secret_id, envelope)
        if contents.files or contents.text is None:
            raise UnknownSecret
        return contents.text

    text, _hold_until = claim(secret_id, proof, secrets.token_bytes(16), check=text_alone, hold=0)
    return text


def check_passphrase(secret: Secret, link: LinkKey, passphrase: str | None) -> None:
    """Refuse a wrong or missing passphrase to who has the link. Raises WrongProof."""
    proof = format1.derive(link, passphrase).proof
    if not hmac.compare_digest(bytes(secret.proof_hash), format1.proof_hash(proof)):
        raise WrongProof


# --- End --------------------------------------------------------------------------------------


def acknowledge(secret_id: SecretId, nonce: bytes) -> None:
    """Erase what the holder of `nonce` has received; doing it twice, or too late, is no error.

    Raises UnknownSecret when no opening by this claim is known.
    """
    pk, claim_hash = uuid.UUID(bytes=secret_id), format1.claim_hash(nonce)
    # Content in one piece ends in one statement; only what had none is looked at.
    if statements.erase_held(pk, claim_hash):
        forget_on_disk(wait=False)
        return
    mine = Secret.objects.filter(id=pk, claim_hash=claim_hash)
    found = mine.only("segments").first()
    if found is None:
        raise UnknownSecret
    if found.segments:
        _erase(mine, [found.pk])


def burn(receipt: str) -> Secret:
    """Destroy a secret that nobody has opened. Raises UnknownSecret, or Gone when there is nothing left."""
    return burn_found(by_receipt(receipt))


def burn_found(secret: Secret) -> Secret:
    """`burn` for who has the row. Raises Gone when there is nothing left."""
    burn_rows(Secret.objects.filter(id=secret.id))
    return _burned_now(secret)


def _burned_now(before: Secret) -> Secret:
    after = status(as_secret_id(before.id))
    now = timezone.now()
    if before.state_at(now) != State.NEW or after.state != State.BURNED:
        raise Gone(after.state_at(now), after.ended_at())
    return after


def burn_rows(rows: Any) -> int:
    """Burn those of `rows` that are still unopened; how many."""
    now = timezone.now()
    live = rows.filter(state=State.NEW, expires_at__gt=now)
    found = list(live.values_list("pk", "expires_at", "segments"))
    journal.burned([(pk.bytes, expires_at) for pk, expires_at, _segments in found])
    in_segments = [pk for pk, _expires_at, count in found if count]
    return _erase(live, in_segments, state=State.BURNED, burned_at=now)


def _erase(rows: Any, in_segments: Sequence[uuid.UUID] = (), **changes: Any) -> int:
    """Turn rows into tombstones, in one statement where none of them is `in_segments`; how many."""
    if in_segments:
        with transaction.atomic():
            # None that came since `in_segments` was read: its segments would be left behind.
            known = rows.filter(Q(segments=0) | Q(pk__in=in_segments))
            erased: int = known.update(content=None, segments=0, due_at=F("forget_at"), **changes)
            # Of those that are tombstones now, whoever made them so.
            ended = Secret.objects.filter(pk__in=in_segments, segments=0)
            segments.erase(ended.values_list("pk", flat=True))
    else:
        erased = rows.filter(segments=0).update(content=None, due_at=F("forget_at"), **changes)
    if erased:
        forget_on_disk(wait=False)
    return erased
