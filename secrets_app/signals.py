"""What this app tells its own receivers."""

from django.dispatch import Signal

#: An account's secret was opened. Arguments: `secret` (as it was before), `at`.
opened = Signal()
