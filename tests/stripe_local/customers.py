"""Customers. Deleting one cancels its subscriptions at once and leaves a marker behind."""

from typing import Any

from . import lifecycle
from .calls import call, lists, retrieves
from .empty import Resource, nested
from .expand import includes
from .lists import page
from .state import State, assign, merged

FIELDS = ("email", "name", "description", "metadata", "phone", "preferred_locales")

retrieves("customer", "/v1/customers/{customer}")
lists("customer", "/v1/customers", "created email")


@call("post", "/v1/customers", " ".join(FIELDS))
def create(state: State, params: dict[str, Any]) -> Resource:
    customer = state.add("customer", "cus", balance=0, delinquent=False, preferred_locales=[])
    customer["tax_exempt"] = "none"
    customer["invoice_settings"] = nested("customer", "invoice_settings", {})
    customer["invoice_prefix"] = customer["id"][-8:].upper()
    customer["next_invoice_sequence"] = 1
    assign(customer, params, *FIELDS)
    customer["metadata"] = merged({}, params.get("metadata"))
    state.emit("customer.created", customer)
    return customer


@call("post", "/v1/customers/{customer}", " ".join(FIELDS))
def update(state: State, params: dict[str, Any], key: str) -> Resource:
    customer = state.get("customer", key)
    with state.updating("customer.updated", customer):
        assign(customer, params, *FIELDS)
    return customer


@call("delete", "/v1/customers/{customer}")
def delete(state: State, _params: dict[str, Any], key: str) -> Resource:
    customer = state.get("customer", key)
    for each in lifecycle.live_of(state, key):
        lifecycle.cancel(state, each)
    marker = {"id": key, "object": "customer", "deleted": True}
    state.table("customer")[key] = marker
    state.emit("customer.deleted", customer)
    return marker


@includes("customer", "subscriptions")
def subscriptions(state: State, customer: Resource) -> Resource:
    """The live subscriptions of a customer."""
    return page(lifecycle.live_of(state, customer["id"]), f"/v1/customers/{customer['id']}/subscriptions", {})
