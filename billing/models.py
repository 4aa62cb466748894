"""What is kept about plans and payers: no card, no name, no address, no invoice, no payload."""

import uuid
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from onetime.limits import MINIMUM_LIFETIME, Limits

ANONYMOUS, FREE = "anonymous", "free"
#: Plans that nobody buys: everybody is on one of them.
BASE_PLANS = (ANONYMOUS, FREE)
YEAR = 366 * 24 * 3600
slug_of_plan = RegexValidator(r"\A[a-z][a-z0-9-]{0,31}\Z", _("Small letters, digits and hyphens."))
currency_code = RegexValidator(r"\A[a-z]{3}\Z", _("Three small letters, as in cad."))


class Plan(models.Model):
    """What somebody may do. The limit fields are those of onetime.limits.Limits, by name."""

    slug = models.CharField(
        _("name for programs"),
        max_length=32,
        unique=True,
        validators=[slug_of_plan],
        help_text=_("Part of the product’s id at Stripe, so it cannot be changed later."),
    )
    name = models.CharField(_("name"), max_length=60)
    summary = models.CharField(_("one sentence about it"), max_length=200, blank=True)
    position = models.PositiveSmallIntegerField(_("position on the pricing page"), default=10)
    offered = models.BooleanField(
        _("public"),
        default=False,
        help_text=_("Shown on the pricing page and open to new subscribers. Those on it keep it anyway."),
    )
    max_ttl = models.PositiveIntegerField(
        _("longest lifetime, in seconds"),
        validators=[MinValueValidator(MINIMUM_LIFETIME), MaxValueValidator(YEAR)],
    )
    max_text_bytes = models.PositiveIntegerField(_("largest text, in bytes"))
    max_files_bytes = models.PositiveBigIntegerField(_("largest total of files, in bytes"))
    creates_per_hour = models.PositiveIntegerField(_("secrets an hour"))
    creates_per_day = models.PositiveIntegerField(_("secrets a day"))
    api = models.BooleanField(_("API"), default=True)
    mail_links = models.BooleanField(_("sending links by mail"), default=False)
    opening_notices = models.BooleanField(_("notices of openings"), default=False)
    stripe_product_id = models.CharField(_("product at Stripe"), max_length=255, blank=True, editable=False)

    class Meta:
        verbose_name = _("plan")
        verbose_name_plural = _("plans")
        ordering = ("position", "pk")

    def __str__(self) -> str:
        return self.name

    def limits(self) -> Limits:
        """The numbers that the core asks for."""
        return limits_of(vars(self))

    @property
    def product_id(self) -> str:
        """The product's id at Stripe: ours to choose, so that a second push finds the first."""
        return self.stripe_product_id or f"plan_{self.slug}"

    @property
    def is_base(self) -> bool:
        return self.slug in BASE_PLANS


LIMIT_FIELDS = tuple(name for name in Limits.__dataclass_fields__ if name != "plan")


def limits_of(row: dict[str, Any]) -> Limits:
    """Limits from the columns of a plan."""
    return Limits(plan=row["slug"], **{name: row[name] for name in LIMIT_FIELDS})


