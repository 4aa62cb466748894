"""What must be at Stripe before anything can be sold: where notices go, and what the portal may do."""

from collections.abc import Iterator

from django.conf import settings

from billing import catalogue, portal, reconcile, stripe_api
from billing.events import HANDLED
from billing.models import Plan, PlanPrice
from billing.stripe_api import Endpoint


def address() -> str:
    """Where Stripe is to send its notices."""
    return f"{settings.SITE_ORIGIN}/billing/webhook"


def here() -> list[Endpoint]:
    """The endpoints for this site."""
    return [each for each in stripe_api.endpoints() if each.url == address()]


def fits(endpoint: Endpoint) -> bool:
    """Whether notices come in the form that the installed library reads."""
    return endpoint.api_version == stripe_api.api_version()


def endpoint(*, rotate: bool = False) -> Endpoint:
    """An endpoint for this site, and just after it was made its secret. Raises StripeFailed.

    With `rotate` there is a new one beside the old, so that both secrets hold for a while.
    """
    usable = [each for each in here() if fits(each)]
    if rotate or not usable:
        return stripe_api.create_endpoint(address(), list(HANDLED))
    stripe_api.update_endpoint(usable[0].id, list(HANDLED))
    return usable[0]


def remove_old() -> int:
    """Remove every endpoint for this site but the newest that fits; how many. Raises StripeFailed."""
    # Stripe lists the newest first.
    found = here()
    keep = next((each for each in found if fits(each)), None)
    gone = [each for each in found if keep and each.id != keep.id]
    for each in gone:
        stripe_api.delete_endpoint(each.id)
    return len(gone)


def problems() -> Iterator[str]:
    """What is not as it should be at Stripe, a line each. Reads only. Raises StripeFailed."""
    yield from _endpoint_problems(here())
    if not settings.STRIPE_WEBHOOK_SECRETS:
        yield "STRIPE_WEBHOOK_SECRETS is empty, so every notice is answered with 503"
    if not stripe_api.portal_configuration(portal.NAME):
        yield "there is no portal configuration: run billing_setup"
    for plan in Plan.objects.all():
        yield from catalogue.differences(plan) if has_been_priced(plan) else ()
    yield from reconcile.duplicates()


def has_been_priced(plan: Plan) -> bool:
    return bool(plan.stripe_product_id) or PlanPrice.objects.filter(plan=plan).exists()


def _endpoint_problems(found: list[Endpoint]) -> Iterator[str]:
    if not found:
        yield f"no endpoint sends notices to {address()}: run billing_setup"
    for each in found:
        if not each.enabled:
            yield f"{each.id} is switched off"
        if not fits(each):
            spoken = each.api_version or "the account's default"
            yield f"{each.id} speaks version {spoken}, not {stripe_api.api_version()}"
        if missing := set(HANDLED) - each.events - ({*HANDLED} if "*" in each.events else set()):
            yield f"{each.id} does not send {', '.join(sorted(missing))}"
