"""What billing does when something happens elsewhere."""

from typing import Any

from django.db import transaction
from django.db.models.signals import post_delete, post_save

from accounts.signals import address_changed, closing, erasing, exporting
from billing import checkout, limits
from billing import closing as closing_down
from billing.models import BillingAccount, Plan, PlanPrice, PlanText


def connect() -> None:
    """Listen; called once, when the app is ready."""
    for signal in (post_save, post_delete):
        for model in (Plan, PlanText, PlanPrice, BillingAccount):
            signal.connect(changed, sender=model, dispatch_uid=f"billing {id(signal)} {model.__name__}")
    closing.connect(on_closing, dispatch_uid="billing")
    erasing.connect(on_erasing, dispatch_uid="billing")
    address_changed.connect(on_address_changed, dispatch_uid="billing")
    exporting.connect(on_exporting, dispatch_uid="billing")


def changed(**_signal: Any) -> None:
    """Limits are read again, now by this transaction and by everybody once it is committed."""
    limits.forget()
    transaction.on_commit(limits.forget)


def on_closing(user: Any, **_signal: Any) -> None:
    closing_down.before_closing(user)


def on_erasing(user: Any, **_signal: Any) -> None:
    closing_down.erase(user)


def on_address_changed(user: Any, **_signal: Any) -> None:
    checkout.tell_address(user)


def on_exporting(user: Any, **_signal: Any) -> dict[str, Any]:
    return closing_down.export(user)
