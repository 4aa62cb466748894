"""Changing what a subscription is for. Proration is linear in time here; its cents prove nothing."""

from . import invoices
from .catalogue import plan_of
from .empty import Resource
from .periods import period_from
from .state import State


def switch(
    state: State, subscription: Resource, item: Resource, price: Resource, behavior: str
) -> Resource | None:
    """Put a price on an item now; the invoice it led to, if any. `behavior` is Stripe's `proration_behavior`."""
    old, left, whole = item["price"], *_remaining(state, item)
    trial = subscription["status"] == "trialing"
    resets = not trial and _interval(old) != _interval(price)
    lines = [] if trial or behavior == "none" else [_credit(state, subscription, item, left, whole)]
    put(state, item, price)
    if resets:
        _restart_period(state, subscription)
        lines.append(invoices.line(state, subscription, invoices.full_price(subscription), "Subscription"))
    elif lines:
        cost = price["unit_amount"] * item["quantity"] * left // whole
        lines.append(invoices.line(state, subscription, cost, "Remaining time", proration=True))
    if lines and (resets or behavior == "always_invoice"):
        return invoices.draft(state, subscription, "subscription_update", lines)
    state.carried.setdefault(subscription["id"], []).extend(lines)
    return None


def put(state: State, item: Resource, price: Resource) -> None:
    """The item is for this price from now on."""
    item |= {"price": price, "plan": plan_of(state, price)}


def _interval(price: Resource) -> tuple[str, int]:
    return price["recurring"]["interval"], price["recurring"]["interval_count"]


def _remaining(state: State, item: Resource) -> tuple[int, int]:
    """(seconds left of the period, seconds in it)."""
    whole = item["current_period_end"] - item["current_period_start"]
    return max(0, item["current_period_end"] - state.now()), max(1, whole)


def _credit(state: State, subscription: Resource, item: Resource, left: int, whole: int) -> Resource:
    unused = item["price"]["unit_amount"] * item["quantity"] * left // whole
    return invoices.line(state, subscription, -unused, "Unused time", proration=True)


def _restart_period(state: State, subscription: Resource) -> None:
    """Another interval begins its period at once."""
    subscription["billing_cycle_anchor"] = state.now()
    for each in subscription["items"]["data"]:
        start, end = period_from(state.now(), state.now(), each["price"]["recurring"])
        each |= {"current_period_start": start, "current_period_end": end}


def at_period_end(state: State, subscription: Resource, price: str) -> None:
    """A downgrade in the portal waits, as a schedule, until what was paid for is used up."""
    with state.updating("customer.subscription.updated", subscription):
        state.switches[subscription["id"]] = price
        subscription["schedule"] = state.new_id("sub_sched")


def apply_pending(state: State, subscription: Resource) -> None:
    """At renewal: the waiting downgrade happens."""
    waiting = state.switches.pop(subscription["id"], None)
    if waiting:
        item, price = invoices.item_of(subscription), state.get("price", waiting)
        if _interval(item["price"]) != _interval(price):
            subscription["billing_cycle_anchor"] = item["current_period_end"]
        put(state, item, price)
        subscription["schedule"] = None
