"""Settings of Stripe's that must not be together. Any of them stops the process."""

from collections.abc import Iterator

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

TEST_KEYS = ("sk_test_", "rk_test_")
LIVE_KEYS = ("sk_live_", "rk_live_")


def refuse_to_start() -> None:
    """Raises ImproperlyConfigured with every reason."""
    if found := list(problems()):
        raise ImproperlyConfigured(" ".join(found))


def problems() -> Iterator[str]:
    """What is wrong, a sentence each. Names settings and never a key."""
    key, base = settings.STRIPE_SECRET_KEY, settings.STRIPE_API_BASE
    if key and not key.startswith(TEST_KEYS + LIVE_KEYS):
        yield "STRIPE_SECRET_KEY must begin with sk_test_, rk_test_, sk_live_ or rk_live_."
    if key and key.startswith(LIVE_KEYS) is not settings.STRIPE_LIVEMODE:
        yield "STRIPE_SECRET_KEY and STRIPE_LIVEMODE are of different modes."
    if base and not key.startswith("sk_test_"):
        # A live key would be handed to whoever answers at that address.
        yield "STRIPE_API_BASE goes with an sk_test_ key only."
    if key.startswith(LIVE_KEYS) and not settings.HTTPS:
        yield "A live STRIPE_SECRET_KEY needs an https SITE_ORIGIN."
    if any(not secret.startswith("whsec_") for secret in settings.STRIPE_WEBHOOK_SECRETS):
        yield "Each of STRIPE_WEBHOOK_SECRETS must begin with whsec_."
    if settings.BILLING_GRACE_DAYS < 0 or settings.BILLING_TRIAL_DAYS < 0:
        yield "BILLING_GRACE_DAYS and BILLING_TRIAL_DAYS must not be below 0."
