"""What operators see first about money: who pays, what failed, what somebody should look at."""

from collections.abc import Iterable
from datetime import timedelta

from django.utils import timezone
from django.utils.translation import gettext as _

from billing import events
from billing.catalogue import live_accounts
from billing.models import PlanPrice, StripeEvent
from billing.sync import enabled
from onetime.metrics import Gauge
from onetime.overview import Fact

RECENT_DAYS = 7
#: Minutes after which a notice that is not done asks for somebody: Stripe will have sent it again.
PATIENCE = timedelta(minutes=30)


def billing() -> Iterable[Fact]:
    if not enabled():
        yield Fact(_("Paid plans"), _("off: no Stripe key is set"))
        return
    live = live_accounts()
    failing = live.exclude(status__in=("active", "trialing")).count()
    stuck = events.open_events().filter(received_at__lt=timezone.now() - PATIENCE).count()
    waiting = PlanPrice.objects.filter(active=True, stripe_price_id=None).count()
    yield Fact(_("Live subscriptions"), live.count())
    yield Fact(_("Of these with a failed payment"), failing)
    yield Fact(_("Notices from Stripe that are not done"), stuck, stuck > 0)
    yield Fact(_("Prices that are not at Stripe yet"), waiting, waiting > 0)
    yield Fact(_("Refunds and disputes in the last days"), money_back())


def money_back() -> int:
    since = timezone.now() - timedelta(days=RECENT_DAYS)
    return StripeEvent.objects.filter(type__in=events.MONEY_BACK, received_at__gt=since).count()


GAUGES = (
    Gauge(
        "onetime_billing_notices_open",
        "Notices from Stripe that are not done.",
        lambda: events.open_events().count(),
    ),
)
