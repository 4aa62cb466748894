"""Webhook endpoints and the events that were."""

import secrets
from typing import Any

import stripe

from .calls import PAGING, call, lists, retrieves
from .empty import Resource
from .errors import bad_request
from .lists import page
from .state import State, assign, merged

PATH = "/v1/webhook_endpoints"
SUCCEEDED = "delivery_success"

retrieves("event", "/v1/events/{id}")
retrieves("webhook_endpoint", PATH + "/{webhook_endpoint}")
lists("webhook_endpoint", PATH)


@call("post", PATH, "url enabled_events api_version description metadata")
def create(state: State, params: dict[str, Any]) -> Resource:
    endpoint = add(state, params["url"], params["enabled_events"], f"whsec_{secrets.token_hex(16)}")
    endpoint["api_version"] = params.get("api_version")
    endpoint["metadata"] = merged({}, params.get("metadata"))
    assign(endpoint, params, "description")
    # The one answer that carries the secret.
    return endpoint | {"secret": state.outbox.secrets[endpoint["id"]]}


def add(state: State, url: str, events: list[str], secret: str) -> Resource:
    """An endpoint with a secret of the caller's choice, for the command line and for fixtures."""
    if not url.startswith(("http://", "https://")):
        raise bad_request(
            "Invalid URL: An explicit scheme (such as https) must be provided.", "url", "url_invalid"
        )
    if not events:
        raise bad_request("You must enable at least one event.", "enabled_events")
    made = state.add("webhook_endpoint", "we", url=url, enabled_events=events, status="enabled")
    made["api_version"] = stripe.api_version
    state.outbox.secrets[made["id"]] = secret
    return made


@call("post", PATH + "/{webhook_endpoint}", "url enabled_events description metadata disabled")
def update(state: State, params: dict[str, Any], key: str) -> Resource:
    endpoint = state.get("webhook_endpoint", key)
    assign(endpoint, params, "url", "enabled_events", "description", "metadata")
    if "disabled" in params:
        endpoint["status"] = "disabled" if params["disabled"] else "enabled"
    return endpoint


@call("delete", PATH + "/{webhook_endpoint}")
def delete(state: State, _params: dict[str, Any], key: str) -> Resource:
    marker = {"id": state.get("webhook_endpoint", key)["id"], "object": "webhook_endpoint", "deleted": True}
    state.table("webhook_endpoint")[key] = marker
    return marker


@call("get", "/v1/events", PAGING + "created type types delivery_success")
def list_events(state: State, params: dict[str, Any]) -> Resource:
    if "type" in params and "types" in params:
        raise bad_request("You may only specify one of type and types.", "types")
    found = state.all("event")
    if "types" in params:
        found = [each for each in found if each["type"] in params["types"]]
    if SUCCEEDED in params:
        found = [each for each in found if (each["pending_webhooks"] == 0) == params[SUCCEEDED]]
    return page(found, "/v1/events", params, ("created", "type"))
