"""The customer portal: its configurations, its sessions, and what a customer can do there."""

from typing import Any

from . import invoices, lifecycle, payments, subscriptions, switching
from .calls import call, lists, retrieves
from .catalogue import usable_price
from .empty import Resource, nested
from .errors import bad_request
from .state import State, assign, merged

FEATURES = (
    "features.customer_update features.invoice_history features.payment_method_update"
    " features.subscription_cancel features.subscription_update"
)
OTHERS = "business_profile default_return_url metadata name login_page"
PATH = "/v1/billing_portal/configurations"

retrieves("billing_portal.configuration", PATH + "/{configuration}")
lists("billing_portal.configuration", PATH, "active is_default")


@call("post", PATH, f"{FEATURES} {OTHERS}")
def create_configuration(state: State, params: dict[str, Any]) -> Resource:
    _check_features(state, params["features"])
    made = state.add("billing_portal.configuration", "bpc", active=True, updated=state.now(), metadata={})
    _configure(made, params)
    state.emit("billing_portal.configuration.created", made)
    return made


@call("post", PATH + "/{configuration}", f"active {FEATURES} {OTHERS}")
def update_configuration(state: State, params: dict[str, Any], key: str) -> Resource:
    configuration = state.get("billing_portal.configuration", key)
    _check_features(state, params.get("features", {}))
    with state.updating("billing_portal.configuration.updated", configuration):
        configuration["updated"] = state.now()
        _configure(configuration, params)
    return configuration


def _configure(configuration: Resource, params: dict[str, Any]) -> None:
    name = "billing_portal.configuration"
    assign(configuration, params, "active", "default_return_url", "name")
    for field in ("business_profile", "login_page"):
        configuration[field] = nested(name, field, configuration[field] | params.get(field, {}))
    features = configuration["features"]
    given = {key: features[key] | value for key, value in params.get("features", {}).items()}
    configuration["features"] = nested(name, "features", features | given)
    if configuration["login_page"]["enabled"]:
        configuration["login_page"]["url"] = "https://billing.stripe.com/p/login/test"
    configuration["metadata"] = merged(configuration["metadata"], params.get("metadata"))


def _check_features(state: State, features: dict[str, Any]) -> None:
    """The rules of section `features` that types cannot say."""
    update = features.get("subscription_update", {})
    if update.get("enabled") and not (update.get("products") and update.get("default_allowed_updates")):
        words = "`products` and `default_allowed_updates` are required to enable subscription updates."
        raise bad_request(words, "features[subscription_update]", "parameter_missing")
    for product in update.get("products") or []:
        state.get("product", product["product"], "features[subscription_update][products]")
        for price in product["prices"]:
            usable_price(state, price, "features[subscription_update][products]")
    customer = features.get("customer_update", {})
    if customer.get("enabled") and not customer.get("allowed_updates"):
        raise bad_request("`allowed_updates` is required.", "features[customer_update]", "parameter_missing")


@call("post", "/v1/billing_portal/sessions", "customer configuration return_url locale")
def create_session(state: State, params: dict[str, Any]) -> Resource:
    if "customer" not in params:
        raise bad_request("Missing required param: customer.", "customer", "parameter_missing")
    state.get("customer", params["customer"], "customer")
    configuration = _configuration_for(state, params)
    made = state.add(
        "billing_portal.session", "bps", customer=params["customer"], configuration=configuration["id"]
    )
    made["url"] = f"{state.url}/p/session/{made['id']}"
    assign(made, params, "return_url", "locale")
    made["return_url"] = made["return_url"] or configuration["default_return_url"]
    state.emit("billing_portal.session.created", made)
    return made


def _configuration_for(state: State, params: dict[str, Any]) -> Resource:
    if "configuration" not in params:
        # One made by the API is never the default; that is saved in the dashboard.
        words = "No configuration provided and your test mode default configuration has not been created."
        raise bad_request(words, "configuration")
    found = state.get("billing_portal.configuration", params["configuration"], "configuration")
    if not found["active"]:
        raise bad_request("The configuration is not active.", "configuration")
    return found


