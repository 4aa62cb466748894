"""A subscription's life: begun, renewed, unpaid, recovered, ended."""

from . import invoices
from .catalogue import plan_of
from .empty import Resource, nested
from .lists import page
from .periods import period_from
from .state import State
from .switching import apply_pending

ENDED = ("canceled", "incomplete_expired")
DAY = 24 * 3600


def live_of(state: State, customer: str) -> list[Resource]:
    """The subscriptions of a customer that have not ended."""
    return [each for each in state.all("subscription") if each["customer"] == customer and is_live(each)]


def is_live(subscription: Resource) -> bool:
    return subscription["status"] not in ENDED


def new_item(state: State, subscription: Resource, price: Resource, quantity: int) -> Resource:
    """An item for a price, beginning a period now."""
    recurring = price["recurring"]
    start, end = period_from(subscription["billing_cycle_anchor"], state.now(), recurring)
    return state.add(
        "subscription_item",
        "si",
        current_period_start=start,
        current_period_end=end,
        plan=plan_of(state, price),
        price=price,
        quantity=quantity,
        subscription=subscription["id"],
        tax_rates=[],
    )


def begin(
    state: State,
    customer: Resource,
    price: Resource,
    method: str | None,
    *,
    trial_days: int = 0,
    quantity: int = 1,
) -> Resource:
    """A new subscription, its first invoice paid (or nothing to pay during a trial). Emits no event of its own."""
    now = state.now()
    trial_end = now + trial_days * DAY if trial_days else None
    subscription = state.add(
        "subscription",
        "sub",
        billing_cycle_anchor=trial_end or now,
        billing_mode=nested("subscription", "billing_mode", {"type": "flexible"}),
        currency=price["currency"],
        customer=customer["id"],
        default_payment_method=method,
        start_date=now,
        status="trialing" if trial_days else "active",
        trial_start=now if trial_days else None,
        trial_end=trial_end,
    )
    subscription["automatic_tax"]["enabled"] = False
    item = new_item(state, subscription, price, quantity)
    if trial_end:
        item["current_period_end"] = trial_end
    subscription["items"] = page([item], f"/v1/subscription_items?subscription={subscription['id']}", {})
    customer["currency"] = price["currency"]
    return subscription


def bill_first(state: State, subscription: Resource) -> Resource:
    """The first invoice, paid at Checkout."""
    amount = 0 if subscription["trial_end"] else invoices.full_price(subscription)
    lines = [invoices.line(state, subscription, amount, "Subscription")]
    invoice = invoices.draft(state, subscription, "subscription_create", lines)
    invoices.finalize(state, invoice)
    invoices.attempt(state, invoice, subscription["default_payment_method"], at_checkout=True)
    return invoice


def renew(state: State, subscription: Resource) -> None:
    """The next period begins, paid or not: Stripe advances it before the money comes."""
    with state.updating("customer.subscription.updated", subscription):
        apply_pending(state, subscription)
        for each in subscription["items"]["data"]:
            start = each["current_period_end"]
            anchor = subscription["billing_cycle_anchor"]
            each["current_period_start"], each["current_period_end"] = period_from(
                anchor, start, each["price"]["recurring"]
            )
        if subscription["status"] == "trialing":
            subscription["status"] = "active"
        lines = [
            invoices.line(state, subscription, invoices.full_price(subscription), "Subscription renewal")
        ]
        invoices.draft(state, subscription, "subscription_cycle", lines)


def collect(state: State, invoice: Resource) -> bool:
    """Finalise if need be, charge the card on file, and let the subscription follow; whether it is paid."""
    subscription = state.get("subscription", invoices.subscription_of(invoice))
    if invoice["status"] == "draft":
        invoices.finalize(state, invoice)
    paid = invoices.attempt(state, invoice, subscription["default_payment_method"])
    if paid:
        recover(state, subscription)
    elif is_live(subscription):
        _fall_behind(state, subscription, last=invoice["next_payment_attempt"] is None)
    return paid


def recover(state: State, subscription: Resource) -> None:
    """Active again, once no finalised invoice of it is open."""
    open_ones = [each for each in state.all("invoice") if each["status"] == "open"]
    if any(invoices.subscription_of(each) == subscription["id"] for each in open_ones):
        return
    with state.updating("customer.subscription.updated", subscription):
        if subscription["status"] in ("past_due", "unpaid", "incomplete"):
            subscription["status"] = "active"


def _fall_behind(state: State, subscription: Resource, *, last: bool) -> None:
    if last and state.after_last_retry == "canceled":
        cancel(state, subscription, "payment_failed")
        return
    with state.updating("customer.subscription.updated", subscription):
        subscription["status"] = state.after_last_retry if last else "past_due"


def cancel(state: State, subscription: Resource, reason: str = "cancellation_requested") -> None:
    """Ended now. Open invoices stay open but are not tried any more."""
    now = state.now()
    subscription |= {"status": "canceled", "ended_at": now}
    subscription["canceled_at"] = subscription["canceled_at"] or now
    details = subscription["cancellation_details"] or {}
    subscription["cancellation_details"] = nested(
        "subscription", "cancellation_details", details | {"reason": reason}
    )
    for each in state.all("invoice"):
        if invoices.subscription_of(each) == subscription["id"] and each["status"] in ("open", "draft"):
            each |= {"auto_advance": False, "next_payment_attempt": None}
    state.switches.pop(subscription["id"], None)
    state.emit("customer.subscription.deleted", subscription)
