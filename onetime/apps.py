from django.apps import AppConfig
from django.conf import settings


class OnetimeConfig(AppConfig):
    name = "onetime"

    def ready(self) -> None:
        """Register the privacy checks: every command runs them, wsgi.py runs them for servers.

        And refuse to start with limits that name nothing: a typing error would switch one off.
        """
        from onetime import checks  # noqa: F401
        from onetime.ratelimit import configured_rates

        configured_rates(settings.RATE_LIMITS)
