"""The hosted Checkout page: pay, be declined, pay with a card that fails later, or go back."""

from . import html, sessions
from .empty import Resource
from .state import State

Page = tuple[int, str, str]  # (status, HTML, address to go to or "")


def show(state: State, key: str) -> Page:
    """The page of an open session; 410 for one that is over. Shows, and changes nothing."""
    session = state.get("checkout.session", key)
    if session["status"] != "open":
        words = f"This checkout is {session['status']}."
        return (
            410,
            html.document("Checkout", html.paragraph(words), html.link(session["cancel_url"], "Back")),
            "",
        )
    return 200, _open_page(state, session, ""), ""


def act(state: State, key: str, form: dict[str, str]) -> Page:
    """What the visitor chose: "pay", "pay_then_fail" or "decline"."""
    session, chosen = state.get("checkout.session", key), form.get("outcome", "")
    if session["status"] != "open":
        return show(state, key)
    if chosen == "decline":
        sessions.decline(state, session)
        return 402, _open_page(state, session, "Your card was declined."), ""
    if chosen not in ("pay", "pay_then_fail"):
        return 400, html.document("Checkout", html.paragraph("Choose one of the buttons.")), ""
    sessions.pay(state, session, "good" if chosen == "pay" else "fails_later")
    return 303, "", session["success_url"].replace("{CHECKOUT_SESSION_ID}", key)


def _open_page(state: State, session: Resource, warning: str) -> str:
    action = f"/c/pay/{session['id']}"
    return html.document(
        "Checkout",
        *[html.paragraph(each) for each in _lines(state, session)],
        f'<p role="alert">{warning}</p>' if warning else "",
        html.button(action, "Pay", outcome="pay"),
        html.button(action, "Pay, but later renewals fail", outcome="pay_then_fail"),
        html.button(action, "Pay with a card that is declined", outcome="decline"),
        html.link(session["cancel_url"], "Back without paying"),
    )


def _lines(state: State, session: Resource) -> list[str]:
    found = sessions.line_items(state, {}, session["id"])["data"]
    per = [(each, each["price"]["recurring"]["interval"]) for each in found]
    words = [
        f"{each['description']}: {html.money(each['amount_total'], each['currency'])} a {unit}"
        for each, unit in per
    ]
    trial = sessions.order_of(state, session)["data"].get("trial_period_days")
    return words + ([f"Free for the first {trial} days"] if trial else [])
