"""`expand[]`: ids replaced by the resources they name, and fields that are only there when asked for."""

import copy
from collections.abc import Callable
from typing import Any

from . import shapes, spec
from .check import ABSENT
from .empty import Resource
from .errors import bad_request
from .state import State

MAX_DEPTH = 4

# (object, field) → how to compute what is absent by default.
INCLUDES: dict[tuple[str, str], Callable[[State, Resource], Any]] = {}


def expanded(state: State, answer: Resource, paths: list[str]) -> Resource:
    """A copy of the answer with every path expanded; raises 400 for what cannot be."""
    result = copy.deepcopy(answer)
    for path in paths:
        steps = path.split(".")
        if len(steps) - (steps[0] == "data") > MAX_DEPTH:
            raise bad_request("You cannot expand more than 4 levels of a property.", "expand")
        _walk(state, result, steps, path)
    return result


def _walk(state: State, node: Any, steps: list[str], path: str) -> None:
    if not steps or node is None:
        return
    if isinstance(node, list):
        for each in node:
            _walk(state, each, steps, path)
    elif isinstance(node, dict):
        _step(state, node, steps[0], path)
        _walk(state, node.get(steps[0]), steps[1:], path)


def _step(state: State, node: Resource, name: str, path: str) -> None:
    include = INCLUDES.get((node.get("object", ""), name))
    if include and name not in node:
        node[name] = copy.deepcopy(include(state, node))
    elif isinstance(node.get(name), str):
        node[name] = copy.deepcopy(_named(state, node, name, path))
    elif name not in node:
        raise bad_request(f"This property cannot be expanded ({path}).", "expand")


def _named(state: State, node: Resource, name: str, path: str) -> Resource:
    """The resource an id names, where the library's types say that the field may hold one."""
    typed = node.get("object") in spec.RESOURCES
    hint = spec.fields_of(spec.resource(node["object"])).get(name, Any) if typed else Any
    if typed and shapes.object_in(hint) is None:
        raise bad_request(f"This property cannot be expanded ({path}).", "expand")
    found = state.find(node[name])
    if found is None:
        raise bad_request(f"The loopback Stripe keeps no resource behind {path}.", "expand")
    return found


def includes(name: str, field: str) -> Callable[[Any], Any]:
    """Register how a field is computed that Stripe leaves out unless it is expanded."""
    if field not in ABSENT[name]:
        raise LookupError(f"{name}.{field} is always there")

    def register(function: Callable[[State, Resource], Any]) -> Callable[[State, Resource], Any]:
        INCLUDES[name, field] = function
        return function

    return register
