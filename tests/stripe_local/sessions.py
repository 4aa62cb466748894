"""Checkout Sessions for subscriptions: open until paid or expired. Two open ones can both be paid, as at Stripe."""

from typing import Any

from . import lifecycle, payments
from .calls import PAGING, call, lists, retrieves
from .catalogue import usable_price
from .customers import create as create_customer
from .empty import Resource, make, nested
from .errors import bad_request, not_modelled
from .expand import includes
from .lists import page
from .state import State, assign, merged

LIFETIME = 24 * 3600  # seconds, unless `expires_at` says otherwise
SHORTEST = 30 * 60

retrieves("checkout.session", "/v1/checkout/sessions/{session}")
COPIED = (
    "client_reference_id",
    "cancel_url",
    "success_url",
    "locale",
    "billing_address_collection",
    "allow_promotion_codes",
    "customer_email",
    "payment_method_collection",
)
FILLED = ("consent_collection", "wallet_options")


@call(
    "post",
    "/v1/checkout/sessions",
    "mode ui_mode customer line_items.price line_items.quantity expires_at metadata consent_collection"
    " wallet_options subscription_data.metadata subscription_data.trial_period_days subscription_data.description"
    " discounts " + " ".join(COPIED),
)
def create(state: State, params: dict[str, Any]) -> Resource:
    _check(state, params)
    prices = [_price(state, index, each) for index, each in enumerate(params["line_items"])]
    _check_currency(state, params.get("customer"), prices)
    total = sum(
        price["unit_amount"] * each["quantity"]
        for price, each in zip(prices, params["line_items"], strict=True)
    )
    session = state.add(
        "checkout.session",
        "cs_test",
        amount_subtotal=total,
        amount_total=total,
        currency=prices[0]["currency"],
        customer=params.get("customer"),
        expires_at=_expiry(state, params),
        mode="subscription",
        payment_method_collection="always",
        payment_method_types=["card"],
        payment_status="unpaid",
        status="open",
        ui_mode="hosted_page",
    )
    session["url"] = f"{state.url}/c/pay/{session['id']}"
    assign(session, params, *COPIED)
    session |= {name: nested("checkout.session", name, params[name]) for name in FILLED if name in params}
    session["metadata"] = merged({}, params.get("metadata"))
    wanted = {"items": params["line_items"], "data": params.get("subscription_data", {})}
    state.orders[session["id"]] = wanted
    return session


def _check(state: State, params: dict[str, Any]) -> None:
    """The either-or rules that types cannot say."""
    if params.get("mode") != "subscription":
        raise not_modelled("Checkout in another mode than subscription")
    if params.get("ui_mode", "hosted_page") != "hosted_page":
        raise not_modelled("Checkout pages that are not hosted")
    for name in ("success_url", "line_items"):
        if not params.get(name):
            raise bad_request(f"Missing required param: {name}.", name, "parameter_missing")
    for one, other in (("customer", "customer_email"), ("allow_promotion_codes", "discounts")):
        if one in params and other in params:
            raise bad_request(f"You may only specify one of these parameters: {one}, {other}.", other)
    if "discounts" in params:
        raise not_modelled("discounts")
    if "customer" in params:
        state.get("customer", params["customer"], "customer")


def _price(state: State, index: int, given: Resource) -> Resource:
    param = f"line_items[{index}]"
    if "price" not in given or "quantity" not in given:
        raise bad_request(
            f"Missing required param: {param}[price] or [quantity].", param, "parameter_missing"
        )
    price = usable_price(state, given["price"], f"{param}[price]")
    if not price["recurring"]:
        raise bad_request("You must provide at least one recurring price in `subscription` mode.", "mode")
    return price


def _check_currency(state: State, customer: str | None, prices: list[Resource]) -> None:
    """One currency a session, and one for everything live of a customer."""
    locked = {each["currency"] for each in lifecycle.live_of(state, customer or "")}
    if len(locked | {each["currency"] for each in prices}) > 1:
        raise bad_request("You cannot combine currencies on a single customer or session.", "line_items")


