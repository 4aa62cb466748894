"""A connection that is kept between requests: trusted without asking, and never after it has ended."""

import uuid
from typing import Any

import psycopg
import pytest
from django.db import (
    DataError,
    OperationalError,
    ProgrammingError,
    connection,
    transaction,
)

from secrets_app import statements
from tests.rows import example

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


def named() -> int:
    """How many statements this connection's server has prepared."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_prepared_statements")
        return int(cursor.fetchone()[0])


def test_in_a_transaction_of_django_the_main_job_goes_with_it():
    """What is rolled back stores nothing, for it does not go to the driver past Django."""
    database: Any = connection
    made = example()
    assert database.runs
    with transaction.atomic():
        assert not database.runs
        assert statements.insert(made)
        transaction.set_rollback(True)
    assert statements.by_id(made.id) is None


def test_a_statement_is_read_and_planned_once_a_connection():
    connection.close()
    for _ in range(3):
        assert statements.insert(example())
    assert named() == 1
    connection.close()
    assert named() == 0


def test_nothing_is_prepared_behind_a_pooler(monkeypatch):
    """It would give the next request another connection, which knows of none."""
    monkeypatch.setattr("onetime.postgresql.base.is_direct", lambda _connection: False)
    connection.close()
    made = example()
    assert statements.insert(made)
    assert not statements.insert(made)
    assert named() == 0
    connection.close()


def test_nobody_notices_that_a_migration_has_changed_what_was_prepared():
    """An old version runs beside it: the plan of its statement no longer holds, and is made anew."""
    database: Any = connection
    ask = "SELECT one FROM planned WHERE $1"
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE planned AS SELECT 1::int AS one")
        assert database.run(ask, [True]) == (1, (1,))
        cursor.execute("ALTER TABLE planned ALTER one TYPE text")
        assert database.run(ask, [True]) == (1, ("1",))
        cursor.execute("DROP TABLE planned")


def test_nobody_notices_that_what_was_prepared_is_gone():
    made = example()
    assert statements.insert(made)
    with connection.cursor() as cursor:
        cursor.execute("DEALLOCATE ALL")
    assert not statements.insert(made)


@pytest.mark.parametrize("prepared", [True, False])
def test_a_statement_that_fails_is_an_error_of_django(monkeypatch, prepared):
    monkeypatch.setattr("onetime.postgresql.base.is_direct", lambda _connection: prepared)
    connection.close()
    database: Any = connection
    with pytest.raises(DataError):
        database.run("SELECT 1 / $1::int", [0])
    with pytest.raises(ProgrammingError):
        database.run("SELECT nothing", [])
    assert database.run("SELECT 1 / $1::int WHERE false", [1]) == (0, None)
    connection.close()


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
