"""A person's billing in the admin."""

from datetime import datetime
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import path, reverse
from django.utils.html import format_html_join
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from billing.admin_base import ModelAdmin, dashboard_link, dashboard_url, nobody
from billing.forms import ComplimentaryForm
from billing.limits import limits_for
from billing.models import BillingAccount, StripeEvent
from billing.stripe_api import StripeFailed
from billing.sync import enabled, sync

GIVEN = ("comp_plan", "comp_until", "comp_reason")
READ = (
    "plan_now", "status", "plan", "customer", "subscription", "price_id", "period_start", "period_end",
    "unpaid_since", "grace", "ends_at", "trial_used", "synced_at", "ref", "latest_events",
)  # fmt: skip


def moment(time: datetime) -> str:
    return f"{time:%Y-%m-%d %H:%M} UTC"


@admin.register(BillingAccount)
class BillingAccountAdmin(ModelAdmin):
    """What Stripe says is to read; what an operator gives is to write."""

    has_delete_permission = nobody
    form = ComplimentaryForm
    list_display = ("user", "plan_now", "status", "period_end", "ends_at", "comp_plan", "comp_until")
    list_filter = ("status", "plan", "comp_plan")
    list_select_related = ("user", "plan", "comp_plan")
    search_fields = ("user__email", "customer_id", "subscription_id")
    readonly_fields = ("user", *READ)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        gift = (gettext_lazy("Complimentary plan"), {"fields": GIVEN})
        if obj is None:
            return ((None, {"fields": ("email",)}), gift)
        return ((None, {"fields": ("user",)}), gift, (gettext_lazy("What Stripe says"), {"fields": READ}))

    @admin.display(description=gettext_lazy("plan now"))
    def plan_now(self, account: BillingAccount) -> str:
        return limits_for(account.user).plan if account.pk else "–"

    @admin.display(description=gettext_lazy("customer"))
    def customer(self, account: BillingAccount) -> str:
        return dashboard_link("customers", account.customer_id)

    @admin.display(description=gettext_lazy("subscription"))
    def subscription(self, account: BillingAccount) -> str:
        return dashboard_link("subscriptions", account.subscription_id)

    @admin.display(description=gettext_lazy("goes on unpaid until"))
    def grace(self, account: BillingAccount) -> Any:
        return account.grace_until() or "–"

    @admin.display(description=gettext_lazy("latest events"))
    def latest_events(self, account: BillingAccount) -> str:
        """Refunds and disputes are among them."""
        if not account.customer_id:
            return "–"
        events = StripeEvent.objects.filter(customer_id=account.customer_id)[:20]
        rows = (
            (
                reverse("admin:billing_stripeevent_change", args=[event.pk]),
                event.type,
                moment(event.received_at),
            )
            for event in events
        )
        return format_html_join("", '<div><a href="{}">{}</a> {}</div>', rows) or "–"

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        account = BillingAccount.objects.filter(pk=object_id).first() if object_id.isdecimal() else None
        customer = account.customer_id if account else None
        context = {"dashboard": dashboard_url("customers", customer) if customer else ""}
        readable = {"can_read_again": bool(customer) and enabled()}
        return super().change_view(request, object_id, form_url, (extra_context or {}) | context | readable)

    def get_urls(self) -> list[Any]:
        read_again = self.admin_site.admin_view(self.read_again)
        own = [path("<int:pk>/read-again/", read_again, name="billing_billingaccount_read_again")]
        return own + super().get_urls()

    def read_again(self, request: HttpRequest, pk: int) -> HttpResponse:
        account = get_object_or_404(BillingAccount, pk=pk)
        if not self.has_change_permission(request, account):
            raise PermissionDenied
        if request.method == "POST" and enabled():
            try:
                sync(account)
                messages.success(request, _("This is what Stripe says now."))
            except StripeFailed as failure:
                text = _("Stripe did not answer: %(kind)s. Nothing was changed.")
                messages.error(request, text % {"kind": type(failure).__name__})
        return redirect(reverse("admin:billing_billingaccount_change", args=[pk]))
