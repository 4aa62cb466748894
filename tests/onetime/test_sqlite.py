"""Who writes to an SQLite database waits in line; nobody waits for ever, nor overtakes by luck."""

import subprocess
import sys
import threading
from contextlib import AbstractContextManager
from typing import Any

import pytest
from django.db import connection, transaction

from secrets_app import statements
from tests.rows import example

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "sqlite", reason="about SQLite"),
]

#: Another process that holds the turn until it is killed.
HOLDS = """
import fcntl, sys
line = open(sys.argv[1], "ab")
fcntl.flock(line, fcntl.LOCK_EX)
print("mine", flush=True)
sys.stdin.read()
"""


def line() -> str:
    return f"{connection.settings_dict['NAME']}-line"


@pytest.fixture
def holder():
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDS, line()], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdout
    assert process.stdout.readline() == b"mine\n"
    yield process
    process.kill()
    process.communicate()


def turn() -> AbstractContextManager[None]:
    database: Any = connection
    return database.turn()  # type: ignore[no-any-return]


def in_a_thread(work) -> threading.Thread:
    """With a connection of its own, which is closed at the end."""

    def run() -> None:
        try:
            work()
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def test_a_writer_waits_for_another_process_and_goes_on_when_that_is_killed(holder):
    stored = []
    writer = in_a_thread(lambda: stored.append(statements.insert(example())))
    writer.join(0.2)
    assert not stored
    holder.kill()
    writer.join(20)
    assert stored == [True]


def test_who_only_looks_does_not_wait(holder):
    assert statements.by_id(example().id) is None
    assert holder.poll() is None


def test_a_transaction_that_has_begun_does_not_wait_for_those_who_wait_for_it(holder):
    """It holds what they need next: waiting for its turn it would stop everybody."""
    with transaction.atomic():
        assert statements.insert(example())
    assert holder.poll() is None


def test_a_turn_ends_with_an_error_too():
    with pytest.raises(RuntimeError), turn():
        raise RuntimeError
    done = in_a_thread(lambda: statements.insert(example()))
    done.join(20)
    assert not done.is_alive()


def test_threads_write_one_after_the_other():
    inside, most = [], []

    def write() -> None:
        with turn():
            inside.append(1)
            most.append(len(inside))
            statements.by_id(example().id)
            inside.pop()

    threads = [in_a_thread(write) for _ in range(8)]
    for thread in threads:
        thread.join(20)
    assert most == [1] * 8
