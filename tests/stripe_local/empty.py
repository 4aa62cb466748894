"""Complete empty resources: every field that the library declares, null or zero."""

import typing
from decimal import Decimal
from typing import Any

from . import shapes, spec
from .check import may_be_absent

ZEROS: dict[Any, Any] = {str: "", int: 0, float: 0.0, bool: False, Decimal: "0", Any: None}
Resource = dict[str, Any]


def make(name: str, /, **fields: Any) -> Resource:
    """A resource with these fields; the others null, zero or empty. Raises KeyError for a field it lacks."""
    cls = spec.resource(name)
    for field in fields:
        spec.fields_of(cls)[field]
    absent = may_be_absent(name)
    return {k: v for k, v in _object(cls).items() if k not in absent} | fields


def nested(name: str, field: str, given: Resource) -> Resource:
    """The object in a resource's field, with what was given and nulls for the rest, at every depth."""
    cls = shapes.object_in(spec.fields_of(spec.resource(name))[field])
    return _filled(cls, given) if cls else given


def _filled(cls: type, given: Resource) -> Resource:
    fields = spec.fields_of(cls)
    return _object(cls) | {k: _deep(fields[k], v) for k, v in given.items() if k in fields}


def _deep(hint: Any, value: Any) -> Any:
    if isinstance(value, list):
        inner = next((shapes.item(each) for each in shapes.alternatives(hint) if each is not None), None)
        return [_deep(inner, each) for each in value]
    cls = shapes.object_in(hint)
    return _filled(cls, value) if cls and isinstance(value, dict) else (None if value == "" else value)


def _object(cls: type) -> Resource:
    return {name: _zero(hint) for name, hint in spec.fields_of(cls).items()}


def _zero(hint: Any) -> Any:
    choices = shapes.alternatives(hint)
    if any(shapes.is_null(each) for each in choices):
        return None
    first = choices[0]
    if shapes.literals(first):
        return shapes.literals(first)[0]
    if shapes.is_page(first):
        return {"object": "list", "data": [], "has_more": False, "url": ""}
    if shapes.is_object(first):
        return _object(first)
    return [] if typing.get_origin(first) is list else ({} if shapes.is_map(first) else ZEROS[first])
