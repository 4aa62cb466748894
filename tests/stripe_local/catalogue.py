"""Products and prices: a price's amount never changes, and one lookup key names one price."""

from typing import Any

from .calls import PAGING, call, lists, retrieves
from .empty import Resource, nested
from .errors import Refusal, bad_request
from .lists import page
from .state import State, assign, merged, one_of

TEXTS = ("name", "description", "active", "metadata", "images", "statement_descriptor", "unit_label", "url")

retrieves("product", "/v1/products/{id}")
retrieves("price", "/v1/prices/{price}")


@call("post", "/v1/products", "id " + " ".join(TEXTS))
def create_product(state: State, params: dict[str, Any]) -> Resource:
    key = params.get("id") or state.new_id("prod")
    if key in state.table("product"):
        raise bad_request("Product already exists.", "id", "resource_already_exists")
    made = state.add("product", "prod", id=key, name="", active=True, type="service", updated=state.now())
    assign(made, params, *TEXTS)
    made["metadata"] = merged({}, params.get("metadata"))
    state.emit("product.created", made)
    return made


@call("post", "/v1/products/{id}", " ".join(TEXTS))
def update_product(state: State, params: dict[str, Any], key: str) -> Resource:
    product = state.get("product", key)
    with state.updating("product.updated", product):
        assign(product, params, *TEXTS)
        product["updated"] = state.now()
    return product


@call("get", "/v1/products", PAGING + "active created ids")
def list_products(state: State, params: dict[str, Any]) -> Resource:
    found = [each for each in state.all("product") if each["id"] in params.get("ids", [each["id"]])]
    return page(found, "/v1/products", params, ("active", "created"))


@call(
    "post",
    "/v1/prices",
    "product currency unit_amount recurring.interval recurring.interval_count lookup_key transfer_lookup_key"
    " nickname metadata active tax_behavior billing_scheme",
)
def create_price(state: State, params: dict[str, Any]) -> Resource:
    one_of(params, "product")
    amount = params[one_of(params, "unit_amount")]
    _check_price(params["currency"], amount, params.get("billing_scheme", "per_unit"))
    product = state.get("product", params["product"], "product")
    _free_lookup_key(state, params)
    recurring = {"interval_count": 1, "usage_type": "licensed"} | params.get("recurring", {})
    made = state.add(
        "price",
        "price",
        active=params.get("active", True),
        billing_scheme="per_unit",
        currency=params["currency"].lower(),
        product=product["id"],
        recurring=nested("price", "recurring", recurring) if "recurring" in params else None,
        tax_behavior=params.get("tax_behavior", "unspecified"),
        type="recurring" if "recurring" in params else "one_time",
        unit_amount=amount,
        unit_amount_decimal=str(amount),
    )
    assign(made, params, "lookup_key", "nickname", "metadata")
    state.emit("price.created", made)
    return made


def _check_price(currency: str, amount: int, scheme: str) -> None:
    if len(currency) != 3 or not currency.isalpha():
        raise bad_request(f"Invalid currency: {currency}.", "currency")
    if amount < 0:
        raise bad_request("Invalid non-negative integer", "unit_amount", "parameter_invalid_integer")
    if scheme != "per_unit":
        raise Refusal(501, "The loopback Stripe does not model tiered prices.", kind="api_error")


def _free_lookup_key(state: State, params: dict[str, Any], price: Resource | None = None) -> None:
    """Take the lookup key from the price that holds it, if the caller said so; else raise Stripe's 400."""
    holder = next((each for each in state.all("price") if _holds(each, params.get("lookup_key"))), None)
    if holder is None or holder is price:
        return
    if not params.get("transfer_lookup_key"):
        raise bad_request(f"A price (`{holder['id']}`) already uses that lookup key.", "lookup_key")
    with state.updating("price.updated", holder):
        holder["lookup_key"] = None


def _holds(price: Resource, lookup_key: str | None) -> bool:
    return bool(lookup_key) and price["lookup_key"] == lookup_key


@call("post", "/v1/prices/{price}", "active lookup_key transfer_lookup_key nickname metadata tax_behavior")
def update_price(state: State, params: dict[str, Any], key: str) -> Resource:
    price = state.get("price", key)
    _free_lookup_key(state, params, price)
    with state.updating("price.updated", price):
        assign(price, params, "lookup_key", "nickname", "metadata", "active", "tax_behavior")
    if key in state.table("plan"):
        state.table("plan")[key]["active"] = price["active"]
    return price


@call("get", "/v1/prices", PAGING + "active created currency product type lookup_keys recurring.interval")
def list_prices(state: State, params: dict[str, Any]) -> Resource:
    found = state.all("price")
    if "lookup_keys" in params:
        found = [each for each in found if each["lookup_key"] in params["lookup_keys"]]
    if "recurring" in params:
        wanted = params["recurring"].get("interval")
        found = [each for each in found if each["recurring"] and each["recurring"]["interval"] == wanted]
    return page(found, "/v1/prices", params, ("active", "created", "currency", "product", "type"))


def usable_price(state: State, key: str, param: str) -> Resource:
    """A recurring price that may be sold; raises Stripe's 400 else."""
    price = state.get("price", key, param)
    if not price["active"]:
        words = f"The price specified is inactive. This field only accepts active prices. (`{key}`)"
        raise bad_request(words, param)
    if not state.get("product", price["product"])["active"]:
        raise bad_request(
            f"Price `{key}` is not available to be purchased: its product is not active.", param
        )
    return price


def plan_of(state: State, price: Resource) -> Resource:
    """The legacy `plan` that still accompanies every recurring price."""
    shared = ("active", "billing_scheme", "created", "currency", "metadata", "nickname", "product")
    fields = {name: price[name] for name in shared}
    recurring = {name: price["recurring"][name] for name in ("interval", "interval_count", "usage_type")}
    return state.table("plan").get(price["id"]) or state.add(
        "plan",
        "plan",
        id=price["id"],
        amount=price["unit_amount"],
        amount_decimal=price["unit_amount_decimal"],
        **fields,
        **recurring,
    )


lists("plan", "/v1/plans", "active product")
