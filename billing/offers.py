"""The plans as people read them."""

import time
from typing import NamedTuple

from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from billing import limits
from billing.models import ENDED, BillingAccount, Interval, Plan
from billing.money import shown as money
from onetime.limits import Limits


class Price(NamedTuple):
    """A price that can be bought: our key of it, and the amount as the reader's language writes it."""

    pk: int
    amount: str


class Offer(NamedTuple):
    """One plan on the pricing page."""

    slug: str
    name: str
    summary: str
    limits: Limits
    is_base: bool
    offered: bool
    monthly: tuple[Price, ...]
    yearly: tuple[Price, ...]

    def prices(self, interval: str) -> tuple[Price, ...]:
        return self.yearly if interval == Interval.YEAR else self.monthly


#: language: (generation, until when in monotonic seconds, offers)
_kept: dict[str, tuple[int, float, tuple[Offer, ...]]] = {}


def offers() -> list[Offer]:
    """What the pricing page shows: the plans that everybody has and the public ones."""
    return [offer for offer in everything() if offer.is_base or offer.offered]


def named(slug: str) -> str:
    """The name of a plan in the active language, by its name for programs."""
    return next((offer.name for offer in everything() if offer.slug == slug), slug)


def everything() -> tuple[Offer, ...]:
    """Every plan, in the active language.

    Kept as limits are: a visitor costs no query but the first in a minute.
    """
    language = get_language() or ""
    kept = _kept.get(language)
    if kept is None or kept[0] != limits.generation() or time.monotonic() >= kept[1]:
        kept = limits.generation(), time.monotonic() + limits.KEEP_SECONDS, _read(language)
        _kept[language] = kept
    return kept[2]


def _read(language: str) -> tuple[Offer, ...]:
    plans = Plan.objects.prefetch_related("prices", "texts")
    return tuple(_offer(plan, language) for plan in plans)


def _offer(plan: Plan, language: str) -> Offer:
    name, summary = texts(plan, language)
    monthly, yearly = _prices(plan, Interval.MONTH), _prices(plan, Interval.YEAR)
    return Offer(plan.slug, name, summary, plan.limits(), plan.is_base, plan.offered, monthly, yearly)


def _prices(plan: Plan, interval: str) -> tuple[Price, ...]:
    return tuple(
        Price(price.pk, money(price.unit_amount, price.currency))
        for price in plan.prices.all()
        if price.active and price.stripe_price_id and price.interval == interval
    )


def texts(plan: Plan, language: str) -> tuple[str, str]:
    """Name and sentence in `language` where an operator wrote them, else as the plan has them.

    The plans of the first catalogue are translated with the site.
    """
    own = next((each for each in plan.texts.all() if each.language == language), None)
    if own:
        return own.name, own.summary
    return _(plan.name), _(plan.summary) if plan.summary else ""


def name_of(plan: Plan | None) -> str:
    """A plan's name in the active language; "" for none."""
    return texts(plan, get_language() or "")[0] if plan else ""


def standing(account: BillingAccount | None) -> str:
    """Where a person stands, in one word, for the page about it."""
    if account is None:
        return "free"
    if account.is_given:
        return "given"
    if account.status in {"active", "trialing"}:
        return "ending" if account.ends_at else account.status
    if account.status in ENDED:
        return "ended" if account.status else "free"
    until = account.grace_until()
    return "grace" if until and timezone.now() < until else "lapsed"
