from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = _("Accounts")

    def ready(self) -> None:
        from accounts import overview, receivers  # noqa: F401 - importing receivers connects them
        from onetime import metrics
        from onetime.overview import register

        register(overview.facts)
        metrics.register(*overview.GAUGES)
