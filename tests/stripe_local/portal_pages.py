"""The hosted portal page: cancel, resume, switch, another card, pay what is overdue."""

from datetime import UTC, datetime
from html import escape

from . import html, invoices, lifecycle, portal
from .checkout_pages import Page
from .empty import Resource
from .errors import Refusal, bad_request
from .state import State


def show(state: State, key: str, warning: str = "") -> Page:
    """The customer's subscriptions, and what the configuration lets them do. Changes nothing."""
    session = state.get("billing_portal.session", key)
    live = lifecycle.live_of(state, session["customer"])
    parts = [_subscription(state, session, each) for each in live] or [html.paragraph("No subscription.")]
    alert = f'<p role="alert">{warning}</p>' if warning else ""
    back = html.link(session["return_url"], "Back")
    return (
        402 if warning else 200,
        html.document("Your subscription", alert, *parts, *_rest(state, session), back),
        "",
    )


def act(state: State, key: str, form: dict[str, str]) -> Page:
    """What the customer chose; the page again, or back to the site."""
    session = state.get("billing_portal.session", key)
    try:
        warning = _do(state, session, form)
    except Refusal as refusal:
        words = html.paragraph(str(refusal))
        return refusal.status, html.document("Your subscription", words), ""
    return show(state, key, warning) if warning else (303, "", f"/p/session/{key}")


def _do(state: State, session: Resource, form: dict[str, str]) -> str:
    action = form.get("action", "")
    if action == "fix_card":
        portal.fix_card(state, session)
    elif action == "pay_invoice":
        return "" if portal.pay_open_invoice(state, session) else "Your card was declined."
    elif action in ("cancel", "resume", "switch"):
        _change(state, session, action, form)
    else:
        raise bad_request("Choose one of the buttons.")
    return ""


def _change(state: State, session: Resource, action: str, form: dict[str, str]) -> None:
    mine = lifecycle.live_of(state, session["customer"])
    subscription = next((each for each in mine if each["id"] == form.get("subscription")), None)
    if subscription is None:
        raise bad_request("No such subscription of yours.")
    if action == "cancel":
        portal.cancel(state, session, subscription)
    elif action == "resume":
        portal.resume(state, session, subscription)
    else:
        portal.switch(state, session, subscription, form.get("price", ""))


def _subscription(state: State, session: Resource, subscription: Resource) -> str:
    item = invoices.item_of(subscription)
    ends = subscription["cancel_at"]
    until = f"Ends on {_day(ends)}" if ends else f"Renews on {_day(item['current_period_end'])}"
    name = _name(state, item["price"])
    return "".join((f"<h2>{name}</h2>", html.paragraph(f"{subscription['status']}. {until}."))) + "".join(
        _buttons(state, session, subscription)
    )


def _buttons(state: State, session: Resource, subscription: Resource) -> list[str]:
    action, key = f"/p/session/{session['id']}", subscription["id"]
    found = []
    if portal.features_of(state, session)["subscription_cancel"]["enabled"]:
        chosen, words = (
            ("resume", "Resume") if subscription["cancel_at"] else ("cancel", "Cancel subscription")
        )
        found.append(html.button(action, words, action=chosen, subscription=key))
    current = invoices.item_of(subscription)["price"]["id"]
    for price in portal.offered_prices(state, session):
        if price["id"] != current:
            words = f"Switch to {_name(state, price)}"
            found.append(html.button(action, words, action="switch", subscription=key, price=price["id"]))
    return found


def _rest(state: State, session: Resource) -> list[str]:
    action, features = f"/p/session/{session['id']}", portal.features_of(state, session)
    found = []
    if features["payment_method_update"]["enabled"]:
        found.append(html.button(action, "Use another card, one that works", action="fix_card"))
    if features["invoice_history"]["enabled"]:
        for each in portal.overdue(state, session["customer"]):
            words = f"Pay invoice {each['number']}: {html.money(each['amount_due'], each['currency'])}"
            found.append(html.button(action, words, action="pay_invoice"))
    return found


def _name(state: State, price: Resource) -> str:
    product = state.get("product", price["product"])["name"]
    return f"{escape(product)}, {html.money(price['unit_amount'], price['currency'])} a {price['recurring']['interval']}"


def _day(moment: int) -> str:
    return datetime.fromtimestamp(moment, UTC).date().isoformat()
