"""Money: payment intents, charges, refunds, disputes. A card is good, or refuses everything after Checkout."""

from typing import Any

from .calls import call, lists, retrieves
from .empty import Resource, nested
from .errors import bad_request
from .state import State, assign, one_of

retrieves("payment_intent", "/v1/payment_intents/{intent}")
lists("payment_intent", "/v1/payment_intents", "customer created")
retrieves("charge", "/v1/charges/{charge}")
lists("charge", "/v1/charges", "customer payment_intent created")
retrieves("refund", "/v1/refunds/{refund}")
lists("refund", "/v1/refunds", "charge payment_intent created")
retrieves("dispute", "/v1/disputes/{dispute}")
lists("dispute", "/v1/disputes", "charge payment_intent created")


def new_card(state: State, customer: Resource, behaviour: str) -> Resource:
    """Attach a card and make it the customer's default. `behaviour` is "good" or "fails_later"."""
    card = {"brand": "visa", "last4": "4242" if behaviour == "good" else "0341", "exp_month": 12}
    card |= {"exp_year": 2090, "funding": "credit", "display_brand": "visa", "country": "CA"}
    method = state.add("payment_method", "pm", type="card", customer=customer["id"], metadata={})
    method["card"] = nested("payment_method", "card", card)
    state.cards[method["id"]] = behaviour
    state.emit("payment_method.attached", method)
    with state.updating("customer.updated", customer):
        settings = customer["invoice_settings"] | {"default_payment_method": method["id"]}
        customer["invoice_settings"] = settings
    return method


def new_intent(state: State, customer: str, amount: int, currency: str) -> Resource:
    """What an invoice is to be paid through."""
    intent = state.add(
        "payment_intent",
        "pi",
        amount=amount,
        currency=currency,
        customer=customer,
        capture_method="automatic",
        confirmation_method="automatic",
        payment_method_types=["card"],
        setup_future_usage="off_session",
        status="requires_payment_method",
    )
    state.emit("payment_intent.created", intent)
    return intent


def charge(state: State, intent: Resource, method: str | None, *, at_checkout: bool) -> bool:
    """Try a card for an intent; whether the money came."""
    declined = method is None or (state.cards[method] != "good" and not at_checkout)
    made = _charge(state, intent, method, declined=declined)
    intent["latest_charge"] = made["id"]
    if declined:
        failure = {"code": "card_declined", "decline_code": "generic_decline", "type": "card_error"}
        failure |= {"message": "Your card was declined.", "charge": made["id"]}
        intent["last_payment_error"] = nested("payment_intent", "last_payment_error", failure)
        state.emit("charge.failed", made)
        state.emit("payment_intent.payment_failed", intent)
        return False
    intent |= {"status": "succeeded", "amount_received": intent["amount"], "payment_method": method}
    intent["last_payment_error"] = None
    state.emit("charge.succeeded", made)
    state.emit("payment_intent.succeeded", intent)
    return True


def _charge(state: State, intent: Resource, method: str | None, *, declined: bool) -> Resource:
    amount = intent["amount"]
    return state.add(
        "charge",
        "ch",
        amount=amount,
        amount_captured=0 if declined else amount,
        captured=not declined,
        currency=intent["currency"],
        customer=intent["customer"],
        failure_code="card_declined" if declined else None,
        failure_message="Your card was declined." if declined else None,
        paid=not declined,
        payment_intent=intent["id"],
        payment_method=method,
        status="failed" if declined else "succeeded",
    )


@call("post", "/v1/refunds", "amount charge payment_intent reason metadata")
def refund(state: State, params: dict[str, Any]) -> Resource:
    paid = _charge_named(state, params)
    left = paid["amount_captured"] - paid["amount_refunded"]
    amount = params.get("amount", left)
    if left == 0:
        words = f"Charge {paid['id']} has already been refunded."
        raise bad_request(words, code="charge_already_refunded")
    if not 0 < amount <= left:
        raise bad_request(f"Refund amount ({amount}) is greater than unrefunded amount ({left})", "amount")
    made = state.add("refund", "re", amount=amount, charge=paid["id"], currency=paid["currency"])
    made |= {"payment_intent": paid["payment_intent"], "status": "succeeded", "metadata": {}}
    assign(made, params, "reason", "metadata")
    with state.updating("charge.refunded", paid):
        paid["amount_refunded"] += amount
        paid["refunded"] = paid["amount_refunded"] == paid["amount_captured"]
    state.emit("refund.created", made)
    return made


def _charge_named(state: State, params: dict[str, Any]) -> Resource:
    if one_of(params, "charge", "payment_intent") == "charge":
        return state.get("charge", params["charge"], "charge")
    intent = state.get("payment_intent", params["payment_intent"], "payment_intent")
    if intent["status"] != "succeeded":
        raise bad_request(f"This PaymentIntent ({intent['id']}) does not have a successful charge to refund.")
    return state.get("charge", intent["latest_charge"])


def dispute(state: State, charge_id: str) -> Resource:
    """The cardholder's bank takes a charge back."""
    paid = state.get("charge", charge_id)
    made = state.add("dispute", "du", amount=paid["amount"], charge=charge_id, currency=paid["currency"])
    made |= {"payment_intent": paid["payment_intent"], "reason": "fraudulent", "status": "needs_response"}
    paid["disputed"] = True
    state.emit("charge.dispute.created", made)
    return made
