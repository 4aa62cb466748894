"""A warning where PostgreSQL would write statements, and the sealed content in them, into its own log."""

import io
import subprocess
import sys

import pytest
from django.core.checks import Warning as CheckWarning
from django.core.management import call_command
from django.db import connection

from onetime import checks
from tests.site import ROOT, free_port, site_environment

pytestmark = pytest.mark.django_db
on_postgresql = pytest.mark.skipif(connection.vendor != "postgresql", reason="about PostgreSQL's log")

QUIET = {
    "log_min_error_statement": "panic", "log_parameter_max_length_on_error": "0", "log_statement": "none",
    "log_min_duration_statement": "-1", "log_min_duration_sample": "-1", "log_transaction_sample_rate": "0",
}  # fmt: skip


def configure(**changes):
    """PostgreSQL's settings for the transaction of this test, which takes a superuser, as CI has one."""
    with connection.cursor() as cursor:
        for name, value in (QUIET | changes).items():
            cursor.execute("SELECT set_config(%s, %s, true)", [name, value])


def said():
    """The warnings of the command, which succeeds in spite of them."""
    output = io.StringIO()
    call_command("check", "--tag", "privacy", "--database", "default", stderr=output)
    return output.getvalue()


@on_postgresql
def test_a_quiet_one_is_not_warned_of():
    configure()
    assert said() == ""


@on_postgresql
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("log_min_error_statement", "error"), ("log_min_error_statement", "debug5"),
        ("log_min_error_statement", "log"), ("log_min_error_statement", "fatal"),
        ("log_parameter_max_length_on_error", "-1"), ("log_parameter_max_length_on_error", "64"),
        ("log_statement", "mod"), ("log_statement", "all"), ("log_min_duration_statement", "250"),
        ("log_min_duration_sample", "0"), ("log_transaction_sample_rate", "0.5"),
    ],
)  # fmt: skip
def test_each_setting_that_lets_it_quote_statements_is_named_with_what_to_do(name, value):
    configure(**{name: value})
    (warning,) = checks.check_database_log(databases=["default"])
    assert warning.id == "privacy.W001"
    assert f"{name} is {value}" in warning.msg
    assert f"SET {name} = {QUIET[name]}" in str(warning.hint)
    assert warning.msg in said()


@on_postgresql
def test_it_is_a_warning_and_stops_no_server():
    configure(log_min_error_statement="error")
    (warning,) = checks.check_database_log(databases=["default"])
    assert isinstance(warning, CheckWarning)
    checks.refuse_to_start()


@on_postgresql
def test_preparing_an_installation_warns_too(settings, tmp_path):
    settings.STATIC_ROOT = tmp_path
    configure(log_statement="all")
    output = io.StringIO()
    call_command("prepare", stdout=io.StringIO(), stderr=output)
    assert "log_statement is all" in output.getvalue()


@on_postgresql
def test_commands_that_name_no_database_do_not_ask_it(django_assert_num_queries):
    configure(log_statement="all")
    with django_assert_num_queries(0):
        call_command("check", "--tag", "privacy")


@pytest.mark.skipif(connection.vendor != "sqlite", reason="about SQLite, which writes no log")
def test_a_database_that_writes_no_log_is_not_asked(django_assert_num_queries):
    with django_assert_num_queries(0):
        assert checks.check_database_log(databases=["default"]) == []


def test_a_database_that_is_away_is_no_failure(tmp_path):
    env = site_environment(tmp_path, 9, f"postgres://nobody@127.0.0.1:{free_port()}/nothing")
    done = subprocess.run(
        [sys.executable, "manage.py", "check", "--tag", "privacy", "--database", "default"],
        cwd=ROOT, env=env, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "no issues" in done.stdout
