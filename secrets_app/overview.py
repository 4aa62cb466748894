"""The counts of this app for the operators' overview."""

from collections.abc import Iterable
from datetime import timedelta

from django.utils import timezone
from django.utils.translation import gettext as _

from onetime.overview import Fact
from secrets_app.housekeeping import due
from secrets_app.models import Secret, State

#: The purge runs every minute or so; what is due for longer means that it does not run.
PURGE_LATE = timedelta(minutes=15)


def facts() -> Iterable[Fact]:
    """How many secrets live, and whether the purge keeps up. Each is one indexed count."""
    now = timezone.now()
    yield Fact(_("Live secrets"), Secret.objects.filter(state=State.NEW, expires_at__gt=now).count())
    waiting = due().count()
    yield Fact(_("Waiting for the purge"), waiting)
    late = due().filter(due_at__lte=now - PURGE_LATE).exists()
    yield Fact(_("Purge"), _("does not run: start purge_secrets") if late else _("keeps up"), late)
