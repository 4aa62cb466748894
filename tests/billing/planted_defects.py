"""Plants known mistakes in a copy of the tree, one at a time, and sees a test fail by each.

    python -m tests.billing.planted_defects [word in the name]

Not part of the suite: it takes minutes. To be run when this app or its tests are changed much.
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent.parent


class Defect(NamedTuple):
    name: str
    file: str
    right: str
    wrong: str
    test: str


TWELVE, DOOR = "test_twelve_failures.py::", "test_webhook.py::"
DEFECTS = (
    Defect(
        "1 reads only the older cancellation flag", "stripe_api.py",
        "ends = found.cancel_at or (period_end if found.cancel_at_period_end else None)",
        "ends = period_end if found.cancel_at_period_end else None",
        TWELVE + "test_a_cancellation_in_the_portal_is_shown_and_so_is_one_by_the_api",
    ),
    Defect(
        "1 reads only the newer cancellation date", "stripe_api.py",
        "ends = found.cancel_at or (period_end if found.cancel_at_period_end else None)",
        "ends = found.cancel_at",
        TWELVE + "test_a_cancellation_by_the_older_flag_is_shown_too",
    ),
    Defect(
        "2 takes a StripeObject for a dict", "stripe_api.py",
        'found.metadata["ref"]) if found.metadata and "ref" in found.metadata else ""',
        'found.metadata.get("ref", ""))',
        TWELVE + "test_real_notices_are_read_through_the_real_library",
    ),
    Defect(
        "3 marks a notice done before it is", "events.py",
        "    try:\n        refresh(stored.customer_id)",
        "    mine.update(processed_at=timezone.now())\n    try:\n        refresh(stored.customer_id)",
        TWELVE + "test_a_notice_is_done_only_after_success",
    ),
    Defect(
        "4 acts on the notice's own subscription", "events.py",
        "    if stored.processed_at is None:\n",
        '    if event.type.endswith("deleted"):\n'
        "        BillingAccount.objects.filter(customer_id=customer).update(status='canceled', plan=None)\n"
        "    elif stored.processed_at is None:\n",
        TWELVE + "test_a_late_notice_about_an_old_subscription_does_not_wipe_the_new_one",
    ),
    Defect(
        "5 leaves the other tab's page open", "checkout.py",
        "        close_open_pages(account)\n", "",
        TWELVE + "test_two_tabs_that_both_pay_leave_one_subscription_and_one_charge",
    ),
    Defect(
        "5 leaves two subscriptions", "sync.py", "return live(found)[1:]", "return []",
        TWELVE + "test_of_two_subscriptions_the_older_stays_and_the_other_is_given_back",
    ),
    Defect(
        "5 sells to somebody who pays already", "checkout.py",
        "    if account.is_live:\n        raise AlreadySubscribed\n", "",
        "test_checkout.py::test_somebody_who_pays_already_is_sent_to_the_portal",
    ),
    Defect(
        "5 cancels before it pays back", "sync.py",
        "        if each.latest_invoice:\n"
        '            stripe_api.refund_invoice(each.latest_invoice, f"dup-{each.id}")\n', "",
        TWELVE + "test_of_two_subscriptions_the_older_stays_and_the_other_is_given_back",
    ),
    Defect(
        "6 makes the key of a page from the person", "stripe_api.py",
        '{"idempotency_key": str(uuid4())}', '{"idempotency_key": f"checkout-{ref}"}',
        TWELVE + "test_each_checkout_page_has_a_key_of_its_own",
    ),
    Defect(
        "7 writes whatever was read", "sync.py",
        "filter(pk=before.pk, rev=before.rev)", "filter(pk=before.pk)",
        TWELVE + "test_a_slow_old_reading_does_not_overwrite_a_newer_one",
    ),
    Defect(
        "8 looks first and inserts then", "events.py",
        "    stored, _made = StripeEvent.objects.get_or_create(\n"
        '        event_id=event.id, defaults={"type": event.type, "customer_id": customer}\n    )\n',
        "    stored = StripeEvent.objects.filter(event_id=event.id).first()\n"
        "    stored = stored or StripeEvent.objects.create(\n"
        "        event_id=event.id, type=event.type, customer_id=customer)\n",
        TWELVE + "test_parallel_deliveries_of_one_notice_are_all_accepted_and_stored_once",
    ),
    Defect(
        "9 closes although Stripe is silent", "closing.py",
        "    except StripeFailed as failure:\n        raise CannotClose(",
        "    except StripeFailed as failure:\n        return\n        raise CannotClose(",
        TWELVE + "test_an_account_is_not_closed_while_stripe_does_not_confirm_the_end",
    ),
    Defect(
        "9 deletes the user past the cancellation", "models.py",
        "settings.AUTH_USER_MODEL, models.PROTECT", "settings.AUTH_USER_MODEL, models.CASCADE",
        "test_closing.py::test_a_user_who_is_deleted_past_all_that_is_protected",
    ),
    Defect(
        "10 counts the grace from the period's end", "models.py",
        "since = self.unpaid_since or self.period_start", "since = self.period_end",
        TWELVE + "test_the_grace_is_bounded_and_begins_with_the_unpaid_period",
    ),
    Defect(
        "10 locks out at the first decline", "models.py",
        "return self.plan_id if until and now < until else None", "return None",
        TWELVE + "test_the_grace_is_bounded_and_begins_with_the_unpaid_period",
    ),
    Defect(
        "10 forgets the invoice of a switch", "models.py",
        "since = self.unpaid_since or self.period_start", "since = self.period_start",
        "test_portal.py::test_a_failed_upgrade_has_a_grace_of_its_own",
    ),
    Defect(
        "11 gives a trial after each cancellation", "checkout.py",
        "0 if account.trial_used else settings.BILLING_TRIAL_DAYS", "settings.BILLING_TRIAL_DAYS",
        TWELVE + "test_there_is_one_trial_a_person_even_after_cancelling",
    ),
    Defect(
        "11 judges the trial by what is live", "sync.py",
        "any(each.had_trial for each in found)", "any(each.had_trial for each in live(found))",
        TWELVE + "test_a_trial_that_was_had_behind_the_sites_back_counts",
    ),
    Defect(
        "12 accepts notices while there is no secret", "webhook.py",
        'return said(503, "no webhook secret is configured")', 'return said(200, "ok")',
        TWELVE + "test_without_a_webhook_secret_every_notice_is_refused_with_503",
    ),
    Defect(
        "believes notices of the other mode", "webhook.py",
        "event.livemode is not settings.STRIPE_LIVEMODE", "False",
        DOOR + "test_a_notice_of_the_other_mode_is_refused",
    ),
    Defect(
        "does a replayed notice again", "events.py",
        "    if stored.processed_at is None:\n        process(stored)", "    process(stored)",
        DOOR + "test_a_replayed_notice_is_accepted_and_does_nothing",
    ),
    Defect(
        "believes the redirect", "checkout.py",
        "if account is None or ref != str(account.ref):", "if account is None:",
        "test_checkout.py::test_a_stranger_cannot_come_back_with_somebody_elses_page",
    ),
    Defect(
        "keeps limits past a change", "limits.py",
        "_kept, _generation = None, _generation + 1", "pass",
        "test_limits.py::test_an_operators_change_is_seen_at_once_here",
    ),
    Defect(
        "lets every page lead to Stripe", "views.py",
        'return page(request, "billing/done.html", context)',
        'return page(request, "billing/done.html", context, to_stripe=True)',
        "test_pages.py::test_only_pages_with_such_a_form_may_lead_to_stripe",
    ),
)  # fmt: skip


def caught(defect: Defect, tree: Path) -> bool:
    """Whether the test passes in the sound tree's copy and fails once the defect is in it."""
    path = tree / "billing" / defect.file
    sound = path.read_text()
    if sound.count(defect.right) != 1:
        raise SystemExit(f"{defect.name}: {defect.file} no longer has the place just once")
    path.write_text(sound.replace(defect.right, defect.wrong))
    try:
        return run(defect, tree) == 1
    finally:
        path.write_text(sound)


def run(defect: Defect, tree: Path) -> int:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"tests/billing/{defect.test}"]
    return subprocess.run(command, cwd=tree, capture_output=True, check=False).returncode


def main() -> int:
    word = " ".join(sys.argv[1:])
    missed = 0
    with tempfile.TemporaryDirectory() as directory:
        tree = Path(directory) / "tree"
        shutil.copytree(ROOT, tree, ignore=shutil.ignore_patterns(".git", ".venv", "var", "*_cache", "docs"))
        for defect in (each for each in DEFECTS if word in each.name):
            ok = caught(defect, tree)
            missed += not ok
            sys.stdout.write(f"{'caught' if ok else 'MISSED'}  {defect.name}\n")
            sys.stdout.flush()
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
