"""Signed webhooks: at once, or held and then delivered in any order, twice, or not at all; retried until a 2xx."""

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from typing import Any
from urllib.parse import urlsplit

import stripe

from .empty import Resource

LOOPBACK = ("127.0.0.1", "localhost", "::1")
GIVE_UP_AFTER = 3 * 24 * 3600  # seconds; Stripe retries for up to three days
ANSWER_WITHIN = 30  # real seconds


@dataclass
class Delivery:
    """One event for one endpoint. `answers` holds a status for each attempt, 0 when nobody answered."""

    event: Resource
    endpoint: Resource
    secret: str
    payload: str
    next_try: int
    state: str = "waiting"  # → delivered | dropped | given_up
    answers: list[int] = field(default_factory=list)

    def summary(self) -> dict[str, Any]:
        """For the control interface."""
        named = {"event": self.event["id"], "type": self.event["type"], "url": self.endpoint["url"]}
        return named | {"state": self.state, "answers": self.answers, "next_try": self.next_try}


class Outbox:
    """`mode`: "auto" sends from a thread as events happen; "hold" waits for `deliver()`; "drop" loses them."""

    def __init__(self, now: Callable[[], int]) -> None:
        self.now = now
        self.secrets: dict[str, str] = {}  # endpoint → secret, which Stripe shows only once
        self.mode = "hold"
        self.deliveries: list[Delivery] = []
        self.changed = threading.Condition()
        self.busy = False
        self.closed = False

    def clear(self) -> None:
        """Forget what was queued and sent."""
        with self.changed:
            self.deliveries = []
            self.secrets = {}

    def add(self, event: Resource, endpoints: list[Resource]) -> None:
        """Queue an event for each enabled endpoint that wants its type."""
        wanted = [each for each in endpoints if wants(each, event["type"])]
        event["pending_webhooks"] = len(wanted)
        payload = json.dumps(event, indent=2)
        state = "dropped" if self.mode == "drop" else "waiting"
        with self.changed:
            for each in wanted:
                secret = self.secrets[each["id"]]
                self.deliveries.append(Delivery(event, each, secret, payload, self.now(), state))
            self.changed.notify_all()

    def deliver(self, order: str = "in_order", times: int = 1, types: list[str] | None = None) -> list[int]:
        """Send what waits, now, from this thread: `order` "in_order" or "reversed", each `times` times."""
        waiting = [each for each in self.deliveries if each.state == "waiting" and _is_among(each, types)]
        ordered = waiting[::-1] if order == "reversed" else waiting
        return [self.send(each) for each in ordered for _ in range(times)]

    def drop(self, types: list[str] | None = None) -> int:
        """Lose what waits, for ever; the number lost."""
        lost = [each for each in self.deliveries if each.state == "waiting" and _is_among(each, types)]
        for each in lost:
            each.state = "dropped"
        return len(lost)

    def resend(self, event_id: str) -> list[int]:
        """Send an event again, whatever became of it, as the dashboard's button does."""
        return [self.send(each) for each in self.deliveries if each.event["id"] == event_id]

    def send(self, delivery: Delivery) -> int:
        """One attempt; the HTTP status, or 0."""
        # Signed with the real time, for the receiver's tolerance is judged by the real time.
        header = stripe.WebhookSignature.generate_signature_header(delivery.payload, delivery.secret)
        status = post(delivery.endpoint["url"], delivery.payload.encode(), header)
        with self.changed:
            delivery.answers.append(status)
            self._settle(delivery, status)
        return status

    def _settle(self, delivery: Delivery, status: int) -> None:
        if 200 <= status < 300:
            if delivery.state != "delivered":
                delivery.event["pending_webhooks"] -= 1
            delivery.state = "delivered"
        elif delivery.state == "waiting":
            delivery.next_try = self.now() + 3600 * 2 ** (len(delivery.answers) - 1)
            if delivery.next_try > delivery.event["created"] + GIVE_UP_AFTER:
                delivery.state = "given_up"

    def run(self) -> None:
        """The worker's loop, until `close`."""
        while not self.closed:
            with self.changed:
                due = self._due()
                self.busy = bool(due)
                if not due:
                    self.changed.notify_all()
                    self.changed.wait(timeout=1)
            for each in due:
                self.send(each)

    def _due(self) -> list[Delivery]:
        if self.mode != "auto":
            return []
        return [each for each in self.deliveries if each.state == "waiting" and each.next_try <= self.now()]

    def wait_until_idle(self, timeout: float = 30) -> bool:
        """Block until the worker has sent all that is due; False when `timeout` real seconds were not enough."""
        with self.changed:
            self.changed.notify_all()
            return self.changed.wait_for(lambda: not self.busy and not self._due(), timeout)

    def close(self) -> None:
        """End the worker."""
        with self.changed:
            self.closed = True
            self.changed.notify_all()


def wants(endpoint: Resource, kind: str) -> bool:
    """Whether an endpoint is enabled for a type of event."""
    return endpoint["status"] == "enabled" and bool({"*", kind} & set(endpoint["enabled_events"]))


def _is_among(delivery: Delivery, types: list[str] | None) -> bool:
    return types is None or delivery.event["type"] in types


def post(url: str, body: bytes, signature: str) -> int:
    """POST to a loopback URL; the status, 0 when nobody answered or the host is not this machine."""
    target = urlsplit(url)
    if target.scheme != "http" or target.hostname not in LOOPBACK:
        return 0
    connection = HTTPConnection(target.hostname, target.port or 80, timeout=ANSWER_WITHIN)
    headers = {"Content-Type": "application/json; charset=utf-8", "Stripe-Signature": signature}
    try:
        connection.request("POST", target.path or "/", body, headers | {"User-Agent": "Stripe/1.0"})
        return connection.getresponse().status
    except (OSError, HTTPException):
        return 0
    finally:
        connection.close()
