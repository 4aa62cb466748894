"""Repairing what notices did not bring: once an hour everything is read again."""

from collections.abc import Iterator
from typing import Any

from billing import events, stripe_api
from billing.models import BillingAccount
from billing.stripe_api import StripeFailed
from billing.sync import columns, live, nothing, one_too_many, ours, plan_of, sync

#: What a person would notice; the rest follows from it.
TOLD = ("subscription_id", "status", "plan_id", "ends_at", "unpaid_since")


class Failed(Exception):
    """One thing could not be repaired; the others were."""


def run(*, dry_run: bool) -> Iterator[str]:
    """Repair everything, a line for each thing that was not as it should be.

    Raises Failed at the end where something could not be done. `dry_run` changes nothing.
    """
    failures = 0
    for step in (replay, read_all, orphans):
        for line, failed in step(dry_run):
            failures += failed
            yield line
    if failures:
        raise Failed(failures)


def replay(dry_run: bool) -> Iterator[tuple[str, bool]]:
    """Notices that were received and not done."""
    for event in events.open_events():
        if dry_run:
            yield f"{event}: not done yet", False
            continue
        try:
            events.process(event)
        except StripeFailed as failure:
            yield f"{event}: still not done ({type(failure).__name__})", True
        else:
            yield f"{event}: done now", False


def read_all(dry_run: bool) -> Iterator[tuple[str, bool]]:
    """Every customer, also those of whom nothing was heard."""
    for account in BillingAccount.objects.exclude(customer_id=None).order_by("pk").iterator():
        before = seen(vars(account))
        try:
            after = would_be(account) if dry_run else seen(vars(sync(account)))
        except BillingAccount.DoesNotExist:
            continue
        except StripeFailed as failure:
            yield f"{account.customer_id}: could not be read ({type(failure).__name__})", True
            continue
        if changed := [name for name in TOLD if before[name] != after[name]]:
            yield (
                f"{account.customer_id}: {', '.join(describe(before, after, name) for name in changed)}",
                False,
            )


def seen(row: dict[str, Any]) -> dict[str, Any]:
    return {name: row[name] for name in TOLD}


def would_be(account: BillingAccount) -> dict[str, Any]:
    """What reading would store, without storing it or ending duplicates."""
    try:
        return seen(columns(account, ours(account)))
    except stripe_api.Missing:
        return seen(nothing())


def describe(before: dict[str, Any], after: dict[str, Any], name: str) -> str:
    return f"{name} was {before[name] or 'empty'}, is {after[name] or 'empty'}"


def orphans(_dry_run: bool) -> Iterator[tuple[str, bool]]:
    """Who pays for a plan and has no account here."""
    try:
        paying = live(stripe_api.subscriptions(status=""))
    except StripeFailed as failure:
        yield f"subscriptions could not be listed ({type(failure).__name__})", True
        return
    known = set(BillingAccount.objects.exclude(customer_id=None).values_list("customer_id", flat=True))
    for each in paying:
        if each.customer not in known and (each.ref or plan_of(each)):
            yield f"{each.customer} pays for {each.id} and has no account here", False


def duplicates() -> Iterator[str]:
    """Who has more than one live subscription to our plans."""
    for account in BillingAccount.objects.exclude(customer_id=None).order_by("pk").iterator():
        try:
            extra = one_too_many(ours(account))
        except stripe_api.Missing:
            continue
        for each in extra:
            yield f"{account.customer_id} also has {each.id}"
