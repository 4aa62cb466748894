"""The calls this stand-in models: (verb, path) → handler, and the parameters that the handler really reads."""

from collections.abc import Callable
from typing import Any

from .empty import Resource
from .lists import page
from .state import State

Handler = Callable[..., Resource]
HANDLERS: dict[tuple[str, str], tuple[Handler, frozenset[str]]] = {}
PAGING = "limit starting_after ending_before "


def call(verb: str, path: str, takes: str = "") -> Callable[[Handler], Handler]:
    """Register `handler(state, params, *ids in the path)`; `takes` names parameters, dotted when nested."""

    def register(handler: Handler) -> Handler:
        HANDLERS[verb, path] = (handler, frozenset(takes.split()))
        return handler

    return register


def retrieves(name: str, path: str) -> None:
    """Model the plain `retrieve` of a resource."""

    def retrieve(state: State, _params: dict[str, Any], key: str) -> Resource:
        return state.get(name, key, deleted=True)

    call("get", path)(retrieve)


def lists(name: str, path: str, filters: str = "") -> None:
    """Model the plain `list` of a resource, with equality filters (and ranges of `created`)."""

    def listing(state: State, params: dict[str, Any]) -> Resource:
        return page(state.all(name), path, params, filters.split())

    call("get", path, PAGING + filters)(listing)
