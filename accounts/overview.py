"""The counts of this app for the operators' overview."""

from collections.abc import Iterable

from django.utils.translation import gettext as _

from accounts.models import User
from onetime.metrics import Gauge
from onetime.overview import Fact


def facts() -> Iterable[Fact]:
    yield Fact(_("Accounts"), User.objects.filter(is_active=True).count())
    yield Fact(_("Operators"), User.objects.filter(is_active=True, is_staff=True).count())


GAUGES = (
    Gauge("onetime_accounts", "Accounts that are open.", User.objects.filter(is_active=True).count, keep=60),
)
