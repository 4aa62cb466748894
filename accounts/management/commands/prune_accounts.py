"""Deletes accounts whose address nobody confirmed. Run it daily."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from accounts import services


class Command(BaseCommand):
    help = "Delete accounts whose address was never confirmed, and sessions that have ended."

    def add_arguments(self, parser: ArgumentParser) -> None:
        days = services.UNVERIFIED_DAYS
        parser.add_argument("--days", type=int, default=days, help=f"their age (default {days})")
        parser.add_argument("--dry-run", action="store_true", help="only count")

    def handle(self, *args: Any, **options: Any) -> None:
        dry_run: bool = options["dry_run"]
        accounts = services.prune(options["days"], dry_run=dry_run)
        if not dry_run:
            services.forget_sessions()
        verb = "would be deleted" if dry_run else "deleted"
        self.stdout.write(f"{accounts} unconfirmed accounts {verb}.")
