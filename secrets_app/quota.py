"""How many secrets may be made: the plan's numbers by hour and day, one count for pages and APIs alike."""

from typing import Any

from django.http import HttpRequest

from onetime import ratelimit
from onetime.limits import Limits


def count_creation(request: HttpRequest, owner: Any, limits: Limits) -> None:
    """Count one creation by `owner`, an account wherever it calls from, or by the client (None).

    Raises RateLimited.
    """
    subject = None if owner is None else f"account:{owner.pk}"
    rates = {"create": f"{limits.creates_per_hour}/h", "create_day": f"{limits.creates_per_day}/d"}
    ratelimit.check_all(request, rates, subject=subject)
