"""The inbox of notices in the admin."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from billing import events
from billing.admin_base import ModelAdmin, dashboard_link, nobody
from billing.models import BillingAccount, StripeEvent
from billing.sync import enabled


class Attention(admin.SimpleListFilter):
    """What somebody should look at."""

    title = gettext_lazy("attention")
    parameter_name = "attention"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("open", gettext_lazy("Not done")), ("money", gettext_lazy("Refunds and disputes"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        chosen = {"open": Q(processed_at=None), "money": Q(type__in=events.MONEY_BACK)}
        return queryset.filter(chosen[self.value()]) if self.value() in chosen else queryset  # type: ignore[index]


@admin.register(StripeEvent)
class StripeEventAdmin(ModelAdmin):
    has_add_permission = has_delete_permission = nobody
    list_display = ("type", "done", "error", "person", "received_at", "attempts")
    list_filter = (Attention, "type")
    search_fields = ("event_id", "customer_id")
    date_hierarchy = "received_at"
    actions = ("process_again",)
    readonly_fields = fields = (
        "type", "at_stripe", "person", "received_at", "processed_at", "attempts", "error",
    )  # fmt: skip

    @admin.display(description=gettext_lazy("done"), boolean=True)
    def done(self, event: StripeEvent) -> bool:
        return event.processed_at is not None

    @admin.display(description=gettext_lazy("event"))
    def at_stripe(self, event: StripeEvent) -> str:
        return dashboard_link("events", event.event_id)

    @admin.display(description=gettext_lazy("account"))
    def person(self, event: StripeEvent) -> str:
        account = BillingAccount.objects.select_related("user").filter(customer_id=event.customer_id).first()
        if account is None or not event.customer_id:
            return event.customer_id or "–"
        link = reverse("admin:billing_billingaccount_change", args=[account.pk])
        return format_html('<a href="{}">{}</a>', link, account)

    @admin.action(description=gettext_lazy("Process again"))
    def process_again(self, request: HttpRequest, queryset: QuerySet[StripeEvent]) -> None:
        for event in queryset.order_by("received_at"):
            self.process(request, event)

    def process(self, request: HttpRequest, event: StripeEvent) -> None:
        try:
            events.process(event)
        except Exception as failure:  # noqa: BLE001 - whatever it is, the operator is told
            text = _("Not done: %(event)s (%(kind)s)")
            messages.error(request, text % {"event": event.type, "kind": type(failure).__name__})
        else:
            messages.success(request, _("Done: %(event)s") % {"event": event.type})

    def get_urls(self) -> list[Any]:
        again = self.admin_site.admin_view(self.again)
        own = [path("<int:pk>/again/", again, name="billing_stripeevent_again")]
        return own + super().get_urls()

    def again(self, request: HttpRequest, pk: int) -> HttpResponse:
        event = get_object_or_404(StripeEvent, pk=pk)
        if not self.has_change_permission(request, event):
            raise PermissionDenied
        if request.method == "POST" and enabled():
            self.process(request, event)
        return redirect(reverse("admin:billing_stripeevent_change", args=[pk]))
