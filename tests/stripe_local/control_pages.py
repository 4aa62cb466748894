"""`/_control/…`: the control interface for other processes, and a page of buttons for a demo."""

import inspect
import json
from datetime import UTC, datetime
from html import escape
from typing import Any

from . import html
from .control import Control
from .errors import Refusal, bad_request
from .faults import Fault

ROOT = "/_control/"


def run(control: Control, name: str, given: dict[str, Any]) -> Any:
    """Call a public method of the control interface with JSON or form values."""
    if name.startswith("_") or not callable(method := getattr(Control, name, None)):
        raise Refusal(404, f"No such control: {name}")
    kinds = {each.name: each.annotation for each in inspect.signature(method).parameters.values()}
    if unknown := set(given) - set(kinds) | set(given) & {"self"}:
        raise bad_request(f"Unknown argument: {', '.join(sorted(unknown))}")
    try:
        result = getattr(control, name)(**{k: int(v) if kinds[k] is int else v for k, v in given.items()})
    except (ValueError, TypeError) as error:
        raise bad_request(str(error)) from error
    return f"{result.kind} waits" if isinstance(result, Fault) else result


def arguments(kind: str, body: str) -> dict[str, Any]:
    """The arguments in a request's body: JSON, or the form of the demo page."""
    if "json" not in kind:
        from .forms import decode

        return decode(body)
    try:
        given = json.loads(body or "{}")
    except ValueError as error:
        raise bad_request("The body is not JSON.") from error
    if not isinstance(given, dict):
        raise bad_request("The body is not a JSON object.")
    return given


def panel(control: Control) -> str:
    """The demo's page."""
    at = datetime.fromtimestamp(control.now(), UTC).strftime("%Y-%m-%d %H:%M UTC")
    return html.document(
        "Stripe stand-in",
        html.paragraph(f"Its clock shows {at}."),
        html.button(ROOT + "advance", "A day passes", days="1"),
        html.button(ROOT + "advance", "31 days pass", days="31"),
        html.button(ROOT + "fail_renewals", "From now on every card is refused"),
        html.button(ROOT + "repair_card", "Every customer has a good card again"),
        html.button(ROOT + "webhooks", "Webhooks: lose them", mode="drop"),
        html.button(ROOT + "webhooks", "Webhooks: hold them", mode="hold"),
        html.button(ROOT + "webhooks", "Webhooks: send them", mode="auto"),
        html.button(ROOT + "fail_next", "The next ten calls fail", times="10"),
        html.button(ROOT + "release", "No more failures"),
        _deliveries(control),
    )


def _deliveries(control: Control) -> str:
    rows = [f"{each['type']}: {each['state']} {each['answers']}" for each in control.deliveries()[-20:][::-1]]
    items = "".join(f"<li>{escape(each)}</li>" for each in rows)
    return f"<h2>Latest webhooks</h2><ul>{items}</ul>"