def _expiry(state: State, params: dict[str, Any]) -> int:
    asked = int(params.get("expires_at", state.now() + LIFETIME))
    if state.offset and not _in_bounds(state, asked):
        asked += state.offset  # said by the clock of the site, which did not move with ours
    if not _in_bounds(state, asked):
        raise bad_request("`expires_at` must be between 30 minutes and 24 hours from now.", "expires_at")
    return asked


def _in_bounds(state: State, moment: int) -> bool:
    return SHORTEST <= moment - state.now() + 5 <= LIFETIME + 10


@call("get", "/v1/checkout/sessions", PAGING + "created customer status subscription payment_intent")
def listing(state: State, params: dict[str, Any]) -> Resource:
    if "customer" in params:
        state.get("customer", params["customer"], "customer")
    filters = ("created", "customer", "status", "subscription", "payment_intent")
    return page(state.all("checkout.session"), "/v1/checkout/sessions", params, filters)


@call("post", "/v1/checkout/sessions/{session}/expire")
def expire(state: State, _params: dict[str, Any], key: str) -> Resource:
    session = state.get("checkout.session", key)
    if session["status"] != "open":
        words = f'Only Checkout Sessions with a status in ["open"] can be expired. This one is {session["status"]}.'
        raise bad_request(words)
    session |= {"status": "expired", "url": None}
    state.emit("checkout.session.expired", session)
    return session


@call("get", "/v1/checkout/sessions/{session}/line_items", PAGING)
def line_items(state: State, params: dict[str, Any], key: str) -> Resource:
    session = state.get("checkout.session", key)
    found = [_line_item(state, session, index) for index in range(len(order_of(state, session)["items"]))]
    return page(found[::-1], f"/v1/checkout/sessions/{key}/line_items", params)


def order_of(state: State, session: Resource) -> Resource:
    """What a session would sell, as it was asked for."""
    return state.orders[session["id"]]


def _line_item(state: State, session: Resource, index: int) -> Resource:
    wanted = order_of(state, session)["items"][index]
    price = state.get("price", wanted["price"])
    amount = price["unit_amount"] * wanted["quantity"]
    amounts = {"amount_subtotal": amount, "amount_total": amount, "currency": price["currency"]}
    name = state.get("product", price["product"])["name"]
    key = f"li_{session['id']}_{index}"
    return make("item", id=key, price=price, quantity=wanted["quantity"], description=name, **amounts)


@includes("checkout.session", "line_items")
def _included_line_items(state: State, session: Resource) -> Resource:
    return line_items(state, {}, session["id"])


def pay(state: State, session: Resource, card: str = "good") -> Resource:
    """The visitor pays; `card` as in `payments.new_card`. The new subscription."""
    if session["status"] != "open":
        raise bad_request(f"This Checkout Session is {session['status']}.")
    order = order_of(state, session)
    wanted, data = order["items"][0], order["data"]
    customer = _buyer(state, session)
    method = payments.new_card(state, customer, card)
    price, trial = state.get("price", wanted["price"]), data.get("trial_period_days", 0)
    subscription = lifecycle.begin(
        state, customer, price, method["id"], trial_days=trial, quantity=wanted["quantity"]
    )
    subscription |= {"metadata": dict(data.get("metadata", {})), "description": data.get("description")}
    invoice = lifecycle.bill_first(state, subscription)
    state.emit("customer.subscription.created", subscription)
    session |= {
        "status": "complete",
        "url": None,
        "subscription": subscription["id"],
        "invoice": invoice["id"],
    }
    session |= {"customer": customer["id"], "payment_status": "no_payment_required" if trial else "paid"}
    details = {"email": customer["email"], "tax_exempt": "none"}
    session["customer_details"] = nested("checkout.session", "customer_details", details)
    state.emit("checkout.session.completed", session)
    return subscription


def _buyer(state: State, session: Resource) -> Resource:
    if session["customer"]:
        return state.get("customer", session["customer"])
    return create_customer(state, {"email": session["customer_email"] or "visitor@example.com"})


def decline(state: State, session: Resource) -> None:
    """The visitor's card is refused: the session stays open, nothing is sold."""
    customer = _buyer(state, session)
    session["customer"] = customer["id"]
    intent = payments.new_intent(state, customer["id"], session["amount_total"], session["currency"])
    payments.charge(state, intent, None, at_checkout=True)


lists("payment_method", "/v1/payment_methods", "customer type")
