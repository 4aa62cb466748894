"""What subscribers may do in Stripe's portal: a configuration of our own, never the default one."""

from typing import Any

from django.conf import settings

from billing import stripe_api
from billing.models import Plan

#: The name by which we know ours among an account's configurations.
NAME = "onetime"


def configuration() -> str:
    """The id of the portal's configuration, made if there is none yet. Raises StripeFailed."""
    return stripe_api.portal_configuration(NAME) or stripe_api.save_portal_configuration("", wanted())


def update() -> str:
    """Bring the configuration in line with the catalogue; its id. Raises StripeFailed."""
    return stripe_api.save_portal_configuration(stripe_api.portal_configuration(NAME), wanted())


def wanted() -> dict[str, Any]:
    """Cards, invoices, cancelling and switching: no changes of personal data, no questions why."""
    site = settings.SITE_ORIGIN
    return {
        "name": NAME,
        "business_profile": {
            "privacy_policy_url": f"{site}/privacy",
            "terms_of_service_url": f"{site}/terms",
        },
        "default_return_url": f"{site}/billing/returned",
        "features": {
            "customer_update": {"enabled": False},
            "invoice_history": {"enabled": True},
            "payment_method_update": {"enabled": True},
            "subscription_cancel": {
                "enabled": True,
                "mode": "at_period_end",
                "cancellation_reason": {"enabled": False, "options": ["other"]},
            },
            "subscription_update": switching(),
        },
    }


def switching() -> dict[str, Any]:
    """Upwards at once and paid at once; downwards when what was paid for is used up."""
    products = [
        {"product": plan.product_id, "prices": prices}
        for plan in Plan.objects.filter(offered=True).exclude(stripe_product_id="")
        if (prices := on_sale(plan))
    ]
    if not products:
        return {"enabled": False}
    conditions = [{"type": "decreasing_item_amount"}, {"type": "shortening_interval"}]
    return {
        "enabled": True,
        "default_allowed_updates": ["price"],
        "products": products,
        "proration_behavior": "always_invoice",
        "schedule_at_period_end": {"conditions": conditions},
    }


def on_sale(plan: Plan) -> list[str]:
    """Ids of the prices that a subscriber may switch to."""
    prices = plan.prices.filter(active=True, stripe_price_id__isnull=False)
    return [str(each) for each in prices.values_list("stripe_price_id", flat=True)]
