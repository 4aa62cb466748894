"""Stripe's form encoding: `items[0][price]=x` becomes {"items": {"0": {"price": "x"}}}."""

import re
from typing import Any
from urllib.parse import parse_qsl

from .errors import bad_request


def decode(text: str) -> dict[str, Any]:
    """The nested parameters of a query string or body; every leaf is text."""
    tree: dict[str, Any] = {}
    for name, value in parse_qsl(text, keep_blank_values=True):
        _put(tree, name, value)
    return tree


def _put(tree: dict[str, Any], name: str, value: str) -> None:
    first, *rest = re.findall(r"[^\[\]]+|(?<=\[)(?=\])", name) or [name]
    for step in rest:
        tree = tree.setdefault(first, {})
        if not isinstance(tree, dict):
            raise bad_request(f"Invalid parameter: {name}", name)
        first = step or str(len(tree))
    tree[first] = value
