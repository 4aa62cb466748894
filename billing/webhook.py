"""Where Stripe tells that something happened."""

import logging

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from billing import events, stripe_api
from billing.pages import when_enabled

log = logging.getLogger("onetime.billing")

MOST_BYTES = 512 * 1024


def said(status: int, text: str) -> HttpResponse:
    return HttpResponse(
        text + "\n", status=status, content_type="text/plain", headers={"Cache-Control": "no-store"}
    )


@csrf_exempt
@when_enabled
def webhook(request: HttpRequest) -> HttpResponse:
    """POST /billing/webhook: 2xx only when the event is done, so that Stripe sends it again otherwise."""
    if request.method != "POST":
        return said(405, "POST only")
    if not settings.STRIPE_WEBHOOK_SECRETS:
        # Nothing can be trusted, and Stripe should go on trying until somebody has set it up.
        return said(503, "no webhook secret is configured")
    announced = str(request.META.get("CONTENT_LENGTH") or "0")
    if not announced.isdigit() or int(announced) > MOST_BYTES:
        return said(413, "too large")
    try:
        header = request.headers.get("Stripe-Signature", "")
        event = stripe_api.read_event(request.body, header, settings.STRIPE_WEBHOOK_SECRETS)
    except stripe_api.BadSignature:
        return said(400, "bad signature")
    if event.livemode is not settings.STRIPE_LIVEMODE:
        return said(400, "wrong mode")
    return do(event)


def do(event: stripe_api.Event) -> HttpResponse:
    try:
        events.receive(event)
    except Exception:
        log.exception("a notice from Stripe was not done")
        return said(500, "not done, send again")
    return said(200, "ok")