def features_of(state: State, session: Resource) -> Resource:
    """What the session's configuration allows."""
    found: Resource = state.get("billing_portal.configuration", session["configuration"])["features"]
    return found


def cancel(state: State, session: Resource, subscription: Resource) -> None:
    """The customer cancels: at the period's end sets `cancel_at` only, as flexible billing does."""
    feature = features_of(state, session)["subscription_cancel"]
    _must_be_allowed(feature["enabled"])
    if feature["mode"] == "immediately":
        lifecycle.cancel(state, subscription)
        return
    with state.updating("customer.subscription.updated", subscription):
        subscriptions.end_at(state, subscription, invoices.item_of(subscription)["current_period_end"])


def resume(state: State, session: Resource, subscription: Resource) -> None:
    """The customer thinks better of it, in time."""
    _must_be_allowed(features_of(state, session)["subscription_cancel"]["enabled"])
    with state.updating("customer.subscription.updated", subscription):
        subscriptions.end_at(state, subscription, None)


def offered_prices(state: State, session: Resource) -> list[Resource]:
    """The active prices a customer may switch to."""
    feature = features_of(state, session)["subscription_update"]
    keys = (
        [key for product in feature["products"] or [] for key in product["prices"]]
        if feature["enabled"]
        else []
    )
    return [price for key in keys if (price := state.get("price", key))["active"]]


def switch(state: State, session: Resource, subscription: Resource, price_id: str) -> None:
    """Upwards at once; downwards at the period's end when the configuration says so."""
    _must_be_allowed(price_id in [each["id"] for each in offered_prices(state, session)])
    feature = features_of(state, session)["subscription_update"]
    price, item = usable_price(state, price_id, "price"), invoices.item_of(subscription)
    conditions = {each["type"] for each in feature["schedule_at_period_end"]["conditions"]}
    if _is_decrease(item["price"], price) & conditions:
        switching.at_period_end(state, subscription, price_id)
        return
    with state.updating("customer.subscription.updated", subscription):
        invoice = switching.switch(state, subscription, item, price, feature["proration_behavior"])
    if invoice:
        lifecycle.collect(state, invoice)


def _is_decrease(old: Resource, new: Resource) -> set[str]:
    """The conditions of `schedule_at_period_end` that a change from `old` to `new` meets."""
    length = {"day": 1, "week": 7, "month": 30, "year": 365}
    was, becomes = (
        length[each["recurring"]["interval"]] * each["recurring"]["interval_count"] for each in (old, new)
    )
    met = {"shortening_interval"} if becomes < was else set()
    return met | (
        {"decreasing_item_amount"} if new["unit_amount"] / becomes < old["unit_amount"] / was else set()
    )


def fix_card(state: State, session: Resource) -> None:
    """A new, good card becomes the default, of every live subscription too. Open invoices wait for their retry."""
    _must_be_allowed(features_of(state, session)["payment_method_update"]["enabled"])
    replace_card(state, session["customer"], "good")


def replace_card(state: State, customer: str, behaviour: str) -> None:
    """Put another card on a customer and on what is live of it."""
    method = payments.new_card(state, state.get("customer", customer), behaviour)
    for each in lifecycle.live_of(state, customer):
        with state.updating("customer.subscription.updated", each):
            each["default_payment_method"] = method["id"]


def pay_open_invoice(state: State, session: Resource) -> bool:
    """The customer pays what is overdue with the card on file; whether that worked."""
    _must_be_allowed(features_of(state, session)["invoice_history"]["enabled"])
    mine = [each for each in state.all("invoice") if each["customer"] == session["customer"]]
    return all(lifecycle.collect(state, each) for each in mine if each["status"] == "open")


def _must_be_allowed(allowed: object) -> None:
    if not allowed:
        raise bad_request("The portal's configuration does not allow that.")


def overdue(state: State, customer: str) -> list[Resource]:
    """The open invoices of a customer, oldest first."""
    found = [
        each for each in state.all("invoice") if each["customer"] == customer and each["status"] == "open"
    ]
    return [each for each in found if invoices.subscription_of(each)]
