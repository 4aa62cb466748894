"""What accounts tell this app, and what this app tells an account."""

from collections.abc import Iterator
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.dispatch import receiver
from django.utils import timezone

from accounts import preferences
from accounts.models import User
from accounts.signals import erasing, exporting
from onetime import mail
from secrets_app import history, services, uploads
from secrets_app.disk import forget_on_disk
from secrets_app.models import Secret, Upload
from secrets_app.signals import opened

if TYPE_CHECKING:
    from django.db.models import QuerySet


@receiver(exporting)
def export(sender: object, user: User, **kwargs: object) -> dict[str, Any]:
    """Every secret of the account, without its content, which nobody here can open."""
    now = timezone.now()
    rows = Secret.objects.filter(owner=user).defer("content").order_by("-created_at", "id")
    sending = Upload.objects.filter(owner=user).order_by("created_at")
    return {
        "secrets": exported(rows, now),
        "unfinished_uploads": list(sending.values("size", "created_at", "expires_at")),
    }


def exported(rows: "QuerySet[Secret]", now: datetime) -> Iterator[dict[str, Any]]:
    for secret in rows.iterator(chunk_size=500):
        row = history.row_of(secret, now)
        yield {
            "receipt": row.key,
            "label": row.label,
            "state": row.state,
            "passphrase": secret.passphrase,
            "size": secret.size,
            "created_at": secret.created_at,
            "expires_at": secret.expires_at,
            "opened_at": secret.opened_at,
            "burned_at": secret.burned_at,
        }


@receiver(erasing)
def erase(sender: object, user: User, **kwargs: object) -> None:
    """Burn what nobody has opened, and let go of the rest: what remains names no account."""
    uploads.erase(Upload.objects.filter(owner=user))
    own = Secret.objects.filter(owner=user)
    services.burn_rows(own)
    own.update(owner=None, label=None, listing_hash=None)
    # The erasure is carried to the disk once it is sure, as after every other burning.
    transaction.on_commit(partial(forget_on_disk, wait=False))


@receiver(opened)
def tell_owner(sender: object, secret: Secret, at: datetime, **kwargs: object) -> None:
    """The notice that an owner may ask for. One query, and only for secrets that have an owner."""
    owner = User.objects.select_related("preferences").filter(secrets=secret.pk).first()
    if owner is not None and preferences.wants_opened_notices(owner):
        language = preferences.mail_language(owner)
        made, email = secret.created_at, owner.email
        # Only once it is sure: a claim that is rolled back has opened nothing.
        transaction.on_commit(
            lambda: mail.opened_notice(email, created_at=made, opened_at=at, language=language)
        )
