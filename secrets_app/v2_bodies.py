"""What goes over the wire in API v2, as types: the code decodes and encodes them, OpenAPI lists them."""

from collections.abc import Sequence
from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

Hex32 = Annotated[str, Meta(pattern="^[0-9a-f]{32}$", description="32 lower-case hex digits")]
Base64Url32 = Annotated[str, Meta(pattern="^[A-Za-z0-9_-]{43}$", description="32 bytes, unpadded base64url")]
Base64Url16 = Annotated[str, Meta(pattern="^[A-Za-z0-9_-]{22}$", description="16 bytes, unpadded base64url")]
Base64Url = Annotated[str, Meta(pattern="^[A-Za-z0-9_-]*$", description="bytes, unpadded base64url")]
Key = Annotated[str, Meta(pattern="^[0-9A-Za-z]{31}$", description="31 characters of base 62")]
Seconds = Annotated[int, Meta(ge=1, description="seconds")]
Bytes = Annotated[int, Meta(ge=0, description="bytes")]
Count = Annotated[int, Meta(ge=1)]
Gap = Annotated[tuple[int, ...], Meta(min_length=2, max_length=2, description="first and last number")]
Time = Annotated[str, Meta(description="RFC 3339, in UTC", extra_json_schema={"format": "date-time"})]
State = Literal["new", "opened", "burned", "expired", "lost"]


class CreateSecret(msgspec.Struct, forbid_unknown_fields=True):
    """A sealed envelope and what the server must know about it."""

    id: Hex32
    proof_hash: Base64Url32
    envelope: Base64Url
    ttl: Seconds
    passphrase: bool


class BeginUpload(msgspec.Struct, forbid_unknown_fields=True):
    """What is about to be sent. `upload`: 16 random bytes, the right to go on with this upload."""

    id: Hex32
    upload: Base64Url16
    size: Bytes
    proof_hash: Base64Url32
    ttl: Seconds
    passphrase: bool


class FinishUpload(msgspec.Struct, forbid_unknown_fields=True):
    """Nothing: all is known."""


class Claim(msgspec.Struct, forbid_unknown_fields=True):
    """The proof of the link key and passphrase, and 16 random bytes that name this opening."""

    proof: Base64Url32
    claim: Base64Url16


class Acknowledge(msgspec.Struct, forbid_unknown_fields=True):
    """The claim that opened."""

    claim: Base64Url16


class FetchSegment(msgspec.Struct, forbid_unknown_fields=True):
    """The claim that opened."""

    claim: Base64Url16


class Made(msgspec.Struct):
    """A secret as it was made. `receipt` shows its state and burns it; it is given once."""

    id: Hex32
    receipt: Key
    state: Literal["new"]
    created_at: Time
    expires_at: Time


class UploadBegun(msgspec.Struct):
    """How to cut the envelope after its first byte: into `segments` of `segment_bytes`, the last of less."""

    id: Hex32
    segments: Count
    segment_bytes: Bytes
    expires_at: Time


class UploadStatus(msgspec.Struct):
    """What is still missing: the first and last numbers of each gap."""

    segments: Count
    missing: Sequence[Gap]
    expires_at: Time


class SecretStatus(msgspec.Struct):
    """`gone`: opened, burned or expired. The other fields are there while it is new."""

    state: Literal["new", "gone"]
    passphrase: bool | UnsetType = UNSET
    size: Bytes | UnsetType = UNSET
    expires_at: Time | UnsetType = UNSET


class Opened(msgspec.Struct, kw_only=True):
    """The envelope, or its number of segments and size: the same claim may fetch them until `hold_until`."""

    envelope: Base64Url | UnsetType = UNSET
    segments: Count | UnsetType = UNSET
    size: Bytes | UnsetType = UNSET
    hold_until: Time


class Receipt(msgspec.Struct, kw_only=True):
    """What became of a secret."""

    state: State
    created_at: Time
    expires_at: Time
    opened_at: Time | UnsetType = UNSET
    burned_at: Time | UnsetType = UNSET
    passphrase: bool
    size: Bytes


class ListedReceipt(Receipt, kw_only=True):
    """A secret of the account's. `receipt` reads its state and burns it, and leads to no link."""

    receipt: Key


class ReceiptPage(msgspec.Struct):
    """Newest first. `next` is the cursor of the page that follows, null on the last."""

    items: list[ListedReceipt]
    next: str | None


class CallerLimits(msgspec.Struct):
    """What the caller's plan allows."""

    plan: str
    max_ttl: Seconds
    max_text_bytes: Bytes
    max_files_bytes: Bytes
    creates_per_hour: int
    creates_per_day: int
    hold_seconds: int


class ServiceStatus(msgspec.Struct):
    status: Literal["ok"]


class ProblemBody(msgspec.Struct, kw_only=True):
    """RFC 9457. `type` is stable; the fields after `detail` come with the types that name them."""

    type: str
    title: str
    status: int
    detail: str | UnsetType = UNSET
    state: State | UnsetType = UNSET
    at: Time | UnsetType = UNSET
    limit: Bytes | UnsetType = UNSET
    minimum: Seconds | UnsetType = UNSET
    maximum: Seconds | UnsetType = UNSET
    retry_after: Seconds | UnsetType = UNSET
    missing: Sequence[Gap] | UnsetType = UNSET
