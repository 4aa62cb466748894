"""The only module that knows Stripe's library: what the others need, as plain values.

The library is imported with the first call, so a site without keys never loads it. Every call
raises Refused, Missing or Unreachable and nothing else of Stripe's.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from uuid import uuid4

from django.conf import settings

CONNECT_SECONDS, READ_SECONDS = 5, 20
CHECKOUT_SECONDS = 3600
#: What Checkout and the portal can say; others get the browser's choice.
LANGUAGES = frozenset(("en",))


class StripeFailed(Exception):
    """A call did not do what it should. The message is a kind, such as a class or a code of Stripe's."""


class Unreachable(StripeFailed):
    """No answer, or one that says to come back later: nothing is known about what was asked."""


class Refused(StripeFailed):
    """Stripe understood and said no; `code` is its word for why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Missing(Refused):
    """What was named does not exist at Stripe, or no longer."""


class BadSignature(Exception):
    """A webhook that none of the secrets has signed lately, or that is no event."""


@dataclass(frozen=True, slots=True)
class Subscription:
    """One subscription, as far as access depends on it."""

    id: str
    status: str
    created: int  # Unix seconds
    customer: str
    price_id: str
    product_id: str
    period_start: datetime | None
    period_end: datetime | None
    ends_at: datetime | None
    had_trial: bool
    ref: str
    latest_invoice: str


@dataclass(frozen=True, slots=True)
class Event:
    """A webhook's event: hints of what to read."""

    id: str
    type: str
    livemode: bool
    customer: str
    charge: str


@dataclass(frozen=True, slots=True)
class Price:
    id: str
    active: bool
    lookup_key: str
    unit_amount: int | None
    currency: str
    interval: str


@dataclass(frozen=True, slots=True)
class Endpoint:
    id: str
    url: str
    enabled: bool
    api_version: str
    events: frozenset[str]
    secret: str  # only just after it was made


@lru_cache(maxsize=2)
def _client(key: str, base: str) -> Any:
    import stripe

    stripe.enable_telemetry = False
    return stripe.StripeClient(
        key,
        stripe_version=stripe.api_version,
        # Never 429; the page or the webhook that waits is tried again by whoever asked.
        max_network_retries=2,
        http_client=stripe.RequestsClient(timeout=(CONNECT_SECONDS, READ_SECONDS)),
        base_addresses={"api": base} if base else {},
    ).v1


@contextmanager
def _calling() -> Iterator[Any]:
    """The client, with the library's errors turned into ours.

    `from None`, for the library's messages quote ids and addresses that a log must not keep.
    """
    import stripe

    try:
        yield _client(settings.STRIPE_SECRET_KEY, settings.STRIPE_API_BASE)
    except (stripe.InvalidRequestError, stripe.CardError, stripe.IdempotencyError) as error:
        kind = Missing if error.code == "resource_missing" else Refused
        raise kind(error.code or type(error).__name__) from None
    except (stripe.AuthenticationError, stripe.PermissionError) as error:
        raise Refused(type(error).__name__) from None
    except stripe.StripeError as error:
        raise Unreachable(type(error).__name__) from None


def api_version() -> str:
    import stripe

    return str(stripe.api_version)


