"""The OpenAPI 3.1 document of API v2, made from the calls themselves; docs/openapi.json is a copy of it."""

from functools import lru_cache
from itertools import groupby
from typing import Any

import msgspec
from django.urls import URLPattern

from secrets_app.problems import PROBLEMS
from secrets_app.v2_bodies import ProblemBody
from secrets_app.v2_call import Body, Operation, operations

PREFIX = "/api/v2/"

DESCRIPTION = """\
Secrets that open once, end to end: content travels only as an envelope that the server cannot open. \
docs/format.md in the source describes links and envelopes to the last byte, with test vectors. \
Binary values are unpadded base64url, times RFC 3339 in UTC, durations seconds. \
Calls are anonymous, or an account's with `Authorization: Bearer` and an API token."""

#: Path parameters by the name of their converter.
PATH_TYPES: dict[str, dict[str, Any]] = {
    "secret_id": {
        "type": "string",
        "pattern": "^[0-9a-f]{32}$",
        "example": "c1704c6dbcaa0068cd5ac0dea05ef637",
    },
    "segment": {"type": "integer", "minimum": 0, "maximum": 999_999, "example": 0},
    "key": {"type": "string", "pattern": "^[0-9A-Za-z]{31}$", "example": "zyxwvutsrqponmlkjihgfedcba98765"},
}

PARAMETERS: dict[str, dict[str, Any]] = {
    "Idempotency-Key": {
        "name": "Idempotency-Key",
        "in": "header",
        "description": "A text of your own. The same key with the same body answers the same receipt.",
        "schema": {"type": "string", "pattern": "^[!-~]{1,255}$"},
    },
    "Upload-Key": {
        "name": "Upload-Key",
        "in": "header",
        "required": True,
        "description": "The `upload` that the upload was begun with.",
        "schema": {"type": "string", "pattern": "^[A-Za-z0-9_-]{22}$"},
    },
    "cursor": {
        "name": "cursor",
        "in": "query",
        "description": "The `next` of the page before.",
        "schema": {"type": "string", "pattern": "^[A-Za-z0-9_-]{32}$"},
    },
    "limit": {
        "name": "limit",
        "in": "query",
        "description": "How many, 50 if not given.",
        "schema": {"type": "integer", "minimum": 1, "maximum": 100},
    },
}

LIMIT_HEADERS = {
    "RateLimit-Policy": {"description": "The limits: q calls in w seconds.", "schema": {"type": "string"}},
    "RateLimit": {"description": "r calls are left for t seconds.", "schema": {"type": "string"}},
}
BYTES = {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}
RETRY_AFTER = {"Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer"}}}


@lru_cache(maxsize=1)
def document() -> bytes:
    """The document as JSON, two spaces deep, ending in a line end."""
    return msgspec.json.format(msgspec.json.encode(build()), indent=2) + b"\n"


