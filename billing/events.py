"""Notices from Stripe: kept by their id, and done when what they hint at has been read."""

import logging

from django.db.models import F, QuerySet
from django.utils import timezone

from billing import stripe_api
from billing.models import BillingAccount, StripeEvent
from billing.stripe_api import Event, Missing
from billing.sync import sync

log = logging.getLogger("onetime.billing")

#: What the endpoint is asked for, and what is stored. The last four are for operators to see.
HANDLED = (
    "checkout.session.completed",
    "customer.subscription.created",
    "customer.subscription.updated",
    "customer.subscription.deleted",
    "customer.subscription.paused",
    "customer.subscription.resumed",
    "customer.subscription.trial_will_end",
    "customer.subscription.pending_update_applied",
    "customer.subscription.pending_update_expired",
    "invoice.paid",
    "invoice.payment_failed",
    "invoice.payment_action_required",
    "charge.refunded",
    "charge.dispute.created",
    "customer.deleted",
)
#: Kinds that somebody should look at: money went back, or was asked back.
MONEY_BACK = ("charge.refunded", "charge.dispute.created", "duplicate.cancelled")


def receive(event: Event) -> None:
    """Store an event and do it, unless that was done before.

    Stored first and by its unique id, in a statement of its own: of parallel deliveries one makes
    the row and all may read. Raises whatever kept it from being done; the row then stays open.
    """
    if event.type not in HANDLED:
        return
    customer = event.customer or payer(event.charge)
    stored, _made = StripeEvent.objects.get_or_create(
        event_id=event.id, defaults={"type": event.type, "customer_id": customer}
    )
    if stored.processed_at is None:
        process(stored)


def payer(charge: str) -> str:
    """The customer of a disputed charge, whom the dispute itself does not name."""
    try:
        return stripe_api.customer_of_charge(charge) if charge else ""
    except Missing:
        return ""


def process(stored: StripeEvent) -> None:
    """Read again what an event is about, and only then mark it done."""
    mine = StripeEvent.objects.filter(pk=stored.pk)
    try:
        refresh(stored.customer_id)
    except Exception as error:
        mine.update(attempts=F("attempts") + 1, error=type(error).__name__)
        raise
    mine.update(attempts=F("attempts") + 1, error="", processed_at=timezone.now())


def refresh(customer: str) -> None:
    """Read the subscriptions of a customer; one who is nobody's here is left alone."""
    account = BillingAccount.objects.filter(customer_id=customer).first() if customer else None
    if account is None:
        return
    try:
        sync(account)
    except BillingAccount.DoesNotExist:
        log.info("an account was closed while a notice about it was read")


def open_events() -> "QuerySet[StripeEvent]":
    """What was received and not done, oldest first."""
    return StripeEvent.objects.filter(processed_at=None).order_by("received_at", "pk")
