"""`python -m tests.stripe_local --port 12111 --webhook http://127.0.0.1:8000/billing/webhook --secret whsec_…`"""

import argparse
import sys
import threading

from . import WEBHOOK_SECRET, StripeLocal


def main() -> None:
    """Run until interrupted."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.stripe_local", description="A stand-in for Stripe."
    )
    parser.add_argument("--port", type=int, default=12111)
    parser.add_argument("--webhook", default="", help="where events go (loopback only)")
    parser.add_argument("--secret", default=WEBHOOK_SECRET, help="signs them")
    chosen = parser.parse_args()
    with StripeLocal(
        port=chosen.port, webhook_url=chosen.webhook, secret=chosen.secret, mode="auto"
    ) as local:
        sys.stdout.write(f"Stripe stand-in: {local.url}  key: {local.key}  buttons: {local.url}/_control/\n")
        sys.stdout.flush()
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            sys.stdout.write("\n")


if __name__ == "__main__":
    main()
