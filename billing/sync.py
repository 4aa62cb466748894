"""What a person's subscriptions are, read from Stripe and written under an optimistic revision.

An event is a hint and Stripe is the truth: whatever happened, everything is read again. So it
does not matter whether notices come twice, late, in the wrong order or not at all.
"""

import logging
import uuid
from typing import Any

from django.conf import settings
from django.db.models import F
from django.utils import timezone

from billing import limits, notices, stripe_api
from billing.models import ENDED, BillingAccount, Plan, PlanPrice, StripeEvent
from billing.stripe_api import Missing, StripeFailed, Subscription

log = logging.getLogger("onetime.billing")

#: In the order in which one of several subscriptions speaks for the person.
RANK = ("active", "trialing", "past_due", "paused", "unpaid", "incomplete")
#: Of n readings at once at least one is written in each round.
TRIES = 30
Values = dict[str, Any]


class Overtaken(StripeFailed):
    """Others wrote first, every time; the notice stays open and comes again."""


def sync(account: BillingAccount) -> BillingAccount:
    """Read all subscriptions of `account` and store what they say; the row as it is then.

    No transaction spans the reading, and each write rests on a reading that began after the
    write before it. Raises StripeFailed, or DoesNotExist where the row has gone.
    """
    for _try in range(TRIES):
        before = BillingAccount.objects.select_related("user", "plan").get(pk=account.pk)
        if not before.customer_id:
            return before
        if write(before, read(before)):
            after = BillingAccount.objects.select_related("user", "plan").get(pk=account.pk)
            notices.tell(before, after)
            return after
    raise Overtaken("overtaken")


def write(before: BillingAccount, values: Values) -> bool:
    """Store `values` unless somebody wrote since `before` was loaded; whether that was done."""
    unchanged = BillingAccount.objects.filter(pk=before.pk, rev=before.rev)
    written = unchanged.update(**values, rev=F("rev") + 1, synced_at=timezone.now())
    limits.forget()
    return bool(written)


def read(account: BillingAccount) -> Values:
    """What Stripe says, as columns. Ends subscriptions that are one too many."""
    try:
        found = ours(account)
        if extra := one_too_many(found):
            end_duplicates(account, extra)
            found = ours(account)
    except Missing:  # the customer was deleted at Stripe; another one needs another reference
        return nothing() | {"customer_id": None, "ref": uuid.uuid4()}
    return columns(account, found)


def ours(account: BillingAccount) -> list[Subscription]:
    """The subscriptions that are about our plans, not about something else the operator sells."""
    found = stripe_api.subscriptions(account.customer_id or "")
    return [each for each in found if each.ref == str(account.ref) or plan_of(each)]


def plan_of(subscription: Subscription) -> int | None:
    """The key of the plan that is paid for: by its price, else by its product."""
    by_price = PlanPrice.objects.filter(stripe_price_id=subscription.price_id).values_list("plan", flat=True)
    by_product = Plan.objects.filter(stripe_product_id=subscription.product_id).values_list("pk", flat=True)
    return by_price.first() or (by_product.first() if subscription.product_id else None)


def live(found: list[Subscription]) -> list[Subscription]:
    """What could still cost something, the one that speaks for the person first."""
    return sorted((each for each in found if each.status not in ENDED), key=precedence)


def precedence(subscription: Subscription) -> tuple[int, int, str]:
    """Paid before unpaid, and of those the oldest: the newer is the one bought by mistake."""
    status = subscription.status
    # Active and trialing are alike here: both are access.
    rank = max(0, RANK.index(status) - 1) if status in RANK else len(RANK)
    return rank, subscription.created, subscription.id


def one_too_many(found: list[Subscription]) -> list[Subscription]:
    return live(found)[1:]


def end_duplicates(account: BillingAccount, extra: list[Subscription]) -> None:
    """Give back and end what was bought twice (two tabs, each paid), and tell the operator.

    The refund comes first: if the second step fails, the next reading does both again.
    """
    for each in extra:
        if each.latest_invoice:
            stripe_api.refund_invoice(each.latest_invoice, f"dup-{each.id}")
        try:
            stripe_api.cancel_subscription(each.id)
        except Missing:
            continue
        log.error("a second subscription was refunded and ended: see the events in the admin")
        StripeEvent.objects.get_or_create(
            event_id=f"dup-{each.id}",
            defaults={
                "type": "duplicate.cancelled",
                "customer_id": account.customer_id or "",
                "processed_at": timezone.now(),
            },
        )


def nothing() -> Values:
    """The columns of somebody without any subscription."""
    return {
        "subscription_id": "",
        "status": "",
        "price_id": "",
        "plan_id": None,
        "period_start": None,
        "period_end": None,
        "unpaid_since": None,
        "ends_at": None,
    }


def columns(account: BillingAccount, found: list[Subscription]) -> Values:
    """The columns that `found` comes to."""
    # Once had, a trial stays had: judged over all subscriptions, ended ones too.
    trial = {"trial_used": account.trial_used or any(each.had_trial for each in found)}
    best = next(iter(live(found)), None) or max(found, key=lambda each: each.created, default=None)
    if best is None:
        return nothing() | trial
    past_due = best.status == "past_due"
    return trial | {
        "subscription_id": best.id,
        "status": best.status,
        "price_id": best.price_id,
        "plan_id": plan_of(best),
        "period_start": best.period_start,
        "period_end": best.period_end,
        "unpaid_since": stripe_api.unpaid_since(best.id) if past_due else None,
        "ends_at": best.ends_at if best.status not in ENDED else None,
    }


def account_for(user: Any) -> BillingAccount:
    """The billing row of a user, made where there is none."""
    account, _made = BillingAccount.objects.get_or_create(user=user)
    return account


def enabled() -> bool:
    return bool(settings.BILLING_ENABLED)
