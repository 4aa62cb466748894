"""`make demo`: the site with the stand-in for Stripe, so that anybody can click through a subscription.

Begins anew each time, in var/demo. Nothing leaves this machine and no card is charged.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from onetime import embedded
from tests.stripe_local import StripeLocal

ROOT = Path(__file__).resolve().parent.parent
OPERATOR = "operator@example.com"
FILL = "from tests.demo import fill; fill()"


def fill() -> None:
    """What an operator would have set up: a public plan with two prices, a larger one, an operator."""
    from accounts.models import User
    from billing.catalogue import set_price
    from billing.models import Plan

    plus = Plan.objects.get(slug="plus")
    team = Plan.objects.get(slug="plus")
    team.pk, team.slug, team.name, team.position = None, "team", "Team", 3
    team.summary, team.max_files_bytes, team.creates_per_day = "For many hands.", 500_000_000, 50_000
    for plan in (plus, team):
        plan.offered = True
        plan.save()
    for plan, interval, amount in ((plus, "month", 900), (plus, "year", 9000), (team, "month", 8500)):
        set_price(plan, interval, "cad", amount)
    User.objects.create_superuser(OPERATOR)


def manage(env: dict[str, str], *arguments: str) -> None:
    subprocess.run([sys.executable, str(ROOT / "manage.py"), *arguments], env=env, cwd=ROOT, check=True)


def main() -> int:
    port, var = int(os.environ.get("PORT", "8000")), ROOT / "var" / "demo"
    shutil.rmtree(var, ignore_errors=True)
    stripe_port = int(os.environ.get("STRIPE_PORT", "12111"))
    webhook = f"http://127.0.0.1:{port}/billing/webhook"
    with StripeLocal(port=stripe_port, webhook_url=webhook, mode="auto") as local:
        os.environ |= {
            "ONETIME_VAR": str(var),
            "STRIPE_SECRET_KEY": local.key,
            "STRIPE_WEBHOOK_SECRETS": local.secret,
            "STRIPE_API_BASE": local.url,
        }
        env = embedded.environment(var, port)
        manage(env, "prepare")
        manage(env, "shell", "--no-imports", "-c", FILL)
        sys.stdout.write(
            f"\n  A demo with pretended payments. Sign in as anybody; codes appear here. {OPERATOR} is an operator."
            f"\n  Move time, break cards and lose notices at {local.url}/_control/\n"
        )
        return embedded.main()


if __name__ == "__main__":
    sys.exit(main())
