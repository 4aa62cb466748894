"""Sending an envelope by segment: begin, put, finish or cancel. Nothing here can be opened yet.

An upload that is never finished is erased by the purge, six hours after it began.
"""

import hashlib
import hmac
import uuid
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from onetime.limits import Limits
from secrets_app import envelope as format1
from secrets_app import segments, services
from secrets_app.disk import forget_on_disk
from secrets_app.envelope import ReceiptKey, SecretId
from secrets_app.errors import (
    AlreadyExists,
    BadContent,
    IncompleteUpload,
    TooLarge,
    UnknownSecret,
    WrongLength,
)
from secrets_app.models import Secret, Upload
from secrets_app.services import Body, Created

if TYPE_CHECKING:
    from django.db.models import QuerySet

#: Bytes of a sealed segment; the last one may be shorter.
SEGMENT_BYTES = format1.SEGMENT_BYTES + format1.TAG_BYTES
LIFETIME = timedelta(hours=6)
#: Bytes that names and types of files may add to the header.
NAMES_SLACK = 64 * 1024


# --- Begin ------------------------------------------------------------------------------------


def begin(
    *,
    secret_id: SecretId,
    key: bytes,
    size: int,
    proof_hash: bytes,
    ttl: int,
    passphrase: bool,
    limits: Limits,
    owner: Any = None,
) -> Upload:
    """Make room for an envelope of `size` bytes; who has `key` may send it. `ttl` in seconds.

    Raises BadLifetime, TooLarge, BadContent or AlreadyExists; then nothing is stored.
    """
    services.check_lifetime(ttl, limits)
    check_size(size, limits)
    now = timezone.now()
    upload = Upload(
        id=uuid.UUID(bytes=secret_id),
        key_hash=key_hash(key),
        size=size,
        segments=segment_count(size),
        proof_hash=proof_hash,
        passphrase=passphrase,
        ttl=ttl,
        owner=owner,
        created_at=now,
        expires_at=now + LIFETIME,
    )
    insert(upload)
    return upload


def insert(upload: Upload) -> None:
    """Store a new upload. Raises AlreadyExists."""
    try:
        with transaction.atomic():
            upload.save(force_insert=True)
            # Asked after the INSERT, which waits for an upload of this name that is being finished.
            if Secret.objects.filter(pk=upload.pk).exists():
                raise AlreadyExists
    except IntegrityError:
        raise AlreadyExists from None


def begun(secret_id: SecretId, key: bytes, *, size: int, proof_hash: bytes, ttl: int) -> Upload | None:
    """The upload that this very call has begun before, if any."""
    upload = _live().filter(pk=uuid.UUID(bytes=secret_id), key_hash=key_hash(key)).first()
    if upload is None or (upload.size, upload.ttl, bytes(upload.proof_hash)) != (size, ttl, proof_hash):
        return None
    return upload


def check_size(size: int, limits: Limits) -> None:
    """Whether an envelope can have that size, and the plan takes it. Raises TooLarge or BadContent."""
    if size > largest_envelope(limits):
        raise TooLarge(limits.max_files_bytes)
    smallest = format1.envelope_size(format1.MINIMUM_PADDED_BYTES)
    if size < smallest or segment_size(size, segment_count(size) - 1) <= format1.TAG_BYTES:
        raise BadContent


def largest_envelope(limits: Limits) -> int:
    """Bytes of the largest envelope with files that a plan takes; 0 for a plan without files."""
    if not limits.max_files_bytes:
        return 0
    text = 2 * limits.max_text_bytes + services.ENVELOPE_SLACK + NAMES_SLACK
    return format1.envelope_size(format1.padded_size(limits.max_files_bytes + text))


