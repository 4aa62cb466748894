"""Repairs what notices from Stripe did not bring. Meant to run every hour."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from billing import reconcile
from billing.management.talking import talking_to_stripe


class Command(BaseCommand):
    help = "Replay open events, read every customer again, report who pays without an account."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="only say what is not as it should be")

    @talking_to_stripe()
    def handle(self, *args: Any, **options: Any) -> None:
        count = 0
        try:
            for line in reconcile.run(dry_run=options["dry_run"]):
                count += 1
                self.stdout.write(line)
        except reconcile.Failed as failed:
            raise CommandError(f"{failed} things could not be done.") from None
        self.stdout.write(f"{count} things were not as they should be.")
