"""What a person may do: numbers that the core asks for without knowing where they come from."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, cast

from django.conf import settings
from django.utils.module_loading import import_string

#: Lifetimes that the create page offers, in seconds; a plan's maximum cuts the list.
LIFETIMES = (300, 1800, 3600, 14400, 43200, 86400, 259200, 604800, 1209600, 2592000, 7776000)
DEFAULT_LIFETIME = 604800
MINIMUM_LIFETIME = 60


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of one plan. Sizes in bytes, times in seconds."""

    plan: str
    max_ttl: int
    max_text_bytes: int
    max_files_bytes: int
    creates_per_hour: int
    creates_per_day: int
    api: bool
    mail_links: bool
    opening_notices: bool

    def lifetimes(self) -> tuple[int, ...]:
        """The offered lifetimes that this plan allows, shortest first."""
        return tuple(seconds for seconds in LIFETIMES if seconds <= self.max_ttl)


@lru_cache(maxsize=1)
def _source(path: str) -> Any:
    return import_string(path)


def limits_for(user: Any) -> Limits:
    """The limits of `user`, an account or an anonymous visitor (None will do for one)."""
    return cast("Limits", _source(settings.LIMITS_FOR)(user))
