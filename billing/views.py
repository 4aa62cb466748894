"""The pricing page, and a person's way to Stripe's pages and back."""

import logging
import re
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse

from billing import checkout, offers
from billing.models import ANONYMOUS, BillingAccount, Interval
from billing.pages import SeeOther, absolute, page, sign_in_url, signed_in, when_enabled
from billing.stripe_api import StripeFailed
from billing.sync import sync
from onetime.limits import limits_for
from onetime.views import allow, is_visitor, visitor_page

log = logging.getLogger("onetime.billing")

NUMBER = re.compile(r"[0-9]{1,17}")
SESSION_ID = re.compile(r"cs_[A-Za-z0-9_]{1,250}")


@allow("GET", "HEAD")
def plans(request: HttpRequest) -> HttpResponse:
    """The plans, with their prices by the month or by the year; the same page for every visitor."""
    interval = Interval.YEAR if request.GET.get("interval") == "year" else Interval.MONTH
    shown = pricing(interval)
    if is_visitor(request):
        return HttpResponse(visitor_page(request, "plans.html", lambda: shown, *map(str, shown.values())))
    account = account_of(request)
    mine = {"account": account, "mine": limits_for(request.user).plan}
    # Whoever is signed in has no use for what they would have without.
    shown["offers"] = [each for each in shown["offers"] if each[0].slug != ANONYMOUS]
    return page(request, "plans.html", shown | mine, to_stripe=True)


def pricing(interval: str) -> dict[str, Any]:
    offers_now = offers.offers()
    return {
        "offers": [(offer, offer.prices(interval)) for offer in offers_now],
        "interval": interval,
        "both_intervals": any(o.monthly for o in offers_now) and any(o.yearly for o in offers_now),
        "enabled": settings.BILLING_ENABLED,
        "operator_email": settings.OPERATOR_EMAIL,
        "trial_days": settings.BILLING_TRIAL_DAYS,
        "sign_in": sign_in_url(reverse("plans")),
    }


@when_enabled
@allow("POST")
@signed_in("plans")
def start(request: HttpRequest) -> HttpResponse:
    """To Checkout; whoever has a subscription already goes to the portal instead."""
    number = request.POST.get("price", "")
    try:
        price = checkout.price_on_sale(int(number) if NUMBER.fullmatch(number) else 0)
        return SeeOther(
            checkout.start(
                request.user,
                price,
                success_url=absolute("billing-done") + "?session={CHECKOUT_SESSION_ID}",
                cancel_url=absolute("plans"),
            )
        )
    except checkout.NotOnSale:
        return trouble(request, "not-on-sale", 409)
    except checkout.AlreadySubscribed:
        return manage(request)
    except StripeFailed as failure:
        return unreachable(request, failure)


@when_enabled
@allow("POST")
@signed_in("billing")
def manage(request: HttpRequest) -> HttpResponse:
    """To the portal."""
    try:
        return SeeOther(checkout.manage(request.user, return_url=absolute("billing-returned")))
    except checkout.NothingToManage:
        return SeeOther(reverse("plans"))
    except StripeFailed as failure:
        return unreachable(request, failure)


@when_enabled
@allow("GET", "HEAD")
@signed_in("billing")
def done(request: HttpRequest) -> HttpResponse:
    """Back from Checkout. That somebody got here proves nothing: Stripe is asked."""
    session = request.GET.get("session", "")
    if not SESSION_ID.fullmatch(session):
        raise Http404
    try:
        account, complete = checkout.confirm(request.user, session)
    except checkout.NotYours:
        raise Http404 from None
    except StripeFailed as failure:
        return unreachable(request, failure, template="billing/unconfirmed.html")
    if not complete:
        return SeeOther(reverse("plans"))
    context = {"account": account, "limits": limits_for(request.user), "plan": plan_name(account)}
    return page(request, "billing/done.html", context)


@when_enabled
@allow("GET", "HEAD")
@signed_in("billing")
def returned(request: HttpRequest) -> HttpResponse:
    """Back from the portal: what was changed there is seen at once, whenever the notice comes."""
    account = account_of(request)
    if account:
        try:
            sync(account)
        except StripeFailed as failure:
            log.warning("Stripe did not answer after the portal: %s", failure)
    return SeeOther(reverse("billing"))


@allow("GET", "HEAD")
@signed_in("billing")
def billing(request: HttpRequest) -> HttpResponse:
    """A person's plan: what it is, until when, and what to do when a payment failed."""
    account = account_of(request)
    context = {
        "account": account,
        "standing": offers.standing(account),
        "plan": plan_name(account),
        "limits": limits_for(request.user),
        "enabled": settings.BILLING_ENABLED,
        "operator_email": settings.OPERATOR_EMAIL,
    }
    return page(request, "billing/billing.html", context, to_stripe=True)


def account_of(request: HttpRequest) -> BillingAccount | None:
    if request.user.pk is None:
        return None
    mine = BillingAccount.objects.filter(user__pk=request.user.pk)
    return mine.select_related("plan", "comp_plan").first()


def plan_name(account: BillingAccount | None) -> str:
    """The name of the plan that holds, or that would if it were paid."""
    if account is None:
        return ""
    return offers.name_of(account.comp_plan if account.is_given else account.plan)


def unreachable(
    request: HttpRequest, failure: StripeFailed, template: str = "billing/trouble.html"
) -> HttpResponse:
    # The kind of failure only: Stripe's own sentences quote ids.
    log.error("Stripe did not do what was asked: %s", failure)
    response = page(request, template, {"reason": "unreachable"}, status=503)
    response["Retry-After"] = "30"
    return response


def trouble(request: HttpRequest, reason: str, status: int) -> HttpResponse:
    return page(request, "billing/trouble.html", {"reason": reason}, status=status)