def segment_count(size: int) -> int:
    """How many segments an envelope of `size` bytes has."""
    return -(-(size - 1) // SEGMENT_BYTES)


def segment_size(size: int, number: int) -> int:
    """Bytes of segment `number` of an envelope of `size` bytes."""
    return min(SEGMENT_BYTES, size - 1 - number * SEGMENT_BYTES)


def key_hash(key: bytes) -> bytes:
    return hashlib.sha256(key).digest()


# --- Go on ------------------------------------------------------------------------------------


def find(secret_id: SecretId, key: bytes) -> Upload:
    """The upload, for who has its key. Raises UnknownSecret, for a wrong key too."""
    return _checked(_live().filter(pk=uuid.UUID(bytes=secret_id)), key)


def _live() -> "QuerySet[Upload]":
    return Upload.objects.filter(expires_at__gt=timezone.now())


def _checked(rows: "QuerySet[Upload]", key: bytes) -> Upload:
    upload = rows.first()
    if upload is None or not hmac.compare_digest(bytes(upload.key_hash), key_hash(key)):
        raise UnknownSecret
    return upload


def _locked(secret_id: SecretId, key: bytes) -> Upload:
    """`find` that keeps everybody else from changing the upload until the transaction ends."""
    return _checked(_live().select_for_update().filter(pk=uuid.UUID(bytes=secret_id)), key)


def expected_size(upload: Upload, number: int) -> int:
    """Bytes that segment `number` must have. Raises UnknownSecret where there is no such place."""
    if number >= upload.segments:
        raise UnknownSecret
    return segment_size(upload.size, number)


def put(secret_id: SecretId, key: bytes, number: int, data: bytes | bytearray) -> None:
    """Keep a sealed segment of the envelope; one that came before is overwritten.

    Raises UnknownSecret or WrongLength.
    """
    size, sealed = len(data), services.keyring().seal_large(secret_id, number, data)
    del data  # 1 MiB, and the driver makes copies of its own
    with segments.kept(sealed) as where, transaction.atomic():
        # Under the lock, so that nothing is written into what has been finished or cancelled.
        upload = _locked(secret_id, key)
        expected = expected_size(upload, number)
        if size != expected:
            raise WrongLength(expected)
        segments.put(upload.pk, number, where)


def write(upload: Upload, number: int, data: bytes) -> None:
    """`put` for an upload that this process is making, of which nobody else has the key."""
    sealed = services.keyring().seal_large(services.as_secret_id(upload.pk), number, data)
    with segments.kept(sealed) as where, transaction.atomic():
        if not _live().select_for_update().filter(pk=upload.pk).exists():
            raise UnknownSecret
        segments.put(upload.pk, number, where)


def missing(upload: Upload) -> list[tuple[int, int]]:
    """First and last numbers of the segments that have not come, gap by gap."""
    gaps, following = [], 0
    for number in [*segments.numbers(upload.pk), upload.segments]:
        if number > following:
            gaps.append((following, number - 1))
        following = number + 1
    return gaps


# --- End --------------------------------------------------------------------------------------


def finish(secret_id: SecretId, key: bytes, receipt: ReceiptKey | None = None) -> Created:
    """Make the secret of what was sent; its lifetime begins now. Repeated, it finds what it made.

    Raises UnknownSecret, IncompleteUpload, or AlreadyExists where a secret in one piece took the name.
    """
    receipt = receipt or receipt_of(secret_id, key)
    try:
        with transaction.atomic():
            return Created(_finished(_locked(secret_id, key), secret_id, receipt), receipt)
    except UnknownSecret:
        return Created(_finished_before(secret_id, receipt), receipt)


def _finished(upload: Upload, secret_id: SecretId, receipt: ReceiptKey) -> Secret:
    if gaps := missing(upload):
        raise IncompleteUpload(gaps)
    secret = services.store(
        secret_id, bytes(upload.proof_hash), Body(upload.size, segments=upload.segments), upload.ttl,
        upload.passphrase, upload.owner, receipt,
    )  # fmt: skip
    upload.delete()
    return secret


def _finished_before(secret_id: SecretId, receipt: ReceiptKey) -> Secret:
    try:
        return services.made_before(secret_id, receipt)
    except AlreadyExists:
        raise UnknownSecret from None


def receipt_of(secret_id: SecretId, key: bytes) -> ReceiptKey:
    """R of an upload's secret, the same however often it is finished; nothing is kept for it."""
    return services.repeatable_receipt("upload", secret_id.hex(), key.hex())


def cancel(secret_id: SecretId, key: bytes) -> None:
    """Erase an upload and all that was sent. Raises UnknownSecret."""
    with transaction.atomic():
        erase(Upload.objects.filter(pk=_locked(secret_id, key).pk))


def erase(uploads: "QuerySet[Upload]") -> int:
    """Erase uploads with their segments, within the caller's transaction; how many."""
    # The rows first: who is just putting a segment waits for them, and then finds none.
    ids = list(uploads.select_for_update().values_list("pk", flat=True))
    erased, _by_model = Upload.objects.filter(pk__in=ids).delete()
    segments.erase(ids)
    transaction.on_commit(partial(forget_on_disk, wait=False))
    return erased
