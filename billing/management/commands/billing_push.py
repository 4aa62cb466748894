"""Brings products and prices at Stripe in line with the plans here. May be repeated at any time."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from billing import catalogue
from billing.management.talking import talking_to_stripe
from billing.models import Plan


class Command(BaseCommand):
    help = "Make at Stripe what the plans here need; withdraw what is withdrawn. Repeatable."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="only say how Stripe differs")

    @talking_to_stripe()
    def handle(self, *args: Any, **options: Any) -> None:
        plans = list(Plan.objects.filter(prices__isnull=False).distinct())
        step = catalogue.differences if options["dry_run"] else catalogue.push
        lines = [line for plan in plans for line in step(plan)]
        for line in lines:
            self.stdout.write(line)
        self.stdout.write(f"{len(plans)} plans, {len(lines)} differences.")
