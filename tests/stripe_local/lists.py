"""Stripe's pages: newest first, cut by cursor, with `has_more`."""

from collections.abc import Callable, Iterable
from typing import Any

from .empty import Resource
from .errors import bad_request

COMPARE: dict[str, Callable[[int, int], bool]] = {
    "gt": lambda a, b: a > b,
    "gte": lambda a, b: a >= b,
    "lt": lambda a, b: a < b,
    "lte": lambda a, b: a <= b,
}


def page(
    found: Iterable[Resource], url: str, params: dict[str, Any], filters: Iterable[str] = ()
) -> Resource:
    """One page of resources given oldest first."""
    kept = [each for each in found if all(_fits(each, name, params) for name in filters)]
    limit = params.get("limit", 10)
    if not 1 <= limit <= 100:
        raise bad_request("Invalid integer: limit must be between 1 and 100", "limit")
    data, has_more = _cut(kept[::-1], limit, params)
    return {"object": "list", "data": data, "has_more": has_more, "url": url}


def _fits(resource: Resource, name: str, params: dict[str, Any]) -> bool:
    wanted = params.get(name)
    if wanted is None:
        return True
    actual = resource.get(name)
    if isinstance(wanted, dict):
        return all(COMPARE[op](int(actual or 0), bound) for op, bound in wanted.items())
    return bool(actual == wanted)


def _cut(newest: list[Resource], limit: int, params: dict[str, Any]) -> tuple[list[Resource], bool]:
    if "ending_before" in params:
        before = newest[: _position(newest, params, "ending_before")]
        return before[-limit:], len(before) > limit
    start = _position(newest, params, "starting_after") + 1 if "starting_after" in params else 0
    return newest[start : start + limit], len(newest) > start + limit


def _position(newest: list[Resource], params: dict[str, Any], name: str) -> int:
    for index, each in enumerate(newest):
        if each["id"] == params[name]:
            return index
    raise bad_request(f"No such object: '{params[name]}'", name, "resource_missing")
