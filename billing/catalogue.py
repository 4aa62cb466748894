"""Plans and prices, here and at Stripe."""

import hashlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from django.db import transaction

from billing import limits, portal, stripe_api
from billing.models import ENDED, BillingAccount, Plan, PlanPrice
from billing.money import shown
from billing.stripe_api import Price, StripeFailed
from billing.sync import enabled

if TYPE_CHECKING:
    from django.db.models import QuerySet


class NotForSale(Exception):
    """A plan that everybody has cannot have a price."""


class NewPrice(NamedTuple):
    price: PlanPrice
    #: How many live subscriptions stay on the price before it, and what that was ("" if none).
    staying: int
    before: str


def set_price(plan: Plan, interval: str, currency: str, unit_amount: int) -> NewPrice:
    """Put a price in the place of the one that `plan` has for `interval` and `currency`.

    Amounts never change: it is a new row, and a new price at Stripe, which is made as soon as
    this is committed. Until then nobody can buy it. Raises NotForSale.
    """
    if plan.is_base:
        raise NotForSale
    with transaction.atomic():
        old = plan.prices.select_for_update().filter(interval=interval, currency=currency, active=True)
        before = old.first()
        if before and before.unit_amount == unit_amount:
            return NewPrice(before, 0, "")
        old.update(active=False)
        price = plan.prices.create(interval=interval, currency=currency, unit_amount=unit_amount)
        transaction.on_commit(lambda: try_push(plan))
    return NewPrice(price, staying_on(before) if before else 0, str(before or ""))


def withdraw_price(price: PlanPrice) -> int:
    """Offer a price to nobody new; how many stay on it."""
    PlanPrice.objects.filter(pk=price.pk).update(active=False)
    limits.forget()
    transaction.on_commit(lambda: try_push(price.plan))
    return staying_on(price)


def staying_on(price: PlanPrice) -> int:
    """How many live subscriptions are on a price."""
    if not price.stripe_price_id:
        return 0
    return live_accounts().filter(price_id=price.stripe_price_id).count()


def live_accounts() -> "QuerySet[BillingAccount]":
    return BillingAccount.objects.exclude(status__in=ENDED)


def try_push(plan: Plan) -> bool:
    """Push where that is possible; what fails is left for `billing_push` and shows as drift."""
    if not enabled():
        return False
    try:
        push(plan)
    except StripeFailed:
        return False
    return True


def push(plan: Plan) -> list[str]:
    """Bring one plan's product and prices at Stripe in line; what was done, a line each.

    May be repeated at any time: what is there is found. Raises StripeFailed.
    """
    if plan.is_base:
        return []
    done = list(_push_product(plan))
    there = {price.id: price for price in stripe_api.prices_of(plan.product_id)}
    missing = plan.prices.filter(active=True, stripe_price_id=None)
    done += [_push_price(plan, price, there) for price in missing]
    done += _retire(plan, there)
    portal.update()
    return done


def _push_product(plan: Plan) -> Iterator[str]:
    found = stripe_api.product_name(plan.product_id)
    if found != (plan.name, True):
        stripe_api.save_product(plan.product_id, plan.name, exists=found is not None)
        yield f"{plan.product_id}: saved as “{plan.name}”"
    if not plan.stripe_product_id:
        Plan.objects.filter(pk=plan.pk).update(stripe_product_id=plan.product_id)
        plan.stripe_product_id = plan.product_id


def _push_price(plan: Plan, price: PlanPrice, there: dict[str, Price]) -> str:
    """Adopt the price that an interrupted push has left at Stripe, else make one."""
    taken = set(plan.prices.exclude(stripe_price_id=None).values_list("stripe_price_id", flat=True))
    left = [each for each in there.values() if same(each, price) and each.id not in taken]
    if left:
        made = left[0].id
    else:
        made = stripe_api.create_price(
            product=plan.product_id,
            currency=price.currency,
            unit_amount=price.unit_amount,
            interval=price.interval,
            lookup_key=price.lookup_key,
            key=price_key(plan, price),
        )
    PlanPrice.objects.filter(pk=price.pk, stripe_price_id=None).update(stripe_price_id=made)
    limits.forget()
    return f"{price.lookup_key}: {price} is on sale"


def price_key(plan: Plan, price: PlanPrice) -> str:
    """One idempotency key for one row, telling apart rows of databases that were made anew."""
    what = f"{plan.product_id}:{price.lookup_key}:{price.unit_amount}:{price.pk}"
    return f"price-{hashlib.sha256(what.encode()).hexdigest()[:32]}"


def same(there: Price, here: PlanPrice) -> bool:
    """Whether a price at Stripe is on sale for what a row of ours says."""
    return (there.active, there.lookup_key, there.unit_amount, there.currency, there.interval) == (
        True,
        here.lookup_key,
        here.unit_amount,
        here.currency,
        here.interval,
    )


def _retire(plan: Plan, there: dict[str, Price]) -> Iterator[str]:
    for price in plan.prices.filter(active=False).exclude(stripe_price_id=None):
        if price.stripe_price_id in there and there[price.stripe_price_id].active:
            stripe_api.retire_price(price.stripe_price_id)
            yield f"{price.lookup_key}: {price} is no longer on sale"


def differences(plan: Plan) -> list[str]:
    """How Stripe differs from what is set here, a line each. Raises StripeFailed."""
    if plan.is_base:
        return []
    found = stripe_api.product_name(plan.product_id)
    if found is None:
        return [f"{plan.product_id}: there is no such product at Stripe"]
    return [*_product_differences(plan, *found), *_price_differences(plan)]


def _product_differences(plan: Plan, name: str, active: bool) -> Iterator[str]:
    if name != plan.name:
        yield f"{plan.product_id}: called “{name}” at Stripe and “{plan.name}” here"
    if not active:
        yield f"{plan.product_id}: archived at Stripe, so nobody can buy it"


def _price_differences(plan: Plan) -> Iterator[str]:
    there = {price.id: price for price in stripe_api.prices_of(plan.product_id)}
    for price in plan.prices.all():
        found = there.pop(price.stripe_price_id or "", None)
        label = f"{price.lookup_key}: {price}"
        if price.active and not price.stripe_price_id:
            yield f"{label} is not at Stripe yet"
        elif price.active and found is None:
            yield f"{label} is on sale here and does not exist at Stripe"
        elif price.active and found and not same(found, price):
            yield f"{label} is on sale here, and at Stripe it is {_described(found)}"
        elif not price.active and found and found.active:
            yield f"{label} is withdrawn here and still active at Stripe"
    for unknown in there.values():
        if unknown.active:
            yield f"{unknown.id}: {_described(unknown)} is at Stripe and not here"


def _described(price: Price) -> str:
    amount = shown(price.unit_amount or 0, price.currency)
    state = "active" if price.active else "inactive"
    return f"{amount} / {price.interval or 'once'}, {state}, “{price.lookup_key}”"
