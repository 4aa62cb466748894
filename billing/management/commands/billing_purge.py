"""Forgets notices after 30 days. Stripe gives up sending one after three."""

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from billing.models import StripeEvent

DAYS = 30


class Command(BaseCommand):
    help = f"Delete events that were received more than {DAYS} days ago."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="only say how many")

    def handle(self, *args: Any, **options: Any) -> None:
        old = StripeEvent.objects.filter(received_at__lt=timezone.now() - timedelta(days=DAYS))
        gone = old.count() if options["dry_run"] else old.delete()[0]
        self.stdout.write(f"{gone} events {'are due' if options['dry_run'] else 'forgotten'}.")
