"""The numbers of this app for onetime.metrics."""

from django.utils import timezone

from onetime.metrics import Gauge
from secrets_app.housekeeping import due, due_uploads
from secrets_app.models import Secret, State, Upload

#: Seconds for which a count over all secrets serves: it takes longer the more there are.
COUNTED_EVERY = 60


def live() -> int:
    return Secret.objects.filter(state=State.NEW, expires_at__gt=timezone.now()).count()


def waiting() -> int:
    return due().count() + due_uploads().count()


def purge_lag() -> float:
    """Seconds since the purge should have erased what waits longest for it; 0 when nothing waits."""
    oldest = due().order_by("due_at").values_list("due_at", flat=True).first()
    return (timezone.now() - oldest).total_seconds() if oldest else 0


GAUGES = (
    Gauge("onetime_secrets_live", "Secrets that can be opened.", live, keep=COUNTED_EVERY),
    Gauge("onetime_uploads", "Envelopes that are being sent by segment.", Upload.objects.count),
    Gauge("onetime_secrets_due", "Rows that wait for the purge.", waiting),
    Gauge("onetime_purge_lag_seconds", "How late the purge is with what waits longest.", purge_lag),
)
