"""The request validator: text from a form becomes typed values, or Stripe's 400."""

import re
import typing
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Any

from typing_extensions import is_typeddict

from . import shapes, spec
from .errors import Refusal, bad_request, not_modelled

SCALARS: dict[Any, tuple[str, Callable[[str], Any]]] = {
    int: (r"-?\d{1,18}", int),
    bool: (r"true|false", lambda text: text == "true"),
    float: (r"-?\d+(\.\d+)?", float),
    Decimal: (r"-?\d+(\.\d+)?", Decimal),
    str: (r"[\s\S]+", str),
}


def params(operation: spec.Operation, tree: dict[str, Any]) -> dict[str, Any]:
    """The typed parameters of a call; raises the 400 that Stripe would answer."""
    typed_dict = spec.params_of(operation)
    return _typed(tree, typed_dict, "") if typed_dict else _nothing(tree)


def modelled(given: Any, takes: frozenset[str], name: str = "") -> None:
    """Raise 501 for a parameter that Stripe takes but no handler here reads: silence would be a lie."""
    for each in given if isinstance(given, list) else ():
        modelled(each, takes, name)
    for key, value in given.items() if isinstance(given, dict) else ():
        full = f"{name}.{key}" if name else key
        if full in takes or full == "expand":
            continue
        if not any(each.startswith(full + ".") for each in takes):
            raise not_modelled(f"the parameter {full}")
        modelled(value, takes, full)


def _nothing(tree: dict[str, Any]) -> dict[str, Any]:
    for name in tree:
        raise _unknown(name)
    return {}


def _unknown(name: str) -> Refusal:
    return bad_request(f"Received unknown parameter: {name}", name, "parameter_unknown")


def _typed(tree: dict[str, Any], typed_dict: type, name: str) -> dict[str, Any]:
    hints, required = spec.keys_of(typed_dict)
    for key in tree:
        if key not in hints:
            raise _unknown(_join(name, key))
    for key in sorted(required - tree.keys()):
        full = _join(name, key)
        raise bad_request(f"Missing required param: {full}.", full, "parameter_missing")
    return {key: _value(text, hints[key], _join(name, key)) for key, text in tree.items()}


def _join(name: str, key: str) -> str:
    return f"{name}[{key}]" if name else key


def _value(given: Any, hint: Any, name: str) -> Any:
    """The first alternative that fits. Objects are tried last, so that their own refusal is the one shown."""
    choices = shapes.alternatives(hint)
    nested = [each for each in choices if _is_nested(each)]
    if isinstance(given, dict) and nested:
        return _nested(given, nested[0], name)
    for choice in choices:
        if isinstance(given, str) and (found := _scalar(given, choice)) is not None:
            return found
    raise _misfit(given, choices, name)


def _is_nested(hint: Any) -> bool:
    return typing.get_origin(hint) is list or shapes.is_map(hint) or is_typeddict(hint)


def _nested(given: dict[str, Any], hint: Any, name: str) -> Any:
    if typing.get_origin(hint) is list:
        if not all(key.isdigit() for key in given):
            raise bad_request("Invalid array", name)
        ordered = sorted(given.items(), key=lambda pair: int(pair[0]))
        return [_value(each, shapes.item(hint), f"{name}[{key}]") for key, each in ordered]
    if shapes.is_map(hint):
        # An empty value unsets a key of a map, so it is let through.
        return {k: v if v == "" else _value(v, shapes.item(hint), _join(name, k)) for k, v in given.items()}
    return _typed(given, hint, name)


def _scalar(text: str, hint: Any) -> Any:
    if text in shapes.literals(hint):
        return text
    pattern, make = SCALARS.get(hint, (r"(?!)", str))
    try:
        return make(text) if re.fullmatch(pattern, text) else None
    except InvalidOperation:
        return None


def _misfit(given: Any, choices: list[Any], name: str) -> Refusal:
    if given == "":
        words = f"You passed an empty string for '{name}'. It cannot be unset."
        return bad_request(words, name, "parameter_invalid_empty")
    allowed = [value for each in choices for value in shapes.literals(each) if value]
    if allowed:
        return bad_request(f"Invalid {name}: must be one of {', '.join(allowed)}", name)
    if int in choices:
        return bad_request(f"Invalid integer: {given}", name, "parameter_invalid_integer")
    return bad_request(f"Invalid value for {name}", name)
