"""Refusals in the shape Stripe gives them."""

from typing import Any


class Refusal(Exception):
    """An answer other than 200: `status` is the HTTP status, the rest is Stripe's error object."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        code: str | None = None,
        param: str | None = None,
        kind: str = "invalid_request_error",
        **more: Any,
    ) -> None:
        super().__init__(message)
        self.status = status
        known = {"type": kind, "message": message, "code": code, "param": param, **more}
        self.error = {name: value for name, value in known.items() if value is not None}

    def body(self) -> dict[str, Any]:
        """The JSON body."""
        return {"error": self.error}


def bad_request(message: str, param: str | None = None, code: str | None = None) -> Refusal:
    """400: the request can never succeed as it is."""
    return Refusal(400, message, code=code, param=param)


def missing(name: str, key: str, param: str, *, in_path: bool) -> Refusal:
    """`resource_missing`: 404 when the URL names it, 400 when a parameter does, as Stripe answers."""
    words = name.replace(".", " ").replace("_", " ")
    status = 404 if in_path else 400
    return Refusal(status, f"No such {words}: '{key}'", code="resource_missing", param=param)


def not_modelled(what: str) -> Refusal:
    """501: Stripe knows it, this stand-in does not. Never guess an answer."""
    return Refusal(501, f"The loopback Stripe does not model {what}.", kind="api_error", code="not_modelled")
