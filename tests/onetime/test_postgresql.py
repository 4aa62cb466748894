"""A connection that is kept between requests: trusted without asking, and never after it has ended."""

import uuid
from contextlib import suppress
from typing import Any

import psycopg
import pytest
from django.db import DataError, OperationalError, ProgrammingError, connection, transaction

from secrets_app import statements

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "postgresql", reason="about PostgreSQL's connections"),
]


def ask() -> int:
    """One statement of a new request; which process of the server answers."""
    connection.close_if_unusable_or_obsolete()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return int(cursor.fetchone()[0])


@pytest.fixture
def asked(monkeypatch):
    """How often the server was really asked whether it lives."""
    from django.db.backends.postgresql import base

    times = []
    usable = base.DatabaseWrapper.is_usable

    def counted(self):
        times.append(1)
        return usable(self)

    monkeypatch.setattr(base.DatabaseWrapper, "is_usable", counted)
    connection.close()
    ask()
    return times


def test_a_busy_connection_is_not_asked_again(asked):
    ask()
    asked.clear()
    pids = {ask() for _ in range(3)}
    assert len(pids) == 1
    assert asked == []


def test_a_connection_that_the_server_ended_is_replaced_before_it_is_used(asked):
    """A restart or a failover of the database fails no request that comes after it."""
    old = ask()
    asked.clear()
    with psycopg.connect(**plain()) as other:
        other.execute("SELECT pg_terminate_backend(%s, 2000)", [old])
    assert ask() != old
    assert asked


def plain() -> dict[str, Any]:
    """Where the server is, without Django's own connection options."""
    given = connection.settings_dict
    names = {"host": "HOST", "port": "PORT", "user": "USER", "password": "PASSWORD", "dbname": "NAME"}
    return {name: given[key] for name, key in names.items() if given[key]}


def test_after_a_silence_or_an_error_the_server_is_asked(asked, monkeypatch):
    ask()
    asked.clear()
    monkeypatch.setattr("onetime.postgresql.base.TRUSTED_SECONDS", 0)
    ask()
    assert asked == [1]
    monkeypatch.undo()
    connection.errors_occurred = True
    ask()
    assert not connection.errors_occurred


def test_a_statement_for_the_driver_heeds_the_transaction_of_django():
    database: Any = connection
    with transaction.atomic():
        database.run("CREATE TABLE heeded (id integer)", [])
        transaction.set_rollback(True)
    with pytest.raises(ProgrammingError):
        database.run("SELECT id FROM heeded WHERE id = $1", [1])


def test_a_statement_for_the_driver_is_refused_where_the_transaction_is_broken():
    database: Any = connection
    with transaction.atomic():
        with suppress(DataError), transaction.atomic(savepoint=False):
            database.run("SELECT 1 / $1::int", [0])
        with pytest.raises(transaction.TransactionManagementError):
            database.run("SELECT 1", [])


def test_a_connection_that_ended_under_a_statement_is_an_error_of_django_and_is_replaced():
    database: Any = connection
    old = ask()
    with psycopg.connect(**plain()) as other:
        other.execute("SELECT pg_terminate_backend(%s, 2000)", [old])
    with pytest.raises(OperationalError):
        database.run("SELECT 1", [])
    assert ask() != old


def test_whoever_counts_statements_sees_those_for_the_driver_too(django_assert_num_queries):
    """So a test of how many there are tests what runs."""
    with django_assert_num_queries(1):
        assert statements.by_id(uuid.uuid4()) is None
