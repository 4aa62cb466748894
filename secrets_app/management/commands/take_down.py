"""Destroys reported secrets, for operators: by their links, without opening them.

The links are read from standard input, so that none is left in the shell's history or the list of
processes.
"""

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from secrets_app import envelope, services
from secrets_app.envelope import IncompleteLink, LinkKey
from secrets_app.errors import Gone, UnknownSecret


class Command(BaseCommand):
    help = "Burn the unopened secrets whose links are on standard input, one a line; what became of each."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            keys = [envelope.parse_link(line.strip()) for line in sys.stdin if line.strip()]
        except IncompleteLink:
            raise CommandError("Each line must be a whole link. Nothing was done.") from None
        for number, key in enumerate(keys, 1):
            self.stdout.write(f"{number}: {take_down(key)}")


def take_down(key: LinkKey) -> str:
    """What became of the secret, in a word; never which it was."""
    try:
        return services.burn_found(services.status(envelope.secret_id(key))).state
    except UnknownSecret:
        return "unknown"
    except Gone as gone:
        return f"{gone.state} before"
