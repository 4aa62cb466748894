"""Every parser that takes bytes from outside, each as a function that a fuzzer calls.

A target lets through nothing but the refusals that its parser names; whatever else is raised is a
finding, and so is a broken promise about what was understood. Needs neither database nor network.
"""

import contextlib
import hashlib
import hmac
import io
import ipaddress
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from django.http import HttpRequest

from billing import stripe_api
from onetime import backup_format, journal, middleware, ratelimit
from onetime.management import backup_content
from secrets_app import envelope, v1_input, v2_bodies, v2_call

Target = Callable[[bytes], None]

KEY = b"k" * 32
NAME = envelope.SecretId(b"n" * 16)
BACKUP_KEY = X25519PrivateKey.from_private_bytes(b"b" * 32)
WEBHOOK_SECRET = "whsec_fuzz"  # noqa: S105 - protects nothing
BODIES = (
    v2_bodies.CreateSecret, v2_bodies.BeginUpload, v2_bodies.FinishUpload, v2_bodies.Claim,
    v2_bodies.Acknowledge, v2_bodies.FetchSegment,
)  # fmt: skip


def choice(data: bytes, of: int) -> tuple[int, bytes]:
    """A number below `of` from the first byte, and the rest."""
    return (data[0] % of if data else 0), data[1:]


def link(data: bytes) -> None:
    """A pasted link: 31 characters of base 62, or refused."""
    try:
        key = envelope.parse_link(data.decode("utf-8", "replace"))
    except envelope.IncompleteLink:
        return
    assert len(key) == 31
    assert set(key) <= set(envelope.ALPHABET)


def sealed_envelope(data: bytes) -> None:
    """An envelope that a sender made: as it came, or as it is once it has been opened."""
    sealed, data = choice(data, 2)
    if sealed:
        data = envelope.join_segments([envelope.seal_segment(KEY, NAME, 0, True, (data or b"\0")[: 1 << 20])])
    try:
        contents = envelope.open_with(KEY, NAME, data)
    except envelope.BadEnvelope:
        return
    assert envelope.unpack(envelope.pack(contents)) == contents


def v1(data: bytes) -> None:
    """What a client of API v1 sends: content type, query and body, one a line."""
    kind, _line, rest = data.partition(b"\n")
    query, _line, body = rest.partition(b"\n")
    try:
        found = v1_input.parse(kind.decode("latin-1"), query, body)
    except v1_input.BadInput:
        return
    for text in (found.secret, found.passphrase, found.ttl, *found.recipients):
        text.encode()
    assert 60 <= v1_input.lifetime(found.ttl, default=60, least=60, most=86400) <= 86400


def v2(data: bytes) -> None:
    """A body of API v2."""
    which, body = choice(data, len(BODIES))
    try:
        v2_call.decode(body, BODIES[which])
    except v2_call.Refused as refused:
        assert refused.slug == "bad-request"


def webhook(data: bytes) -> None:
    """A notice from Stripe: with a header of its own in the first line, or rightly signed."""
    signed, data = choice(data, 2)
    if signed:
        header, body = _signature(data), data
    else:
        first, _line, body = data.partition(b"\n")
        header = first.decode("latin-1")
    try:
        event = stripe_api.read_event(body, header, [WEBHOOK_SECRET])
    except stripe_api.BadSignature:
        return
    assert signed
    for text in (event.id, event.type, event.customer, event.charge):
        assert isinstance(text, str)
        text.encode()


def _signature(body: bytes) -> str:
    now = int(time.time())
    return f"t={now},v1={hmac.digest(WEBHOOK_SECRET.encode(), b'%d.' % now + body, hashlib.sha256).hex()}"


def backup(data: bytes) -> None:
    """A backup file, as it came, or its lines once it has been opened."""
    lines, data = choice(data, 2)
    try:
        chunks = [data] if lines else list(backup_format.read(io.BytesIO(data), BACKUP_KEY))
        for _record in backup_content.records(chunks):
            pass
    except backup_format.BackupError as refusal:
        assert str(refusal).endswith(".")


def kept_journal(data: bytes) -> None:
    """The journal of what was opened, which a restore reads."""
    with tempfile.NamedTemporaryFile(dir="/dev/shm" if Path("/dev/shm").is_dir() else None) as file:  # noqa: S108
        file.write(data)
        file.flush()
        with contextlib.suppress(journal.BadJournal):
            journal.read(Path(file.name))


def headers(data: bytes) -> None:
    """What every visitor's browser or proxy may write: Accept-Language, X-Forwarded-For."""
    text = data.decode("latin-1")
    assert middleware.negotiate(text) in {"en", "uk"}
    request = HttpRequest()
    request.META.update({"HTTP_X_FORWARDED_FOR": text, "REMOTE_ADDR": str(ipaddress.IPv4Address(1))})
    assert len(ratelimit.client_key(request)) == 32


TARGETS: dict[str, Target] = {
    "link": link,
    "envelope": sealed_envelope,
    "v1": v1,
    "v2": v2,
    "webhook": webhook,
    "backup": backup,
    "journal": kept_journal,
    "headers": headers,
}
