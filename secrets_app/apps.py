from django.apps import AppConfig
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _


class SecretsAppConfig(AppConfig):
    name = "secrets_app"
    verbose_name = _("Secrets")

    def ready(self) -> None:
        """Refuse to start without a second lock: a bad key must not be found by the first visitor."""
        from onetime import metrics as site_metrics
        from onetime.overview import register
        from secrets_app import metrics, overview, receivers, services  # noqa: F401 - importing receivers connects them
        from secrets_app.keyring import BadKey

        register(overview.facts)
        site_metrics.register(*metrics.GAUGES)
        try:
            services.keyring()
        except BadKey as error:
            raise ImproperlyConfigured(f"SECRET_ENCRYPTION_KEYS: {error}") from None
