"""Everything the stand-in remembers: resources by type and id, its clock, and what leaves it as events."""

import copy
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import stripe

from .empty import Resource, make
from .errors import bad_request, missing
from .outbox import Outbox


class State:
    """One pretended Stripe account. Hold `lock` around every use."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.lock = threading.RLock()
        self.outbox = Outbox(self.now)
        self.offset = 0
        self.standing: int | None = None
        self.clear()

    def clear(self) -> None:
        """Forget everything but the clock."""
        self.tables: dict[str, dict[str, Resource]] = {}
        self.answers: dict[str, Any] = {}  # idempotency keys, see server.py
        self.cards: dict[str, str] = {}  # payment method → "good" | "fails_later"
        self.switches: dict[str, str] = {}  # subscription → price from the next period on
        self.carried: dict[str, list[Resource]] = {}  # subscription → lines for its next invoice
        self.orders: dict[str, Resource] = {}  # checkout session → what it would sell
        self.retry_days: tuple[int, ...] = (3, 5, 7)  # days between the attempts on an unpaid invoice
        self.after_last_retry = "canceled"  # or "unpaid", "past_due": the account's dunning setting
        self.request: Resource | None = None  # what `event.request` says
        self.outbox.clear()

    def now(self) -> int:
        """Unix seconds by the stand-in's own clock; it stands still while the time between is worked off."""
        return int(time.time()) + self.offset if self.standing is None else self.standing

    def new_id(self, prefix: str) -> str:
        """An id like Stripe's."""
        return f"{prefix}_1L{secrets.token_hex(11)}"

    def table(self, name: str) -> dict[str, Resource]:
        return self.tables.setdefault(name, {})

    def all(self, name: str) -> list[Resource]:
        """Every resource of a type that is not deleted, oldest first."""
        return [each for each in self.table(name).values() if not each.get("deleted")]

    def add(self, name: str, prefix: str, /, **fields: Any) -> Resource:
        """Create and keep a resource, made at the clock's time."""
        made = make(name, **({"id": self.new_id(prefix), "created": self.now()} | fields))
        self.table(name)[made["id"]] = made
        return made

    def get(self, name: str, key: str, param: str | None = None, *, deleted: bool = False) -> Resource:
        """A resource; raises `resource_missing`: 404, or 400 when `param` says where the id was given."""
        found = self.table(name).get(key)
        if found is None or (found.get("deleted") and not deleted):
            raise missing(name, key, param or "id", in_path=param is None)
        return found

    def find(self, key: str) -> Resource | None:
        """A resource of any type, for `expand`."""
        return next((table[key] for table in self.tables.values() if key in table), None)

    def emit(self, kind: str, resource: Resource, previous: Resource | None = None) -> None:
        """Record an event with a snapshot of the resource, and hand it to the webhooks."""
        data: Resource = {"object": copy.deepcopy(resource)}
        if previous is not None:
            data["previous_attributes"] = previous
        about = self.request or {"id": None, "idempotency_key": None}
        event = self.add("event", "evt", type=kind, data=data, request=about, api_version=stripe.api_version)
        self.outbox.add(event, self.all("webhook_endpoint"))

    @contextmanager
    def updating(self, kind: str, resource: Resource) -> Iterator[None]:
        """Emit an `.updated` event with `previous_attributes` when the block changed something."""
        before = copy.deepcopy(resource)
        yield
        previous = {name: old for name, old in before.items() if resource.get(name) != old}
        if previous:
            self.emit(kind, resource, previous)


def assign(resource: Resource, params: dict[str, Any], *names: str) -> None:
    """Copy parameters to fields of the same name; an empty text unsets."""
    for name in names:
        if name == "metadata" and name in params:
            resource["metadata"] = merged(resource["metadata"], params["metadata"])
        elif name in params:
            resource[name] = None if params[name] == "" else params[name]


def merged(old: Resource | None, new: Any) -> Resource:
    """Metadata after an update: keys are merged, an empty value removes one, an empty text removes all."""
    together = {} if new == "" else {**(old or {}), **(new or {})}
    return {key: value for key, value in together.items() if value != ""}


def one_of(params: dict[str, Any], *names: str) -> str:
    """The one of these parameters that was given; raises 400 when it is none or several."""
    given = [name for name in names if name in params]
    if len(given) != 1:
        raise bad_request(f"You must pass exactly one of: {', '.join(names)}.", names[0])
    return given[0]
