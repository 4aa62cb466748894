"""Invoices: a draft for an hour, then finalised and charged; unpaid ones are tried again, then dunning ends."""

from typing import Any

from . import payments
from .calls import PAGING, call, lists, retrieves
from .empty import Resource, make, nested
from .errors import Refusal, bad_request
from .expand import includes
from .lists import page
from .state import State

DRAFT_FOR = 3600  # seconds before a renewal's invoice is finalised
DAY = 24 * 3600

retrieves("invoice", "/v1/invoices/{invoice}")
retrieves("invoice_payment", "/v1/invoice_payments/{invoice_payment}")
lists("invoice_payment", "/v1/invoice_payments", "invoice status created")


@call("get", "/v1/invoices", PAGING + "created customer status subscription")
def listing(state: State, params: dict[str, Any]) -> Resource:
    if "customer" in params:
        state.get("customer", params["customer"], "customer")
    wanted = params.get("subscription")
    found = [each for each in state.all("invoice") if wanted in (None, subscription_of(each))]
    return page(found, "/v1/invoices", params, ("created", "customer", "status"))


def subscription_of(invoice: Resource) -> str:
    """The id of the subscription an invoice is for."""
    return str(invoice["parent"]["subscription_details"]["subscription"])


def item_of(subscription: Resource) -> Resource:
    """Its first item; every modelled subscription keeps the same period on all."""
    found: Resource = subscription["items"]["data"][0]
    return found


def full_price(subscription: Resource) -> int:
    """What a whole period costs, in the smallest unit."""
    return sum(each["price"]["unit_amount"] * each["quantity"] for each in subscription["items"]["data"])


def line(
    state: State, subscription: Resource, amount: int, words: str, *, proration: bool = False
) -> Resource:
    """A line for the subscription's item and current period; a negative amount is a credit."""
    item = item_of(subscription)
    details = {"subscription_item": item["id"], "subscription": subscription["id"], "proration": proration}
    parent = {"type": "subscription_item_details", "subscription_item_details": details}
    price = {"price": item["price"]["id"], "product": item["price"]["product"]}
    pricing = {"type": "price_details", "price_details": price}
    pricing["unit_amount_decimal"] = item["price"]["unit_amount_decimal"]
    return make(
        "line_item",
        id=state.new_id("il"),
        amount=amount,
        currency=subscription["currency"],
        description=words,
        parent=nested("line_item", "parent", parent),
        period={"start": item["current_period_start"], "end": item["current_period_end"]},
        pricing=nested("line_item", "pricing", pricing),
        quantity=item["quantity"],
        subscription=subscription["id"],
        subtotal=amount,
    )


def draft(state: State, subscription: Resource, reason: str, lines: list[Resource]) -> Resource:
    """A new draft, which becomes the subscription's latest invoice."""
    lines = lines + state.carried.pop(subscription["id"], [])
    total = sum(each["amount"] for each in lines)
    details = {"subscription": subscription["id"], "metadata": dict(subscription["metadata"])}
    parent = {"type": "subscription_details", "subscription_details": details}
    invoice = state.add(
        "invoice",
        "in",
        auto_advance=True,
        billing_reason=reason,
        currency=subscription["currency"],
        customer=subscription["customer"],
        issuer={"type": "self", "account": None},
        parent=nested("invoice", "parent", parent),
        period_start=state.now(),
        period_end=state.now(),
        status="draft",
        subtotal=total,
        total=total,
        amount_due=max(total, 0),
        amount_remaining=max(total, 0),
        metadata={},
    )
    for each in lines:
        each["invoice"] = invoice["id"]
    invoice["lines"] = page(lines[::-1], f"/v1/invoices/{invoice['id']}/lines", {})
    subscription["latest_invoice"] = invoice["id"]
    state.emit("invoice.created", invoice)
    return invoice


def finalize(state: State, invoice: Resource) -> None:
    """Number it, apply the customer's balance, make it payable."""
    customer = state.table("customer")[invoice["customer"]]
    balance = customer.get("balance", 0)
    due = max(0, invoice["total"] + balance)
    customer["balance"] = min(0, invoice["total"] + balance)
    number = f"{customer['invoice_prefix']}-{customer['next_invoice_sequence']:04}"
    customer["next_invoice_sequence"] += 1
    page_url = f"{state.url}/i/{invoice['id']}"
    invoice |= {"status": "open", "number": number, "effective_at": state.now(), "amount_due": due}
    invoice |= {"amount_remaining": due, "starting_balance": balance, "ending_balance": customer["balance"]}
    invoice |= {"hosted_invoice_url": page_url, "invoice_pdf": f"{page_url}/pdf"}
    invoice["status_transitions"]["finalized_at"] = state.now()
    if due:
        _make_payable(state, invoice)
    state.emit("invoice.finalized", invoice)


def _make_payable(state: State, invoice: Resource) -> None:
    intent = payments.new_intent(state, invoice["customer"], invoice["amount_due"], invoice["currency"])
    payment = {"type": "payment_intent", "payment_intent": intent["id"]}
    state.add(
        "invoice_payment",
        "inpay",
        amount_requested=invoice["amount_due"],
        currency=invoice["currency"],
        invoice=invoice["id"],
        is_default=True,
        payment=nested("invoice_payment", "payment", payment),
        status="open",
    )


def attempt(state: State, invoice: Resource, method: str | None, *, at_checkout: bool = False) -> bool:
    """Charge an open invoice; whether it is paid now. The subscription's status is for the caller."""
    payment = next((each for each in state.all("invoice_payment") if each["invoice"] == invoice["id"]), None)
    invoice["attempted"] = True
    invoice["attempt_count"] += 1 if payment else 0
    if payment:
        intent = state.get("payment_intent", payment["payment"]["payment_intent"])
        if not payments.charge(state, intent, method, at_checkout=at_checkout):
            _schedule_retry(state, invoice)
            return False
        payment |= {"status": "paid", "amount_paid": invoice["amount_due"]}
        payment["status_transitions"]["paid_at"] = state.now()
    _paid(state, invoice)
    return True


def _paid(state: State, invoice: Resource) -> None:
    invoice |= {"status": "paid", "amount_paid": invoice["amount_due"], "amount_remaining": 0}
    invoice |= {"next_payment_attempt": None, "auto_advance": False}
    invoice["status_transitions"]["paid_at"] = state.now()
    state.emit("invoice.paid", invoice)
    state.emit("invoice.payment_succeeded", invoice)


def _schedule_retry(state: State, invoice: Resource) -> None:
    done = invoice["attempt_count"]
    more = done <= len(state.retry_days) and invoice["billing_reason"] != "subscription_create"
    invoice["next_payment_attempt"] = state.now() + state.retry_days[done - 1] * DAY if more else None
    state.emit("invoice.payment_failed", invoice)


def must_be_open(invoice: Resource) -> None:
    """Raise the 400 for an invoice that cannot be paid or voided."""
    if invoice["status"] == "paid":
        raise bad_request("Invoice is already paid", code="invoice_already_paid")
    if invoice["status"] != "open":
        raise bad_request(f"This invoice is {invoice['status']}.", code="invoice_not_open")


def declined() -> Refusal:
    """402: the card was refused while the caller waited."""
    return Refusal(
        402,
        "Your card was declined.",
        code="card_declined",
        kind="card_error",
        decline_code="generic_decline",
    )


@includes("invoice", "payments")
def payments_of(state: State, invoice: Resource) -> Resource:
    """How an invoice was, or is to be, paid."""
    found = [each for each in state.all("invoice_payment") if each["invoice"] == invoice["id"]]
    return page(found, "/v1/invoice_payments", {})