def _moment(seconds: int | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


def _id(thing: Any) -> str:
    """The id of what may be given as an id, as the expanded thing, or not at all."""
    return str(getattr(thing, "id", thing) or "")


# --- Customers and subscriptions ------------------------------------------------------------------


def create_customer(email: str, ref: str, key: str) -> str:
    """A customer with this address and our reference; the id. The same `key` gives the same one."""
    params = {"email": email, "metadata": {"ref": ref}}
    with _calling() as client:
        return _id(client.customers.create(params, {"idempotency_key": key}))


def change_email(customer: str, email: str) -> None:
    with _calling() as client:
        client.customers.update(customer, {"email": email})


def delete_customer(customer: str) -> None:
    with _calling() as client:
        client.customers.delete(customer)


def subscriptions(customer: str = "", status: str = "all") -> list[Subscription]:
    """Every subscription of a customer, or of everybody; every page of them.

    With status "" those that are not cancelled. Raises Missing where the customer was deleted.
    """
    wanted = {"customer": customer, "status": status}
    params = {"limit": 100} | {name: value for name, value in wanted.items() if value}
    with _calling() as client:
        return [_subscription(each) for each in client.subscriptions.list(params).auto_paging_iter()]


def _subscription(found: Any) -> Subscription:
    # `items` is the list of items: StripeObject is no dict. Since 2025-03-31 the period is on the item.
    items = found.items.data
    item = items[0] if items else None
    period_end = item.current_period_end if item else None
    # The portal sets cancel_at; the API and the dashboard may set cancel_at_period_end instead.
    ends = found.cancel_at or (period_end if found.cancel_at_period_end else None)
    return Subscription(
        id=found.id,
        status=found.status,
        created=found.created,
        customer=_id(found.customer),
        price_id=item.price.id if item else "",
        product_id=_id(item.price.product) if item else "",
        period_start=_moment(item.current_period_start if item else None),
        period_end=_moment(period_end),
        ends_at=_moment(ends),
        had_trial=found.trial_start is not None,
        ref=str(found.metadata["ref"]) if found.metadata and "ref" in found.metadata else "",
        latest_invoice=_id(found.latest_invoice),
    )


def cancel_subscription(subscription: str) -> None:
    """End it now. Raises Missing where it has ended already."""
    with _calling() as client:
        client.subscriptions.cancel(subscription)


def unpaid_since(subscription: str) -> datetime | None:
    """When the oldest open invoice of a subscription was made."""
    params = {"subscription": subscription, "status": "open", "limit": 100}
    with _calling() as client:
        return _moment(
            min((each.created for each in client.invoices.list(params).auto_paging_iter()), default=None)
        )


def refund_invoice(invoice: str, key: str) -> None:
    """Give back what was paid for an invoice; what was given back before counts as done."""
    with _calling() as client:
        payments = client.invoice_payments.list({"invoice": invoice, "status": "paid", "limit": 100})
        intents = [_id(each.payment.payment_intent) for each in payments.auto_paging_iter()]
    for intent in filter(None, intents):
        try:
            with _calling() as client:
                params = {"payment_intent": intent, "reason": "duplicate"}
                client.refunds.create(params, {"idempotency_key": f"{key}-{intent}"})
        except Refused as refusal:
            if refusal.code != "charge_already_refunded":
                raise


def customer_of_charge(charge: str) -> str:
    with _calling() as client:
        return _id(client.charges.retrieve(charge).customer)


# --- Hosted pages ---------------------------------------------------------------------------------


def open_checkout(
    *, customer: str, ref: str, price: str, trial_days: int, success_url: str, cancel_url: str, language: str
) -> str:
    """The address of a new Checkout page, which is good for an hour."""
    subscription: dict[str, Any] = {"metadata": {"ref": ref}}
    if trial_days:
        subscription["trial_period_days"] = trial_days
    params = {
        "mode": "subscription",
        "customer": customer,
        "line_items": [{"price": price, "quantity": 1}],
        "client_reference_id": ref,
        "subscription_data": subscription,
        "success_url": success_url,
        "cancel_url": cancel_url,
        "expires_at": int(time.time()) + CHECKOUT_SECONDS,
        "locale": language if language in LANGUAGES else "auto",
        "billing_address_collection": "auto",
        "consent_collection": {"promotions": "none"},
        "wallet_options": {"link": {"display": "never"}},
    }
    with _calling() as client:
        # Fresh each time: a key that comes again would bring back a page that is long finished.
        return str(client.checkout.sessions.create(params, {"idempotency_key": str(uuid4())}).url)


def expire_checkouts(customer: str) -> None:
    """Close every Checkout page of a customer that could still be paid."""
    with _calling() as client:
        found = client.checkout.sessions.list({"customer": customer, "status": "open", "limit": 100})
        sessions = [each.id for each in found.auto_paging_iter()]
    for session in sessions:
        try:
            with _calling() as client:
                client.checkout.sessions.expire(session)
        except Refused:
            continue  # paid or expired meanwhile: what came of it is read next


def checkout_of(session: str) -> tuple[str, bool]:
    """Whose a Checkout page was (our reference) and whether it is complete. Raises Missing."""
    with _calling() as client:
        found = client.checkout.sessions.retrieve(session)
        return str(found.client_reference_id or ""), found.status == "complete"


def open_portal(customer: str, configuration: str, return_url: str, language: str) -> str:
    """The address of a new portal page."""
    params = {
        "customer": customer,
        "configuration": configuration,
        "return_url": return_url,
        "locale": language if language in LANGUAGES else "auto",
    }
    with _calling() as client:
        return str(client.billing_portal.sessions.create(params).url)


# --- Catalogue ------------------------------------------------------------------------------------


def product_name(product: str) -> tuple[str, bool] | None:
    """The name of a product and whether it is active; None where there is none."""
    try:
        with _calling() as client:
            found = client.products.retrieve(product)
            return str(found.name), bool(found.active)
    except Missing:
        return None


def save_product(product: str, name: str, *, exists: bool) -> None:
    with _calling() as client:
        if exists:
            client.products.update(product, {"name": name, "active": True})
        else:
            client.products.create({"id": product, "name": name})


def prices_of(product: str) -> list[Price]:
    """Every price of a product, inactive ones too."""
    with _calling() as client:
        found = client.prices.list({"product": product, "limit": 100}).auto_paging_iter()
        return [_price(each) for each in found]


def _price(found: Any) -> Price:
    return Price(
        id=found.id,
        active=found.active,
        lookup_key=found.lookup_key or "",
        unit_amount=found.unit_amount,
        currency=found.currency,
        interval=found.recurring.interval if found.recurring else "",
    )


def create_price(
    *, product: str, currency: str, unit_amount: int, interval: str, lookup_key: str, key: str
) -> str:
    """A price that takes the lookup key over from the one before it; the id."""
    params = {
        "product": product,
        "currency": currency,
        "unit_amount": unit_amount,
        "recurring": {"interval": interval},
        "lookup_key": lookup_key,
        "transfer_lookup_key": True,
    }
    with _calling() as client:
        return _id(client.prices.create(params, {"idempotency_key": key}))


def retire_price(price: str) -> None:
    """No new subscriber gets it; those who have it keep it."""
    with _calling() as client:
        client.prices.update(price, {"active": False})


# --- Set-up ---------------------------------------------------------------------------------------


def endpoints() -> list[Endpoint]:
    with _calling() as client:
        return [_endpoint(each) for each in client.webhook_endpoints.list({"limit": 100}).auto_paging_iter()]


def _endpoint(found: Any) -> Endpoint:
    return Endpoint(
        id=found.id,
        url=found.url,
        enabled=found.status == "enabled",
        api_version=found.api_version or "",
        events=frozenset(found.enabled_events),
        secret=getattr(found, "secret", None) or "",
    )


def create_endpoint(url: str, events: list[str]) -> Endpoint:
    with _calling() as client:
        params = {"url": url, "enabled_events": events, "api_version": api_version()}
        return _endpoint(client.webhook_endpoints.create(params))


def update_endpoint(endpoint: str, events: list[str]) -> None:
    with _calling() as client:
        client.webhook_endpoints.update(endpoint, {"enabled_events": events, "disabled": False})


def delete_endpoint(endpoint: str) -> None:
    with _calling() as client:
        client.webhook_endpoints.delete(endpoint)


def portal_configuration(mark: str) -> str:
    """The id of our active portal configuration, known by its name; "" where there is none."""
    with _calling() as client:
        found = client.billing_portal.configurations.list({"active": True, "limit": 100}).auto_paging_iter()
        return min((each.id for each in found if each.name == mark), default="")


def save_portal_configuration(configuration: str, params: dict[str, Any]) -> str:
    """Make one, or change the one that `configuration` names; the id."""
    with _calling() as client:
        service = client.billing_portal.configurations
        return _id(service.update(configuration, params) if configuration else service.create(params))


# --- Webhooks -------------------------------------------------------------------------------------


def read_event(body: bytes, header: str, secrets: list[str]) -> Event:
    """The event in a webhook that one of the secrets signed in the last five minutes.

    Two secrets are good while one is being replaced. Raises BadSignature.
    """
    import stripe

    for secret in secrets:
        try:
            return _event(stripe.Webhook.construct_event(body, header, secret))
        except (stripe.SignatureVerificationError, ValueError, TypeError, AttributeError, RecursionError):
            continue  # RecursionError: nested to exhaust the stack
    raise BadSignature


def _event(found: Any) -> Event:
    """Ids only: the rest follows the endpoint's API version, and may be old when it arrives."""
    about = found.data.object
    kind = getattr(about, "object", "")
    customer = about.id if kind == "customer" else getattr(about, "customer", None)
    return Event(
        id=found.id,
        type=found.type,
        livemode=bool(found.livemode),
        customer=_id(customer),
        charge=_id(getattr(about, "charge", None)) if kind == "dispute" else "",
    )
