"""When somebody closes their account: first nothing may be charged any more, then the row goes."""

from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from accounts.signals import CannotClose
from billing import stripe_api
from billing.models import ENDED, BillingAccount
from billing.stripe_api import Missing, StripeFailed
from billing.sync import enabled, nothing, write


def before_closing(user: Any) -> None:
    """End every subscription of `user` at Stripe, and forget the customer there.

    Raises CannotClose when Stripe does not confirm it: an account that is gone while its card is
    charged on could not be helped by anybody.
    """
    account = BillingAccount.objects.filter(user=user).first()
    if account is None or not account.customer_id:
        return
    try:
        end_everything(account)
    except StripeFailed as failure:
        raise CannotClose(
            _(
                "Your subscription could not be cancelled just now, so nothing was deleted. "
                "Try again in a few minutes, or write to the operator of this site."
            )
        ) from failure


def end_everything(account: BillingAccount) -> None:
    """In this order: no page left to pay on, no subscription left, no customer left.

    What is gone already counts as done. Raises StripeFailed.
    """
    if not enabled():
        raise stripe_api.Unreachable("there is no key")
    customer = account.customer_id or ""
    try:
        stripe_api.expire_checkouts(customer)
        for each in stripe_api.subscriptions(customer):
            if each.status not in ENDED:
                end(each.id)
        if settings.BILLING_DELETE_CUSTOMER:
            stripe_api.delete_customer(customer)
    except Missing:
        pass  # the customer is gone, and every subscription went with it
    account.refresh_from_db()
    write(account, nothing() | ({"customer_id": None} if settings.BILLING_DELETE_CUSTOMER else {}))


def end(subscription: str) -> None:
    try:
        stripe_api.cancel_subscription(subscription)
    except Missing:
        return


def erase(user: Any) -> None:
    """The row, in the transaction that deletes the user."""
    BillingAccount.objects.filter(user=user).delete()


def export(user: Any) -> dict[str, Any]:
    """What is kept here about a person's plan, for their own file."""
    account = BillingAccount.objects.select_related("plan", "comp_plan").filter(user=user).first()
    if account is None:
        return {}
    return {
        "billing": {
            "plan": account.plan.slug if account.plan else None,
            "status": account.status,
            "period_start": account.period_start,
            "period_end": account.period_end,
            "unpaid_since": account.unpaid_since,
            "ends_at": account.ends_at,
            "trial_used": account.trial_used,
            "complimentary_plan": account.comp_plan.slug if account.comp_plan else None,
            "complimentary_until": account.comp_until,
            "complimentary_reason": account.comp_reason,
            "read_from_stripe_at": account.synced_at,
            "stripe": {
                "reference": str(account.ref),
                "customer": account.customer_id,
                "subscription": account.subscription_id,
                "price": account.price_id,
            },
        }
    }
