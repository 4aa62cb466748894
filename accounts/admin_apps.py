"""Django's admin with our own site; apart from apps.py, which Django searches for this app's own config."""

from django.contrib.admin.apps import AdminConfig


class OperatorsConfig(AdminConfig):
    default_site = "accounts.admin_site.OperatorsSite"
