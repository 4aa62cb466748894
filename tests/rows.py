"""Rows for tests of what stores them."""

import os
import uuid

from django.utils import timezone

from secrets_app.models import Secret, State


def example() -> Secret:
    """A new secret, not stored."""
    now = timezone.now()
    return Secret(
        id=uuid.uuid4(), state=State.NEW, passphrase=False, size=1, proof_hash=b"p" * 32, receipt_hash=os.urandom(32), content=b"c",
        segments=0, created_at=now, expires_at=now, forget_at=now, due_at=now,
    )  # fmt: skip
