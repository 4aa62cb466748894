"""What a person chose, with the site's defaults for who chose nothing."""

from django.conf import settings

from accounts.models import Preferences, User
from onetime.limits import DEFAULT_LIFETIME, Limits, limits_for


def of(user: User) -> Preferences:
    """The preferences of `user`; unsaved defaults where there is no row. One query at most."""
    try:
        return user.preferences
    except Preferences.DoesNotExist:
        return Preferences(user=user)


def mail_language(user: User) -> str:
    """The language code in which `user` gets mail that no page of theirs asked for."""
    chosen = of(user).language
    return chosen if chosen in dict(settings.LANGUAGES) else settings.LANGUAGE_CODE


def lifetime(user: User) -> int:
    """The lifetime in seconds that the create page proposes; never more than the plan allows."""
    limits: Limits = limits_for(user)
    return min(of(user).lifetime or DEFAULT_LIFETIME, limits.max_ttl)


def wants_opened_notices(user: User) -> bool:
    """Whether `user` asked to be told when a secret is opened, and the plan includes it."""
    return of(user).opened_notices and limits_for(user).opening_notices
