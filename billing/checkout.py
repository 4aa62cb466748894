"""Going to Stripe's pages and coming back. Nothing is believed on the way that Stripe does not say."""

import hashlib
from typing import Any

from django.conf import settings
from django.utils import translation

from billing import portal, stripe_api
from billing.models import BillingAccount, PlanPrice
from billing.stripe_api import Missing
from billing.sync import account_for, enabled, sync
from onetime.outbox import Outbox

#: Calls that nobody waits for; tried again for some minutes.
outbox = Outbox()


class NotOnSale(Exception):
    """The price is not, or no longer, what a new subscriber can buy."""


class AlreadySubscribed(Exception):
    """There is a subscription that has not ended: it is changed in the portal, not bought again."""


class NothingToManage(Exception):
    """The person never was a customer."""


class NotYours(Exception):
    """No Checkout page of this person's."""


def price_on_sale(price_id: int) -> PlanPrice:
    """Raises NotOnSale."""
    price = PlanPrice.objects.select_related("plan").filter(
        pk=price_id, active=True, stripe_price_id__isnull=False, plan__offered=True
    )
    found = price.first()
    if found is None:
        raise NotOnSale
    return found


def start(user: Any, price: PlanPrice, *, success_url: str, cancel_url: str) -> str:
    """The address of a Checkout page on which `user` can pay for `price`.

    Open pages are closed before subscriptions are read: after that nothing can be paid that the
    reading did not see. Raises AlreadySubscribed, StripeFailed.
    """
    account = account_for(user)
    if account.customer_id:
        close_open_pages(account)
        account = sync(account)
    if account.is_live:
        raise AlreadySubscribed
    account = with_customer(account)
    return stripe_api.open_checkout(
        customer=account.customer_id or "",
        ref=str(account.ref),
        price=price.stripe_price_id or "",
        trial_days=0 if account.trial_used else settings.BILLING_TRIAL_DAYS,
        success_url=success_url,
        cancel_url=cancel_url,
        language=translation.get_language() or "",
    )


def close_open_pages(account: BillingAccount) -> None:
    try:
        stripe_api.expire_checkouts(account.customer_id or "")
    except Missing:
        return  # the customer was deleted; sync finds that out and starts afresh


def with_customer(account: BillingAccount) -> BillingAccount:
    """`account` with a customer at Stripe who has the person's present address."""
    email = account.user.email
    if account.customer_id:
        stripe_api.change_email(account.customer_id, email)
        return account
    # Two tabs at once send the same key and get the same customer. Stripe refuses a key that
    # comes back with other parameters, so the address is in it.
    key = f"customer-{account.ref}-{hashlib.sha256(email.encode()).hexdigest()[:12]}"
    customer = stripe_api.create_customer(email, str(account.ref), key)
    BillingAccount.objects.filter(pk=account.pk, customer_id=None).update(customer_id=customer)
    account.refresh_from_db()
    return account


def tell_address(user: Any) -> None:
    """Give Stripe the new address of a customer, soon and in the background.

    Its receipts must not go on to the old one, which may by now be somebody else's.
    """
    account = BillingAccount.objects.filter(user=user).exclude(customer_id=None).first()
    if account is not None and enabled():
        customer, email = account.customer_id or "", user.email
        outbox.put(lambda: stripe_api.change_email(customer, email))


def confirm(user: Any, session: str) -> tuple[BillingAccount, bool]:
    """After Checkout: the account as Stripe has it now, and whether that page was completed.

    Works though the webhook is late or lost. Raises NotYours, StripeFailed.
    """
    account = BillingAccount.objects.filter(user=user).first()
    try:
        ref, complete = stripe_api.checkout_of(session)
    except Missing:
        raise NotYours from None
    if account is None or ref != str(account.ref):
        raise NotYours
    return sync(account), complete


def manage(user: Any, *, return_url: str) -> str:
    """The address of the portal page of `user`. Raises NothingToManage, StripeFailed."""
    account = BillingAccount.objects.filter(user=user).select_related("user").first()
    if account is None or not account.customer_id:
        raise NothingToManage
    try:
        stripe_api.change_email(account.customer_id, account.user.email)
    except Missing:
        sync(account)
        raise NothingToManage from None
    language = translation.get_language() or ""
    return stripe_api.open_portal(account.customer_id, portal.configuration(), return_url, language)
