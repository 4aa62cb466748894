"""Limits as people read them."""

from django import template
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from billing.offers import named

register = template.Library()
DAY, HOUR, MINUTE = 86_400, 3_600, 60
UNITS = (
    (1_000_000_000, gettext_lazy("%(number)s GB")),
    (1_000_000, gettext_lazy("%(number)s MB")),
    (1_000, gettext_lazy("%(number)s kB")),
)


@register.filter
def size(count: int) -> str:
    """Bytes in the largest decimal unit that fits: "25 MB"."""
    for step, unit in UNITS:
        if count >= step:
            value = round(count / step, 1)
            return str(unit) % {"number": number_format(value, 0 if value == int(value) else 1)}
    return ngettext("%(count)d byte", "%(count)d bytes", count) % {"count": count}


@register.filter
def lifetime(seconds: int) -> str:
    """Seconds as whole days, else hours, else minutes."""
    if seconds >= DAY:
        count = seconds // DAY
        return ngettext("%(count)d day", "%(count)d days", count) % {"count": count}
    if seconds >= HOUR:
        count = seconds // HOUR
        return ngettext("%(count)d hour", "%(count)d hours", count) % {"count": count}
    count = seconds // MINUTE
    return ngettext("%(count)d minute", "%(count)d minutes", count) % {"count": count}


@register.filter
def plan_name(slug: str) -> str:
    """A plan's name for people, by its name for programs."""
    return named(slug)


@register.filter
def whole(count: int) -> str:
    """A whole number with its thousands set apart."""
    return number_format(count, 0, use_l10n=True, force_grouping=True)


@register.simple_tag
def included(yes: bool) -> str:
    return _("Included") if yes else _("Not included")