def build() -> dict[str, Any]:
    from secrets_app.urls_api_v2 import urlpatterns

    found = [(pattern, described) for pattern in urlpatterns if (described := _operations(pattern))]
    return {
        "openapi": "3.1.0",
        "info": {"title": "Onetime Secret API", "version": "2", "description": DESCRIPTION},
        "servers": [{"url": "/"}],
        "paths": dict(_path(pattern, described) for pattern, described in found),
        "components": {
            "schemas": _schemas([operation for _pattern, described in found for operation in described]),
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _operations(pattern: URLPattern) -> list[Operation]:
    """What a view says of itself; this document's own address is left out of it."""
    return [operation for operation in operations(pattern.callback) if operation.gives]


def _path(pattern: URLPattern, described: list[Operation]) -> tuple[str, dict[str, Any]]:
    route = str(pattern.pattern)
    converters: dict[str, Any] = pattern.pattern.converters
    parameters: list[dict[str, Any]] = []
    for name, converter in converters.items():
        kind = next(kind for kind in PATH_TYPES if f"<{kind}:{name}>" in route)
        assert converter is not None  # noqa: S101 - the route and its converters come from one pattern
        route = route.replace(f"<{kind}:{name}>", f"{{{name}}}")
        parameters.append({"name": name, "in": "path", "required": True, "schema": PATH_TYPES[kind]})
    name = str(pattern.name).removeprefix("api-v2-")
    names = [name, *(f"{operation.method.lower()}-{name}" for operation in described[1:])]
    return PREFIX + route, {
        operation.method.lower(): _describe(pattern, name, operation, parameters)
        for name, operation in zip(names, described, strict=True)
    }


def _describe(
    pattern: URLPattern, name: str, operation: Operation, in_path: list[dict[str, Any]]
) -> dict[str, Any]:
    parameters = in_path + [PARAMETERS[name] for name in operation.parameters]
    described: dict[str, Any] = {
        "operationId": name,
        "summary": operation.summary,
        "security": [{"token": []}] if operation.needs_account else [{}, {"token": []}],
    }
    if parameters:
        described["parameters"] = parameters
    if operation.takes is not None:
        described["requestBody"] = {"required": True, "content": _content(operation.takes)}
    answers = {str(status): _answer(kind) for status, kind in operation.gives.items()}
    return described | {"responses": answers | _problems(operation, bool(pattern.pattern.converters))}


def _json(name: str, media_type: str = "application/json") -> dict[str, Any]:
    return {media_type: {"schema": {"$ref": f"#/components/schemas/{name}"}}}


def _content(kind: Body) -> dict[str, Any]:
    return dict(BYTES) if kind is bytes else _json(kind.__name__)


def _answer(kind: Body | None) -> dict[str, Any]:
    if kind is None:
        return {"description": "Done.", "headers": LIMIT_HEADERS}
    content = _content(kind)
    if kind.__name__ == "Opened":
        content |= BYTES
    return {"description": _first_line(kind), "headers": LIMIT_HEADERS, "content": content}


def _first_line(kind: Body) -> str:
    if kind is bytes:
        return "The bytes themselves."
    return (kind.__doc__ or kind.__name__).strip().partition("\n")[0]


def problems_of(operation: Operation, *, named: bool) -> set[str]:
    """The problems that a call may answer with; `named`: its address has a key or an id in it."""
    names = {"not-authorized", "plan-without-api", "rate-limited", *operation.refuses}
    if operation.takes is not None:
        names |= {"bad-request", "content-too-large", "unsupported-media-type"}
    if operation.takes is bytes:
        names -= {"content-too-large"}
    if operation.parameters:
        names |= {"bad-request"}
    if operation.method != "GET":
        names |= {"forbidden"}
    return names | {"not-found"} if named else names


def _problems(operation: Operation, named: bool) -> dict[str, Any]:
    ordered = sorted(problems_of(operation, named=named), key=list(PROBLEMS).index)
    by_status = groupby(ordered, key=lambda name: PROBLEMS[name].status)
    return {str(status): _problem(status, list(names)) for status, names in by_status}


def _problem(status: int, names: list[str]) -> dict[str, Any]:
    described: dict[str, Any] = {
        "description": "; ".join(f"`/api#{name}`" for name in names),
        "content": _json("ProblemBody", "application/problem+json"),
    }
    if status == PROBLEMS["rate-limited"].status:
        described["headers"] = LIMIT_HEADERS | RETRY_AFTER
    return described


def _schemas(operations: list[Operation]) -> dict[str, Any]:
    named: dict[str, Body] = {"ProblemBody": ProblemBody}
    for operation in operations:
        kinds = (operation.takes, *operation.gives.values())
        named |= {kind.__name__: kind for kind in kinds if kind is not None and kind is not bytes}
    ordered = [named[name] for name in sorted(named)]
    _roots, schemas = msgspec.json.schema_components(ordered, ref_template="#/components/schemas/{name}")
    return dict(sorted(schemas.items()))
