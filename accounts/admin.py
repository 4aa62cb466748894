"""What operators see of accounts: no secret, and nothing that would let them act as somebody."""

from typing import TYPE_CHECKING, Any

import allauth.account.admin
import allauth.mfa.admin  # noqa: F401 - both register here, before they are unregistered
import django.contrib.auth.admin  # noqa: F401
from allauth.account.models import EmailAddress, EmailConfirmation
from allauth.mfa.models import Authenticator
from django.contrib import admin
from django.contrib.auth.models import Group
from django.http import HttpRequest
from django.utils.translation import gettext_lazy

from accounts.models import User

if TYPE_CHECKING:
    UserModelAdmin = admin.ModelAdmin[User]
else:
    UserModelAdmin = admin.ModelAdmin

# allauth shows these with everything that they hold, down to the keys of second factors.
for model in (EmailAddress, EmailConfirmation, Authenticator, Group):
    if admin.site.is_registered(model):
        admin.site.unregister(model)


@admin.register(User)
class UserAdmin(UserModelAdmin):
    """Find an account, switch it off or on, make it an operator's.

    There is no adding (`create_account` does that) and no deleting: closing burns and cancels,
    and is the owner's to ask for.
    """

    list_display = ("email", "is_active", "is_staff", "created_at", "verified_at")
    list_filter = ("is_active", "is_staff", "is_superuser", "created_at")
    search_fields = ("email__exact",)
    search_help_text = gettext_lazy("The whole e-mail address.")
    ordering = ("-created_at",)
    date_hierarchy = "created_at"
    fields = ("email", "is_active", "is_staff", "is_superuser", "created_at", "verified_at")
    show_full_result_count = False

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> Any:
        fixed = ["email", "created_at", "verified_at"]
        # Only a superuser makes operators, and nobody switches themselves off.
        if not getattr(request.user, "is_superuser", False):
            fixed += ["is_staff", "is_superuser"]
        if obj is not None and obj.pk == request.user.pk:
            fixed += ["is_active", "is_staff", "is_superuser"]
        return fixed

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return False
