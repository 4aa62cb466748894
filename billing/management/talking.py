"""What the billing commands share."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.core.management.base import CommandError

from billing.stripe_api import StripeFailed
from billing.sync import enabled


@contextmanager
def talking_to_stripe() -> Iterator[None]:
    """Without a key, or without an answer, a command says so and fails."""
    if not enabled():
        raise CommandError("STRIPE_SECRET_KEY is not set.")
    try:
        yield
    except StripeFailed as failure:
        raise CommandError(f"Stripe did not do it: {type(failure).__name__} {failure}") from None
