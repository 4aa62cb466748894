"""What operators see first: counts and health, brought by each app. Never a person, never a secret."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext as _


@dataclass(frozen=True, slots=True)
class Fact:
    """One line: `name` and `value` in the reader's words; `alarming` asks the operator to act."""

    name: str | Promise
    value: str | int
    alarming: bool = False


Part = Callable[[], Iterable[Fact]]
_parts: list[Part] = []


def register(part: Part) -> Part:
    """Let `part` bring its facts whenever the overview is shown. An app calls this when it is ready."""
    if part not in _parts:
        _parts.append(part)
    return part


def facts() -> list[Fact]:
    """Everything that the apps bring, in the order in which they are installed."""
    return [fact for part in _parts for fact in part()]


@register
def mail() -> Iterable[Fact]:
    works = settings.EMAIL_BACKEND != "onetime.mail.UnconfiguredBackend"
    yield Fact(_("Mail"), _("set up") if works else _("not set up: nobody can sign in by code"), not works)
