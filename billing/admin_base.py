"""What the billing pages of the admin share."""

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest
from django.utils.html import format_html

if TYPE_CHECKING:
    ModelAdmin = admin.ModelAdmin[Any]
    TabularInline = admin.TabularInline[Any, Any]
else:
    ModelAdmin, TabularInline = admin.ModelAdmin, admin.TabularInline


def refuse(_admin: Any, _request: HttpRequest, _obj: Any = None) -> bool:
    return False


#: For `has_delete_permission` and the like: money depends on these rows.
nobody: Any = refuse


def dashboard_url(kind: str, stripe_id: str) -> str:
    """Where Stripe shows one of its things; `kind` as in "customers"."""
    mode = "" if settings.STRIPE_LIVEMODE else "test/"
    return f"https://dashboard.stripe.com/{mode}{kind}/{stripe_id}"


def dashboard_link(kind: str, stripe_id: str | None) -> str:
    if not stripe_id:
        return "–"
    return format_html('<a href="{}" rel="noreferrer">{}</a>', dashboard_url(kind, stripe_id), stripe_id)