class PlanText(models.Model):
    """A plan's name and sentence in one more language."""

    plan = models.ForeignKey(Plan, models.CASCADE, related_name="texts")
    language = models.CharField(_("language"), max_length=10, choices=settings.LANGUAGES)
    name = models.CharField(_("name"), max_length=60)
    summary = models.CharField(_("one sentence about it"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("text in another language")
        verbose_name_plural = _("texts in other languages")
        constraints = [models.UniqueConstraint(fields=["plan", "language"], name="one_text_a_language")]

    def __str__(self) -> str:
        return f"{self.language}: {self.name}"


class Interval(models.TextChoices):
    MONTH = "month", _("month")
    YEAR = "year", _("year")


class PlanPrice(models.Model):
    """One amount, which never changes: catalogue.set_price puts another one in its place."""

    plan = models.ForeignKey(Plan, models.PROTECT, related_name="prices", verbose_name=_("plan"))
    interval = models.CharField(_("interval"), max_length=5, choices=Interval.choices)
    currency = models.CharField(_("currency"), max_length=3, validators=[currency_code])
    unit_amount = models.PositiveIntegerField(
        _("amount"), help_text=_("In the currency’s smallest unit, such as cents.")
    )
    active = models.BooleanField(_("for new subscribers"), default=True)
    # Null until it is at Stripe: nobody can buy it before.
    stripe_price_id = models.CharField(_("price at Stripe"), max_length=255, null=True, unique=True)  # noqa: DJ001

    class Meta:
        verbose_name = _("price")
        verbose_name_plural = _("prices")
        ordering = ("currency", "interval", "-pk")
        constraints = [
            models.UniqueConstraint(
                fields=["plan", "interval", "currency"], condition=Q(active=True), name="one_active_price"
            ),
            models.CheckConstraint(condition=Q(unit_amount__gt=0), name="price_above_zero"),
        ]

    def __str__(self) -> str:
        from billing.money import shown

        return f"{shown(self.unit_amount, self.currency)} / {self.interval}"

    @property
    def lookup_key(self) -> str:
        """The name under which Stripe knows the price that is current."""
        return f"{self.plan.slug}:{self.interval}:{self.currency}"


class BillingAccount(models.Model):
    """What Stripe said last about a person's subscriptions, and what an operator gave them.

    PROTECT on `user`: closing an account cancels first, and whatever deletes a user past that
    must fail rather than leave a card that is charged on.
    """

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="billing", verbose_name=_("account")
    )
    ref = models.UUIDField(_("reference at Stripe"), unique=True, default=uuid.uuid4, editable=False)
    customer_id = models.CharField(_("customer"), max_length=255, null=True, unique=True)  # noqa: DJ001
    subscription_id = models.CharField(_("subscription"), max_length=255, blank=True)
    status = models.CharField(_("status"), max_length=32, blank=True)
    price_id = models.CharField(_("price"), max_length=255, blank=True)
    plan = models.ForeignKey(
        Plan, models.PROTECT, null=True, blank=True, related_name="subscribers", verbose_name=_("plan")
    )
    period_start = models.DateTimeField(_("period began"), null=True)
    period_end = models.DateTimeField(_("period ends"), null=True)
    # When the oldest unpaid invoice was made: Stripe moves the period on whether it is paid or not.
    unpaid_since = models.DateTimeField(_("unpaid since"), null=True)
    ends_at = models.DateTimeField(_("cancelled to end on"), null=True)
    trial_used = models.BooleanField(_("has had a trial"), default=False)
    comp_plan = models.ForeignKey(
        Plan,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="given_to",
        verbose_name=_("complimentary plan"),
    )
    comp_until = models.DateTimeField(_("complimentary until"), null=True, blank=True)
    comp_reason = models.CharField(_("reason"), max_length=200, blank=True)
    synced_at = models.DateTimeField(_("read from Stripe"), null=True)
    rev = models.PositiveIntegerField(default=0, editable=False)

    class Meta:
        verbose_name = _("billing account")
        verbose_name_plural = _("billing accounts")

    def __str__(self) -> str:
        return str(self.user)

    def plan_id_now(self, now: datetime | None = None) -> int | None:
        """The access rule, and the only one: the key of the plan that holds at `now`, None for free."""
        now = now or timezone.now()
        if self.comp_plan_id and (self.comp_until is None or now < self.comp_until):
            return self.comp_plan_id
        if self.status in {"active", "trialing"}:
            return self.plan_id
        until = self.grace_until()
        return self.plan_id if until and now < until else None

    def grace_until(self) -> datetime | None:
        """Until when a plan whose payment failed goes on; None where no payment is failing."""
        since = self.unpaid_since or self.period_start
        if self.status != "past_due" or since is None:
            return None
        return since + timedelta(days=settings.BILLING_GRACE_DAYS)

    @property
    def is_live(self) -> bool:
        """Whether there is a subscription that could still cost something."""
        return self.status not in ENDED

    @property
    def is_given(self) -> bool:
        """Whether the complimentary plan is what holds now."""
        return bool(self.comp_plan_id) and (self.comp_until is None or timezone.now() < self.comp_until)


#: Statuses of Stripe's that are final, and our own for "there never was one".
ENDED = ("", "canceled", "incomplete_expired")


class StripeEvent(models.Model):
    """That something happened: its name and kind, never its content. Goes after 30 days."""

    event_id = models.CharField(_("event"), max_length=255, unique=True)
    type = models.CharField(_("type"), max_length=100)
    customer_id = models.CharField(_("customer"), max_length=255, blank=True, db_index=True)
    received_at = models.DateTimeField(_("received"), default=timezone.now, db_index=True)
    processed_at = models.DateTimeField(_("done"), null=True)
    attempts = models.PositiveIntegerField(_("tries"), default=0)
    error = models.CharField(_("what failed"), max_length=100, blank=True)

    class Meta:
        verbose_name = _("event")
        verbose_name_plural = _("events")
        ordering = ("-received_at", "-pk")

    def __str__(self) -> str:
        return f"{self.type} {self.event_id}"
