"""Time: moving the clock works off, one after the other, everything that falls due on the way."""

import time
from collections.abc import Callable, Iterator

from . import invoices, lifecycle, sessions
from .state import State

Due = tuple[int, int, Callable[[], object]]  # (moment, rank at the same moment, what happens)


def move(state: State, seconds: int) -> None:
    """Go forwards by so many seconds."""
    target = state.now() + seconds
    work_off(state, target)
    state.offset = target - int(time.time())


def begin_at(state: State, moment: int) -> None:
    """Set the clock, backwards too, as long as no subscription exists: the past cannot be undone."""
    if state.all("subscription"):
        raise ValueError("Set the clock before anybody subscribes; afterwards it can only be moved on.")
    state.offset = moment - int(time.time())


def work_off(state: State, target: int) -> None:
    """Do what is due up to a moment, each at its own time."""
    try:
        while due := min(
            (each for each in _due(state) if each[0] <= target), default=None, key=lambda x: x[:2]
        ):
            # Never back: what was overdue already happens now.
            state.standing = max(due[0], state.standing or due[0])
            due[2]()
    finally:
        state.standing = None


def _due(state: State) -> Iterator[Due]:
    for session in state.all("checkout.session"):
        if session["status"] == "open":
            yield session["expires_at"], 0, lambda key=session["id"]: sessions.expire(state, {}, key)  # type: ignore[misc]
    for invoice in state.all("invoice"):
        moment = _next_try(invoice)
        if moment is not None:
            yield moment, 1, lambda due=invoice: lifecycle.collect(state, due)  # type: ignore[misc]
    for each in state.all("subscription"):
        if lifecycle.is_live(each):
            end = invoices.item_of(each)["current_period_end"]
            if each["cancel_at"]:
                yield each["cancel_at"], 2, lambda due=each: lifecycle.cancel(state, due)  # type: ignore[misc]
            yield end, 3, lambda due=each: lifecycle.renew(state, due)  # type: ignore[misc]


def _next_try(invoice: dict[str, object]) -> int | None:
    """When an invoice will be charged by itself."""
    if invoice["status"] == "draft" and invoice["auto_advance"]:
        return int(str(invoice["created"])) + invoices.DRAFT_FOR
    moment = invoice["next_payment_attempt"]
    return int(str(moment)) if invoice["status"] == "open" and moment else None
