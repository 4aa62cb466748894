"""The subscription calls: read, list, change, cancel; and paying or voiding an invoice."""

from typing import Any

from . import invoices, lifecycle, switching
from .calls import PAGING, call, retrieves
from .catalogue import usable_price
from .empty import Resource, nested
from .errors import bad_request, missing
from .lists import page
from .state import State, assign

PATH = "/v1/subscriptions/{subscription_exposed_id}"
retrieves("subscription", PATH)


@call("get", "/v1/subscriptions", PAGING + "created customer price status")
def listing(state: State, params: dict[str, Any]) -> Resource:
    if "customer" in params:
        state.get("customer", params["customer"], "customer")
    found = [each for each in state.all("subscription") if _has_status(each, params.get("status"))]
    if "price" in params:
        found = [each for each in found if params["price"] in prices_of(each)]
    return page(found, "/v1/subscriptions", params, ("created", "customer"))


def prices_of(subscription: Resource) -> list[str]:
    """The ids of the prices it is for."""
    return [each["price"]["id"] for each in subscription["items"]["data"]]


def _has_status(subscription: Resource, wanted: str | None) -> bool:
    if wanted == "all":
        return True
    if wanted == "ended":
        return not lifecycle.is_live(subscription)
    return bool(subscription["status"] == wanted if wanted else subscription["status"] != "canceled")


@call(
    "post",
    PATH,
    "items.id items.price items.quantity items.deleted cancel_at cancel_at_period_end cancellation_details"
    " metadata description proration_behavior payment_behavior default_payment_method",
)
def update(state: State, params: dict[str, Any], key: str) -> Resource:
    subscription = state.get("subscription", key)
    if not lifecycle.is_live(subscription) and params.keys() - {"metadata", "cancellation_details", "expand"}:
        raise bad_request("A canceled subscription can only update its cancellation_details and metadata.")
    if "default_payment_method" in params:
        state.get("payment_method", params["default_payment_method"], "default_payment_method")
    changes = _checked_items(state, subscription, params.get("items", []))
    invoice = None
    with state.updating("customer.subscription.updated", subscription):
        assign(subscription, params, "metadata", "description", "default_payment_method")
        _set_cancellation(state, subscription, params)
        for each in changes:
            invoice = _change(state, subscription, each, params) or invoice
    if invoice:
        lifecycle.collect(state, invoice)
    return subscription


def _checked_items(state: State, subscription: Resource, items: list[Resource]) -> list[Resource]:
    """Each change with its price resource; raises before anything is touched."""
    checked = []
    for index, each in enumerate(items):
        param = f"items[{index}][price]"
        price = usable_price(state, each["price"], param) if "price" in each else None
        if price and price["currency"] != subscription["currency"]:
            raise bad_request("The currency of the price must match the subscription's.", param)
        if price and "id" not in each and price["id"] in prices_of(subscription):
            raise bad_request(
                f"Cannot add multiple subscription items with the same plan: {price['id']}", param
            )
        if "id" in each and each["id"] not in [item["id"] for item in subscription["items"]["data"]]:
            raise missing("subscription_item", each["id"], f"items[{index}][id]", in_path=False)
        if "id" not in each and price is None:
            raise bad_request("You must pass a price or an item id.", f"items[{index}]")
        checked.append(each | {"price": price})
    return checked


def _change(
    state: State, subscription: Resource, change: Resource, params: dict[str, Any]
) -> Resource | None:
    items = subscription["items"]["data"]
    if "id" not in change:
        # Without an item's id Stripe adds a second item: both are billed from now on.
        items.insert(0, lifecycle.new_item(state, subscription, change["price"], change.get("quantity", 1)))
        return None
    item = next(each for each in items if each["id"] == change["id"])
    if change.get("deleted"):
        items.remove(item)
        return None
    item["quantity"] = change.get("quantity", item["quantity"])
    behavior = params.get("proration_behavior", "create_prorations")
    return switching.switch(state, subscription, item, change["price"], behavior) if change["price"] else None


def _set_cancellation(state: State, subscription: Resource, params: dict[str, Any]) -> None:
    if params.get("cancel_at") and params.get("cancel_at_period_end"):
        raise bad_request("You may only specify one of cancel_at and cancel_at_period_end.", "cancel_at")
    end = invoices.item_of(subscription)["current_period_end"]
    if "cancel_at_period_end" in params:
        subscription["cancel_at_period_end"] = params["cancel_at_period_end"]
        end_at(state, subscription, end if params["cancel_at_period_end"] else None)
    elif "cancel_at" in params:
        asked = params["cancel_at"]
        end_at(state, subscription, asked if isinstance(asked, int) else (end if asked else None))
    if "cancellation_details" in params:
        given = params["cancellation_details"] or {}
        old = subscription["cancellation_details"] or {}
        subscription["cancellation_details"] = nested("subscription", "cancellation_details", old | given)


def end_at(state: State, subscription: Resource, moment: int | None) -> None:
    """Set or lift the end. With flexible billing it is `cancel_at`; `cancel_at_period_end` stays as it is."""
    if moment is not None and moment <= state.now():
        raise bad_request("The cancel_at timestamp must be in the future.", "cancel_at")
    reason = {"reason": "cancellation_requested"} if moment else {}
    subscription |= {"cancel_at": moment, "canceled_at": state.now() if moment else None}
    subscription["cancellation_details"] = nested("subscription", "cancellation_details", reason)
    if moment is None:
        subscription["cancel_at_period_end"] = False


@call("delete", PATH, "cancellation_details prorate invoice_now")
def cancel(state: State, params: dict[str, Any], key: str) -> Resource:
    subscription = state.get("subscription", key)
    if not lifecycle.is_live(subscription):
        # Stripe's answer to a second cancellation, although the subscription can still be read.
        raise missing("subscription", key, "id", in_path=True)
    given = params.get("cancellation_details", {})
    subscription["cancellation_details"] = nested("subscription", "cancellation_details", given)
    lifecycle.cancel(state, subscription)
    return subscription


@call("post", "/v1/invoices/{invoice}/pay", "off_session payment_method")
def pay_invoice(state: State, params: dict[str, Any], key: str) -> Resource:
    invoice = state.get("invoice", key)
    invoices.must_be_open(invoice)
    subscription = state.get("subscription", invoices.subscription_of(invoice))
    if "payment_method" in params:
        state.get("payment_method", params["payment_method"], "payment_method")
    if not invoices.attempt(
        state, invoice, params.get("payment_method", subscription["default_payment_method"])
    ):
        raise invoices.declined()
    if lifecycle.is_live(subscription):
        lifecycle.recover(state, subscription)
    return invoice


@call("post", "/v1/invoices/{invoice}/void")
def void_invoice(state: State, _params: dict[str, Any], key: str) -> Resource:
    invoice = state.get("invoice", key)
    invoices.must_be_open(invoice)
    invoice |= {"status": "void", "auto_advance": False, "next_payment_attempt": None}
    invoice["status_transitions"]["voided_at"] = state.now()
    state.emit("invoice.voided", invoice)
    return invoice
