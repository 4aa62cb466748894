"""What a test or a demo may do to the stand-in: move time, break cards, deliveries and the network."""

from typing import Any

from . import clock, endpoints, lifecycle, payments, portal, sessions
from .empty import Resource
from .faults import Fault, Faults
from .outbox import Outbox
from .state import State

DAY = 24 * 3600


class Control:
    """The control interface. Every public method is also `POST /_control/<name>`."""

    state: State
    faults: Faults
    calls: list[dict[str, Any]]

    @property
    def outbox(self) -> Outbox:
        return self.state.outbox

    def now(self) -> int:
        """Unix seconds by the stand-in's clock."""
        return self.state.now()

    def advance(self, days: int = 0, hours: int = 0, seconds: int = 0) -> int:
        """Move the clock on, working off renewals, retries and ends on the way; the new time."""
        with self.state.lock:
            clock.move(self.state, days * DAY + hours * 3600 + seconds)
            return self.state.now()

    def begin_at(self, moment: int) -> int:
        """Set the clock, into the past too; raises ValueError once a subscription exists."""
        with self.state.lock:
            clock.begin_at(self.state, moment)
            return self.state.now()

    def add_endpoint(self, url: str, secret: str, events: list[str] | None = None) -> str:
        """A webhook endpoint whose secret the caller chose; its id."""
        with self.state.lock:
            return str(endpoints.add(self.state, url, events or ["*"], secret)["id"])

    def subscribe(self, customer: str, price: str, card: str = "good", trial_days: int = 0) -> str:
        """A subscription made in the dashboard, behind the site's back; its id."""
        with self.state.lock:
            buyer, bought = self.state.get("customer", customer), self.state.get("price", price)
            method = payments.new_card(self.state, buyer, card)
            made = lifecycle.begin(self.state, buyer, bought, method["id"], trial_days=trial_days)
            lifecycle.bill_first(self.state, made)
            self.state.emit("customer.subscription.created", made)
            return str(made["id"])

    def pay(self, session: str, card: str = "good") -> str:
        """Pay an open Checkout Session; `card` "good" or "fails_later". The subscription's id."""
        with self.state.lock:
            return str(sessions.pay(self.state, self.state.get("checkout.session", session), card)["id"])

    def decline(self, session: str) -> None:
        """Try a declined card on an open Checkout Session."""
        with self.state.lock:
            sessions.decline(self.state, self.state.get("checkout.session", session))

    def fail_renewals(self, customer: str = "") -> None:
        """From now on the card on file is refused: of one customer, or of everybody."""
        self._replace_cards(customer, "fails_later")

    def repair_card(self, customer: str = "") -> None:
        """The customer has a good card again; open invoices wait for their retry."""
        self._replace_cards(customer, "good")

    def _replace_cards(self, customer: str, behaviour: str) -> None:
        with self.state.lock:
            for key in [customer] if customer else [each["id"] for each in self.state.all("customer")]:
                portal.replace_card(self.state, key, behaviour)

    def dunning(self, retry_days: list[int] | None = None, after_last_retry: str = "canceled") -> None:
        """The account's settings: days between retries, then "canceled", "unpaid" or "past_due"."""
        with self.state.lock:
            self.state.retry_days = tuple(retry_days if retry_days is not None else self.state.retry_days)
            self.state.after_last_retry = after_last_retry

    def dispute(self, charge: str) -> str:
        """The bank takes a charge back; the dispute's id."""
        with self.state.lock:
            return str(payments.dispute(self.state, charge)["id"])

    def webhooks(self, mode: str) -> None:
        """ "auto": sent as they happen; "hold": kept for `deliver`; "drop": lost."""
        if mode not in ("auto", "hold", "drop"):
            raise ValueError(f"Unknown mode {mode!r}: auto, hold or drop")
        with self.outbox.changed:
            self.outbox.mode = mode
            self.outbox.changed.notify_all()

    def deliver(self, order: str = "in_order", times: int = 1, types: list[str] | None = None) -> list[int]:
        """Send what waits, `order` "in_order" or "reversed", each `times` times; the statuses that came back."""
        return self.outbox.deliver(order, times, types)

    def drop(self, types: list[str] | None = None) -> int:
        """Lose what waits; how many."""
        return self.outbox.drop(types)

    def resend(self, event: str) -> list[int]:
        """Send one event again; the statuses."""
        return self.outbox.resend(event)

    def deliveries(self) -> list[dict[str, Any]]:
        """Everything queued, sent or lost, oldest first."""
        return [each.summary() for each in self.outbox.deliveries]

    def wait_until_idle(self, timeout: int = 30) -> bool:
        """In mode "auto": wait until all that is due has been sent."""
        return self.outbox.wait_until_idle(timeout)

    def fail_next(
        self, kind: str = "status", status: int = 500, times: int = 1, method: str = "*", path: str = "/v1/.*"
    ) -> Fault:
        """Spoil the next calls (see `faults.KINDS`); `path` is a regular expression for the whole path."""
        return self.faults.add(Fault(kind, status, times, method, path))

    def release(self) -> None:
        """Let held calls go on; forget failures that have not happened."""
        self.faults.release()

    def log(self) -> list[dict[str, Any]]:
        """Every API call so far: method, path, form, key, status."""
        return list(self.calls)

    def objects(self, name: str) -> list[Resource]:
        """Every resource of a type, oldest first, for assertions that the API cannot make."""
        with self.state.lock:
            return list(self.state.all(name))

    def reset(self) -> None:
        """Forget everything, endpoints too; the clock shows the real time again."""
        with self.state.lock:
            self.faults.release()
            self.calls.clear()
            self.state.clear()
            self.state.offset = 0
