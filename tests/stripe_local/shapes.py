"""Reading the types of the specification: alternatives, enumerations, and the objects they name."""

import types
import typing
from typing import Any

from stripe import ListObject
from stripe._stripe_object import StripeObject, UntypedStripeObject


def alternatives(hint: Any) -> list[Any]:
    """The members of a union, flat. The `| str` that only widens an enumeration is dropped."""
    if typing.get_origin(hint) not in (typing.Union, types.UnionType):
        return [hint]
    members = [deep for each in typing.get_args(hint) for deep in alternatives(each)]
    named = any(value != "" for each in members for value in literals(each) if isinstance(value, str))
    return [each for each in members if not (named and each is str)]


def literals(hint: Any) -> tuple[Any, ...]:
    """The values of a `Literal`, else nothing."""
    return typing.get_args(hint) if typing.get_origin(hint) is typing.Literal else ()


def is_null(hint: Any) -> bool:
    return hint is type(None)


def is_object(hint: Any) -> bool:
    """A resource, or an object nested in one, with named fields."""
    untyped = (StripeObject, UntypedStripeObject, ListObject)
    return isinstance(hint, type) and issubclass(hint, StripeObject) and hint not in untyped


def is_map(hint: Any) -> bool:
    """An object with free keys, such as `metadata`."""
    return typing.get_origin(hint) in (dict, UntypedStripeObject) or hint in (
        StripeObject,
        UntypedStripeObject,
    )


def is_page(hint: Any) -> bool:
    """Stripe's list object."""
    return typing.get_origin(hint) is ListObject


def item(hint: Any) -> Any:
    """The type inside a list, a page or a map (the last type argument)."""
    return (typing.get_args(hint) or (Any,))[-1]


def object_in(hint: Any) -> type | None:
    """The object type among the alternatives: what an id may be expanded to, or what is nested."""
    return next((each for each in alternatives(hint) if is_object(each)), None)
