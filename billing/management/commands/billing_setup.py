"""Makes what Stripe needs once: the webhook endpoint and the portal's configuration."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from billing import portal, setup
from billing.management.talking import talking_to_stripe


class Command(BaseCommand):
    help = "Make or update the webhook endpoint and the portal configuration. Repeatable."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--rotate", action="store_true", help="a second endpoint with a new secret")
        parser.add_argument(
            "--remove-old", action="store_true", help="remove every endpoint of this site but the newest"
        )

    @talking_to_stripe()
    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"Portal configuration: {portal.update()}")
        if options["remove_old"]:
            self.stdout.write(f"Removed {setup.remove_old()} endpoints.")
            return
        made = setup.endpoint(rotate=options["rotate"])
        self.stdout.write(f"Endpoint {made.id}: {made.url}")
        if made.secret:
            self.stdout.write(
                "Stripe shows its secret this once. Put it first in STRIPE_WEBHOOK_SECRETS and restart:\n"
                f"{made.secret}"
            )
