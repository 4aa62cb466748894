"""`purge_secrets` erases what is past its time, in batches, however many run."""

import datetime as dt
import io
import secrets
import threading

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.db import connection, connections
from django.utils import timezone

from billing.limits import ANONYMOUS
from secrets_app import envelope, here, housekeeping, services
from secrets_app.envelope import Contents
from secrets_app.models import Secret, State

pytestmark = pytest.mark.django_db


def make(ttl=60, **more):
    return services.create_here(Contents("text"), None, ttl=ttl, limits=ANONYMOUS, **more)


def purge(*arguments):
    out = io.StringIO()
    call_command("purge_secrets", *arguments, stdout=out)
    return out.getvalue().strip()


def test_what_is_not_due_stays():
    make()
    assert purge() == "Erased 0 contents, forgot 0 receipts."
    assert Secret.objects.get().content is not None


def test_an_expired_secret_becomes_a_tombstone_and_then_goes():
    made = make()
    with time_machine.travel(made.secret.expires_at, tick=False):
        assert purge() == "Erased 1 contents, forgot 0 receipts."
        assert purge() == "Erased 0 contents, forgot 0 receipts."
    row = Secret.objects.get()
    assert (row.state, row.content) == (State.EXPIRED, None)
    with time_machine.travel(made.secret.forget_at, tick=False):
        assert purge() == "Erased 0 contents, forgot 1 receipts."
    assert not Secret.objects.exists()


def test_an_opened_secret_loses_its_content_after_the_hold_and_stays_opened():
    made = make(ttl=3600)
    held = here.open_link(made.link, None, secrets.token_bytes(16))
    with time_machine.travel(held.hold_until - dt.timedelta(seconds=1), tick=False):
        purge()
        assert Secret.objects.get().content is not None
    with time_machine.travel(held.hold_until, tick=False):
        purge()
    row = Secret.objects.get()
    assert (row.state, row.content) == (State.OPENED, None)


@pytest.mark.parametrize("end", ["burn", "acknowledge"])
def test_a_tombstone_is_kept_until_twice_the_lifetime(end):
    made = make()
    if end == "burn":
        services.burn(made.receipt)
    else:
        nonce = secrets.token_bytes(16)
        here.open_link(made.link, None, nonce)
        services.acknowledge(envelope.secret_id(made.link), nonce)
    with time_machine.travel(made.secret.forget_at - dt.timedelta(seconds=1), tick=False):
        assert purge() == "Erased 0 contents, forgot 0 receipts."
    with time_machine.travel(made.secret.forget_at, tick=False):
        assert purge() == "Erased 0 contents, forgot 1 receipts."


def test_batches_add_up():
    made = [make() for _ in range(7)]
    with time_machine.travel(made[-1].secret.expires_at, tick=False):
        assert purge("--batch", "2") == "Erased 7 contents, forgot 0 receipts."


def test_a_dry_run_only_counts():
    made = make()
    with time_machine.travel(made.secret.expires_at, tick=False):
        assert purge("--dry-run") == "1 rows are due."
        assert Secret.objects.get().content is not None


def test_quiet_says_nothing_when_there_was_nothing():
    assert purge("--quiet") == ""


@pytest.mark.parametrize("arguments", [("--batch", "0"), ("--loop", "0"), ("--batch", "-5")])
def test_a_senseless_number_is_refused(arguments):
    with pytest.raises(CommandError):
        purge(*arguments)


def test_due_rows_are_found_by_the_index(django_assert_num_queries):
    """Purging costs in proportion to what is due: the plan reads the index on due_at."""
    for _ in range(3):
        make()
    sql, parameters = housekeeping.due().order_by("due_at").query.sql_with_params()
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET enable_seqscan = off")
            cursor.execute(f"EXPLAIN {sql}", parameters)
        else:
            cursor.execute(f"EXPLAIN QUERY PLAN {sql}", parameters)
        plan = str(cursor.fetchall())
    assert "due_at" in plan


@pytest.mark.django_db(transaction=True)
def test_many_purges_at_once_erase_each_row_once():
    for _ in range(40):
        make(ttl=60)
    Secret.objects.update(due_at=timezone.now())
    results = []

    def work():
        try:
            while any(done := housekeeping.purge_batch(3)):
                results.append(done.erased)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(results) == 40
    assert not Secret.objects.filter(content__isnull=False).exists()
