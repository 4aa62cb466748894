"""API v2 for large envelopes: up and down by segment, in calls that can each be repeated."""

import uuid
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from onetime import ratelimit
from onetime.limits import limits_for
from onetime.views import NOT_STORED
from secrets_app import downloads, quota, uploads
from secrets_app.api_v2 import made_answer
from secrets_app.envelope import SecretId
from secrets_app.models import Upload
from secrets_app.v2_bodies import (
    BeginUpload,
    FetchSegment,
    FinishUpload,
    Made,
    UploadBegun,
    UploadStatus,
)
from secrets_app.v2_call import Refused, answer, by_method, call, read_bytes, read_json, rfc3339, unbase64


@call(
    "POST", takes=BeginUpload, gives={201: UploadBegun},
    refuses=("already-exists", "bad-lifetime", "bad-envelope", "content-too-large"),
)  # fmt: skip
def begin(request: HttpRequest) -> HttpResponse:
    """Begin to send an envelope by segment. Repeated with the same `upload`, it answers the same."""
    ratelimit.check(request, "upload_segment")
    body = read_json(request, BeginUpload)
    secret_id, key = SecretId(bytes.fromhex(body.id)), unbase64(body.upload)
    proof_hash = unbase64(body.proof_hash)
    upload = uploads.begun(secret_id, key, size=body.size, proof_hash=proof_hash, ttl=body.ttl)
    return _begun(upload or _begin(request, body, secret_id, key))


def _begin(request: HttpRequest, body: BeginUpload, secret_id: SecretId, key: bytes) -> Upload:
    owner: Any = request.user if request.user.is_authenticated else None
    limits = limits_for(owner)
    quota.count_creation(request, owner, limits)
    return uploads.begin(
        secret_id=secret_id, key=key, size=body.size, proof_hash=unbase64(body.proof_hash), ttl=body.ttl,
        passphrase=body.passphrase, limits=limits, owner=owner,
    )  # fmt: skip


def _begun(upload: Upload) -> HttpResponse:
    expires_at = rfc3339(upload.expires_at)
    return answer(UploadBegun(upload.pk.hex, upload.segments, uploads.SEGMENT_BYTES, expires_at), 201)


@call("PUT", takes=bytes, gives={204: None}, parameters=("Upload-Key",), refuses=("unknown",))
def put(request: HttpRequest, secret: uuid.UUID, number: int) -> HttpResponse:
    """Send one sealed segment, from 0, exactly as long as its place. Sent again, it is overwritten."""
    ratelimit.check(request, "upload_segment")
    secret_id, key = SecretId(secret.bytes), _key(request)
    # Who may not send, or sends too much, is refused before a byte of it is read.
    size = uploads.expected_size(uploads.find(secret_id, key), number)
    uploads.put(secret_id, key, number, read_bytes(request, size))
    return HttpResponse(status=204, headers=NOT_STORED)


@call("GET", gives={200: UploadStatus}, parameters=("Upload-Key",), refuses=("unknown",))
def upload_status(request: HttpRequest, secret: uuid.UUID) -> HttpResponse:
    """See which segments are missing, to go on with an upload that broke."""
    ratelimit.check(request, "upload_segment")
    upload = uploads.find(SecretId(secret.bytes), _key(request))
    return answer(UploadStatus(upload.segments, uploads.missing(upload), rfc3339(upload.expires_at)))


@call("DELETE", gives={204: None}, parameters=("Upload-Key",), refuses=("unknown",))
def cancel_upload(request: HttpRequest, secret: uuid.UUID) -> HttpResponse:
    """Give an upload up: all that was sent is erased."""
    ratelimit.check(request, "upload_segment")
    uploads.cancel(SecretId(secret.bytes), _key(request))
    return HttpResponse(status=204, headers=NOT_STORED)


upload = by_method(GET=upload_status, DELETE=cancel_upload)


@call(
    "POST", takes=FinishUpload, gives={201: Made}, parameters=("Upload-Key",),
    refuses=("unknown", "incomplete-upload", "already-exists"),
)  # fmt: skip
def finish(request: HttpRequest, secret: uuid.UUID) -> HttpResponse:
    """Make the secret of what was sent; its lifetime begins now. Repeated, it answers the same receipt."""
    ratelimit.check(request, "upload_segment")
    read_json(request, FinishUpload)
    return made_answer(uploads.finish(SecretId(secret.bytes), _key(request)))


def _key(request: HttpRequest) -> bytes:
    """The upload key of the header. Raises Refused where there is none, or what can be none."""
    key = unbase64(request.headers.get("Upload-Key", ""))
    if len(key) != 16:  # noqa: PLR2004 - bytes, as the client drew them
        raise Refused("bad-request", "Send the upload key, 16 bytes in base64url, as Upload-Key.")
    return key


@call("POST", takes=FetchSegment, gives={200: bytes}, refuses=("unknown", "gone"))
def fetch(request: HttpRequest, secret: uuid.UUID, number: int) -> HttpResponseBase:
    """Fetch one sealed segment of a secret that your claim opened; going on keeps it from being erased."""
    ratelimit.check(request, "segment")
    body = read_json(request, FetchSegment)
    fetched = downloads.fetch(SecretId(secret.bytes), unbase64(body.claim), number)
    return HttpResponse(
        fetched.data,
        content_type="application/octet-stream",
        headers=NOT_STORED | {"Content-Disposition": "attachment", "Hold-Until": rfc3339(fetched.hold_until)},
    )
