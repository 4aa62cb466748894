"""Plans and prices in the admin."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from billing import catalogue
from billing.admin_base import ModelAdmin, TabularInline, nobody
from billing.forms import PlanForm, PriceForm
from billing.models import ENDED, Plan, PlanPrice, PlanText
from billing.stripe_api import StripeFailed
from billing.sync import enabled

LIMITS = (
    "max_ttl", "max_text_bytes", "max_files_bytes", "creates_per_hour", "creates_per_day",
    "api", "mail_links", "opening_notices",
)  # fmt: skip


class Texts(TabularInline):
    model = PlanText
    extra = 0


class Prices(TabularInline):
    """To read only: an amount never changes, another one takes its place."""

    model = PlanPrice
    fields = readonly_fields = ("active", "stripe_price_id", "staying")
    extra = 0
    can_delete = False
    has_add_permission = has_change_permission = nobody

    @admin.display(description=gettext_lazy("live subscriptions"))
    def staying(self, price: PlanPrice) -> int:
        return catalogue.staying_on(price)


@admin.register(Plan)
class PlanAdmin(ModelAdmin):
    has_delete_permission = nobody
    form = PlanForm
    list_display = ("name", "slug", "offered", "on_sale", "live", "given", "position")
    inlines = (Texts, Prices)
    fieldsets = (
        (None, {"fields": ("name", "slug", "summary", "position", "offered")}),
        (gettext_lazy("Limits"), {"fields": LIMITS}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Plan]:
        subscribed = Q(subscribers__status__gt="") & ~Q(subscribers__status__in=ENDED)
        counted: QuerySet[Plan] = super().get_queryset(request)
        return counted.annotate(
            live_count=Count("subscribers", filter=subscribed, distinct=True),
            given_count=Count("given_to", distinct=True),
        ).prefetch_related("prices")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """A name for programs stays what it was: it is in the product's id at Stripe."""
        if obj is None:
            return ()
        return ("slug", "offered") if obj.is_base else ("slug",)

    @admin.display(description=gettext_lazy("on sale for"))
    def on_sale(self, plan: Any) -> str:
        prices = [price for price in plan.prices.all() if price.active]
        return ", ".join(f"{price}{'' if price.stripe_price_id else ' (!)'}" for price in prices) or "–"

    @admin.display(description=gettext_lazy("live subscriptions"), ordering="live_count")
    def live(self, plan: Any) -> int:
        return int(plan.live_count)

    @admin.display(description=gettext_lazy("given to"), ordering="given_count")
    def given(self, plan: Any) -> int:
        return int(plan.given_count)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """A name or a plan's being public is at Stripe too, once the plan is there."""
        super().save_related(request, form, formsets, change)
        if form.instance.stripe_product_id and not catalogue.try_push(form.instance):
            messages.warning(request, _("Saved here, and not yet at Stripe: push it when Stripe answers."))

    # --- Pages of our own ---------------------------------------------------------------------------

    def get_urls(self) -> list[Any]:
        own = [
            path("<int:pk>/price/", self.page(self.price), name="billing_plan_price"),
            path("<int:pk>/withdraw/<int:price>/", self.page(self.withdraw), name="billing_plan_withdraw"),
            path("<int:pk>/compare/", self.page(self.compare), name="billing_plan_compare"),
            path("<int:pk>/push/", self.page(self.push), name="billing_plan_push"),
        ]
        return own + super().get_urls()

    def page(self, view: Any) -> Any:
        """A view of one plan, for operators who may change it."""

        def wrapped(request: HttpRequest, pk: int, **more: Any) -> HttpResponse:
            plan = get_object_or_404(Plan, pk=pk)
            if not self.has_change_permission(request, plan):
                raise PermissionDenied
            return view(request, plan, **more)  # type: ignore[no-any-return]

        return self.admin_site.admin_view(wrapped)

    def show(self, request: HttpRequest, template: str, plan: Plan, **context: Any) -> HttpResponse:
        shared = self.admin_site.each_context(request) | {"opts": Plan._meta, "plan": plan}  # noqa: SLF001
        return TemplateResponse(request, f"admin/billing/plan/{template}.html", shared | context)

    def back(self, plan: Plan) -> HttpResponse:
        return redirect(reverse("admin:billing_plan_change", args=[plan.pk]))

    def price(self, request: HttpRequest, plan: Plan) -> HttpResponse:
        """A new price in the place of the one before it."""
        form = PriceForm(request.POST or None)
        if plan.is_base:
            messages.error(request, _("Everybody has this plan, so it cannot have a price."))
            return self.back(plan)
        if form.is_valid():
            made = catalogue.set_price(plan, *form.chosen())
            self.tell_price(request, made)
            return self.back(plan)
        active = [(price, catalogue.staying_on(price)) for price in plan.prices.filter(active=True)]
        return self.show(request, "price", plan, form=form, active=active, title=_("Prices"))

    def tell_price(self, request: HttpRequest, made: catalogue.NewPrice) -> None:
        made.price.refresh_from_db()
        if made.before:
            text = ngettext(
                "%(new)s for new subscribers. %(count)d subscriber stays on %(old)s.",
                "%(new)s for new subscribers. %(count)d subscribers stay on %(old)s.",
                made.staying,
            )
            messages.success(request, text % {"new": made.price, "count": made.staying, "old": made.before})
        else:
            messages.success(request, _("%(new)s for new subscribers.") % {"new": made.price})
        if enabled() and not made.price.stripe_price_id:
            messages.warning(request, _("It is not at Stripe yet, so nobody can buy it: push the plan."))

    def withdraw(self, request: HttpRequest, plan: Plan, price: int) -> HttpResponse:
        if request.method == "POST":
            staying = catalogue.withdraw_price(get_object_or_404(PlanPrice, pk=price, plan=plan))
            text = ngettext(
                "Withdrawn. %(count)d subscriber stays on it.",
                "Withdrawn. %(count)d subscribers stay on it.",
                staying,
            )
            messages.success(request, text % {"count": staying})
        return redirect(reverse("admin:billing_plan_price", args=[plan.pk]))

    def compare(self, request: HttpRequest, plan: Plan) -> HttpResponse:
        """How Stripe differs, line by line. Reads only."""
        lines, silent = [], not enabled()
        if enabled():
            try:
                lines = catalogue.differences(plan)
            except StripeFailed:
                silent = True
        context = {"lines": lines, "silent": silent, "title": _("Compare with Stripe")}
        return self.show(request, "compare", plan, **context)

    def push(self, request: HttpRequest, plan: Plan) -> HttpResponse:
        if request.method == "POST" and enabled():
            try:
                for line in catalogue.push(plan) or [_("Stripe has it already.")]:
                    messages.success(request, line)
            except StripeFailed as failure:
                messages.error(
                    request, _("Stripe did not take it: %(kind)s.") % {"kind": type(failure).__name__}
                )
        return redirect(reverse("admin:billing_plan_compare", args=[plan.pk]))
