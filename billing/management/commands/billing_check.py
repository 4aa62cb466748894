"""Says what is not as it should be between this site and Stripe. Reads only."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from billing import setup
from billing.management.talking import talking_to_stripe


class Command(BaseCommand):
    help = "Check keys, endpoint, portal, catalogue and duplicates. Fails when something is wrong."

    @talking_to_stripe()
    def handle(self, *args: Any, **options: Any) -> None:
        found = list(setup.problems())
        for line in found:
            self.stdout.write(line)
        if found:
            raise CommandError(f"{len(found)} things are not as they should be.")
        self.stdout.write("Stripe answers, and everything is as it should be.")
