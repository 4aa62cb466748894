"""What the installed `stripe` package says about Stripe's API, read at run time.

Each `_*_service.py` names verb, path and parameter type of every call; each resource class lists its
fields and whether they may be null. Nothing is copied: after an upgrade, what was removed is missing here.
"""

import ast
import re
import typing
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from typing import Any

import stripe
from stripe._object_classes import OBJECT_CLASSES
from stripe._request_options import RequestOptions

PACKAGE = Path(stripe.__file__).parent
RESOURCES = frozenset(OBJECT_CLASSES)


@dataclass(frozen=True)
class Operation:
    """One call: `params` is (module, TypedDict name), or None when it takes none."""

    verb: str
    path: str
    params: tuple[str, str] | None

    @property
    def pattern(self) -> re.Pattern[str]:
        """Matches a request path; the placeholders are its named groups."""
        return re.compile(re.sub(r"\\?\{(\w+)\\?\}", r"(?P<\1>[^/]+)", self.path) + "$")


@lru_cache(maxsize=1)
def operations() -> dict[tuple[str, str], Operation]:
    """Every call of API v1 by (verb, path)."""
    found = [each for file in PACKAGE.glob("**/_*_service.py") for each in _operations_in(file)]
    return {(each.verb, each.path): each for each in found if each.path.startswith("/v1/")}


@lru_cache(maxsize=256)
def match(verb: str, path: str) -> Operation | None:
    """The call that Stripe would understand this request as; a literal path wins over a placeholder."""
    hits = [each for each in operations().values() if each.verb == verb and each.pattern.match(path)]
    return min(hits, key=lambda each: each.path.count("{"), default=None)


def _operations_in(file: Path) -> Iterator[Operation]:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    imports = _imports(tree)
    for function in (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)):
        call = next((node for node in ast.walk(function) if _is_request(node)), None)
        if isinstance(call, ast.Call):
            name = _params_name(function)
            params = (imports[name][0], imports[name][1]) if name in imports else None
            yield Operation(_text(call.args[0]), _text(call.args[1]), params)


def _is_request(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "_request"
    )


def _text(node: ast.expr) -> str:
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        node = node.func.value
    return str(node.value) if isinstance(node, ast.Constant) else ""


def _params_name(function: ast.FunctionDef) -> str:
    hint = next((each.annotation for each in function.args.args if each.arg == "params"), None)
    return re.sub(r"Optional\[|\]|['\"]", "", ast.unparse(hint)) if hint else ""


def _imports(tree: ast.AST) -> dict[str, tuple[str, str]]:
    """Imported name → (module, original name), those under TYPE_CHECKING too."""
    found = (node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module)
    return {name.asname or name.name: (str(node.module), name.name) for node in found for name in node.names}


@lru_cache(maxsize=512)
def params_of(operation: Operation) -> type | None:
    """The TypedDict of an operation's parameters."""
    if operation.params is None:
        return None
    module, name = operation.params
    return typing.cast("type", getattr(import_module(module), name))


@lru_cache(maxsize=2048)
def keys_of(typed_dict: type) -> tuple[dict[str, Any], frozenset[str]]:
    """(every key with its type, the required ones), without the library's own request options."""
    own = vars(typed_dict)["__annotations__"]
    ours = _hints({n: h for n, h in own.items() if n not in RequestOptions.__annotations__}, typed_dict)
    required: frozenset[str] = getattr(typed_dict, "__required_keys__", frozenset())
    return ours, required & frozenset(ours)


@lru_cache(maxsize=512)
def resource(name: str) -> type:
    """The class of a resource, by the value of its `object` field."""
    module, cls = OBJECT_CLASSES[name]
    return typing.cast("type", getattr(import_module(module), cls))


@lru_cache(maxsize=2048)
def fields_of(cls: type) -> dict[str, Any]:
    """Every field of a resource class, or of an object nested in one, with its type."""
    own = vars(cls).get("__annotations__", {})
    return _hints({n: h for n, h in own.items() if typing.get_origin(h) is not typing.ClassVar}, cls)


def _hints(annotations: dict[str, Any], cls: type) -> dict[str, Any]:
    holder = type("Holder", (), {"__annotations__": annotations})
    return typing.get_type_hints(holder, globalns=_namespace(cls.__module__))


@lru_cache(maxsize=512)
def _namespace(module: str) -> dict[str, Any]:
    """The names a module's annotations may use: its own, and those it imports for type checkers only."""
    loaded = import_module(module)
    tree = ast.parse(Path(str(loaded.__file__)).read_text(encoding="utf-8"))
    wanted = {
        n: at for n, at in _imports(tree).items() if at[0].startswith("stripe") and ".params" not in at[0]
    }
    return {n: getattr(import_module(at[0]), at[1]) for n, at in wanted.items()} | vars(loaded)
