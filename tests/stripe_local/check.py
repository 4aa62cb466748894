"""The response checker: does an answer have exactly the fields and types the library declares?"""

import typing
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from . import shapes, spec

# What types cannot say: fields that Stripe leaves out unless asked for by `expand`, or in one state only.
# Null and absent differ: a StripeObject raises AttributeError for what is absent.
ABSENT: dict[str, frozenset[str]] = {
    "charge": frozenset({"refunds"}),
    "checkout.session": frozenset({"line_items"}),
    "customer": frozenset(
        {"cash_balance", "invoice_credit_balance", "sources", "subscriptions", "tax", "tax_ids"}
    ),
    "event": frozenset({"account", "context"}),  # only with connected accounts
    "Event.Data": frozenset({"previous_attributes"}),  # only on `.updated`
    "invoice": frozenset({"confirmation_secret", "payments"}),
    "price": frozenset({"currency_options", "tiers"}),
    "webhook_endpoint": frozenset({"secret"}),
}
ALWAYS_ABSENT = frozenset({"deleted"})
SCALARS: dict[Any, tuple[type, ...]] = {
    str: (str,),
    int: (int,),
    float: (int, float),
    bool: (bool,),
    Decimal: (str,),  # decimals travel as text
}


def may_be_absent(object_name: str) -> frozenset[str]:
    """The fields a resource may lack; a nested object goes by its class's qualified name."""
    return ALWAYS_ABSENT | ABSENT.get(object_name, frozenset())


def problems(resource: Any) -> list[str]:
    """Every way in which a resource (by its `object` field) departs from the library's classes; [] is right."""
    name = resource.get("object", "?")
    if name == "list":
        return list(_page(resource, None, "list"))
    if resource.get("deleted") is True:
        keys = set(resource)
        return [] if keys == {"id", "object", "deleted"} else [f"{name}: deleted, yet has {sorted(keys)}"]
    return list(_object(resource, spec.resource(name), name))


def _object(value: dict[str, Any], cls: type, path: str) -> Iterator[str]:
    fields = spec.fields_of(cls)
    absent = may_be_absent(str(getattr(cls, "OBJECT_NAME", cls.__qualname__)))
    yield from (f"{path}.{key}: unknown field" for key in value if key not in fields)
    yield from (f"{path}.{key}: missing" for key in fields if key not in value and key not in absent)
    for key in fields.keys() & value.keys():
        yield from _value(value[key], fields[key], f"{path}.{key}")


def _value(value: Any, hint: Any, path: str) -> Iterator[str]:
    """Nothing when one alternative fits; else what is wrong with the nearest."""
    choices = shapes.alternatives(hint)
    attempts = [list(_one(value, each, path)) for each in choices if _same_kind(value, each)]
    if not attempts:
        yield f"{path}: {value!r} is none of {choices}"
    elif all(attempts):
        yield from min(attempts, key=len)


def _same_kind(value: Any, hint: Any) -> bool:
    if value is None:
        return hint in (Any, type(None))
    if isinstance(value, dict):
        return hint is Any or shapes.is_object(hint) or shapes.is_map(hint) or shapes.is_page(hint)
    if isinstance(value, list):
        return hint is Any or typing.get_origin(hint) is list
    if shapes.literals(hint):
        return any(value is each or value == each for each in shapes.literals(hint))
    is_number_for_bool = isinstance(value, bool) != (hint is bool) and hint is not Any
    return hint is Any or (not is_number_for_bool and isinstance(value, SCALARS.get(hint, ())))


def _one(value: Any, hint: Any, path: str) -> Iterator[str]:
    if isinstance(value, list):
        for index, each in enumerate(value):
            yield from _value(each, shapes.item(hint), f"{path}[{index}]")
    elif isinstance(value, dict):
        yield from _mapping(value, hint, path)


def _mapping(value: dict[str, Any], hint: Any, path: str) -> Iterator[str]:
    if value.get("deleted") is True and "object" in value:
        yield from problems(value)
    elif shapes.is_page(hint):
        yield from _page(value, shapes.item(hint), path)
    elif shapes.is_object(hint):
        yield from _object(value, hint, path)
    elif shapes.is_map(hint):
        for key, each in value.items():
            yield from _value(each, shapes.item(hint), f"{path}[{key}]")


def _page(value: dict[str, Any], hint: Any, path: str) -> Iterator[str]:
    if set(value) != {"object", "data", "has_more", "url"}:
        yield f"{path}: not a page: {sorted(value)}"
    for index, each in enumerate(value.get("data", [])):
        found = _value(each, hint, f"{path}[{index}]") if hint else iter(problems(each))
        yield from found
