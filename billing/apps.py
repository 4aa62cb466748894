from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class BillingConfig(AppConfig):
    name = "billing"
    verbose_name = _("Billing")

    def ready(self) -> None:
        """Refuse to start with keys that do not fit together, and listen."""
        from billing import checks, overview, receivers
        from onetime import metrics
        from onetime.overview import register

        checks.refuse_to_start()
        receivers.connect()
        register(overview.billing)
        metrics.register(*overview.GAUGES)
