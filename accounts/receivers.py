"""What this app does when something happens elsewhere."""

from datetime import UTC
from typing import Any

from allauth.mfa.models import Authenticator
from django.db.models.signals import pre_save
from django.dispatch import receiver


@receiver(pre_save, sender=Authenticator)
def keep_the_day_only(sender: object, instance: Any, **kwargs: object) -> None:
    """allauth notes when a passkey or an app was used; the day is enough to spot a stranger's use."""
    if instance.last_used_at is not None:
        day = instance.last_used_at.astimezone(UTC)
        instance.last_used_at = day.replace(hour=0, minute=0, second=0, microsecond=0)
