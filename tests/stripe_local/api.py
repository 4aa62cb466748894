"""One API call from text to answer: key, version, parameters, idempotency, the handler, and the check of its answer."""

import json
import secrets
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

import stripe

# Importing them registers their calls.
from . import (
    catalogue,
    check,
    customers,
    endpoints,
    payments,
    portal,
    sessions,
    spec,
    subscriptions,
    validate,
)
from . import clock as clock_module
from .calls import HANDLERS
from .errors import Refusal, not_modelled
from .expand import expanded
from .forms import decode
from .state import State

MODELLED = (catalogue, customers, endpoints, payments, portal, sessions, subscriptions)
KEYS_LIVE = 24 * 3600  # seconds, by the stand-in's clock


@dataclass(frozen=True)
class Request:
    """A call as it came over the wire; `form` is the query of a GET or DELETE, the body of a POST."""

    verb: str
    path: str
    form: str
    authorization: str = ""
    version: str = ""
    key: str = ""


@dataclass(frozen=True)
class Answer:
    """What goes back, and the id under which the call is known."""

    status: int
    body: dict[str, Any]
    request_id: str
    replayed: bool = False


def answer(state: State, request: Request) -> Answer:
    """Do the call; every refusal becomes an answer in Stripe's shape."""
    request_id = f"req_{secrets.token_hex(7)}"
    with state.lock:
        try:
            clock_module.work_off(state, state.now())
            return _answer(state, request, request_id)
        except Refusal as refusal:
            return Answer(refusal.status, refusal.body(), request_id)
        finally:
            state.request = None


def _answer(state: State, request: Request, request_id: str) -> Answer:
    _check_headers(request)
    operation = spec.match(request.verb, request.path)
    if operation is None:
        words = f"Unrecognized request URL ({request.verb.upper()}: {request.path})."
        raise Refusal(404, words)
    if (operation.verb, operation.path) not in HANDLERS:
        raise not_modelled(f"{operation.verb.upper()} {operation.path}")
    tree = decode(request.form)
    kept = _kept(state, request, tree)
    if kept:
        return Answer(kept["status"], kept["body"], request_id, replayed=True)
    state.request = {"id": request_id, "idempotency_key": request.key or None}
    status, body = _perform(state, request, operation, tree)
    _keep(state, request, tree, status, body)
    return Answer(status, body, request_id)


def _check_headers(request: Request) -> None:
    scheme, _, key = request.authorization.partition(" ")
    if scheme != "Bearer" or not key.startswith("sk_test_"):
        shown = f"{key[:8]}…" if key else "none"
        raise Refusal(401, f"Invalid API Key provided: {shown}. Only sk_test_ keys are taken here.")
    if request.version and request.version != stripe.api_version:
        raise not_modelled(f"the API version {request.version}")


def _perform(
    state: State, request: Request, operation: spec.Operation, tree: dict[str, Any]
) -> tuple[int, dict[str, Any]]:
    handler, takes = HANDLERS[operation.verb, operation.path]
    params = validate.params(operation, tree)
    validate.modelled(params, takes)
    hit = operation.pattern.match(request.path)
    ids = [unquote(each) for each in hit.groups()] if hit else []
    try:
        body = handler(state, params, *ids)
    except Refusal as refusal:
        if refusal.status != 402:
            raise
        # Unlike a bad request, a refused card is the lasting result of a call.
        return refusal.status, refusal.body()
    return 200, _checked(json.loads(json.dumps(expanded(state, body, params.get("expand", [])))))


def _checked(body: dict[str, Any]) -> dict[str, Any]:
    """The answer itself; an answer that Stripe's own library does not describe is our defect: 500, loudly."""
    wrong = check.problems(body)
    if wrong:
        raise Refusal(500, f"The loopback Stripe answered in a wrong shape: {wrong[:5]}", kind="api_error")
    return body


def _kept(state: State, request: Request, tree: dict[str, Any]) -> dict[str, Any] | None:
    """The first answer under this idempotency key; raises when the call was another one."""
    kept = state.answers.get(request.key) if request.verb == "post" and request.key else None
    if kept is None or kept["at"] + KEYS_LIVE < state.now():
        return None
    if kept["call"] != (request.path, tree):
        words = (
            "Keys for idempotent requests can only be used with the same parameters they were first used with."
            f" Try using a key other than '{request.key}' if you meant to execute a different request."
        )
        raise Refusal(400, words, kind="idempotency_error")
    return dict(kept)


def _keep(state: State, request: Request, tree: dict[str, Any], status: int, body: dict[str, Any]) -> None:
    if request.verb == "post" and request.key:
        kept = {"call": (request.path, tree), "status": status, "body": body, "at": state.now()}
        state.answers[request.key] = kept
