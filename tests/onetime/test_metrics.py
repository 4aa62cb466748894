"""Numbers for operators: exact, without labels, and no such page for anybody else."""

import re
from datetime import timedelta

import pytest
from django.db import OperationalError
from django.test import Client
from django.utils import timezone

from accounts.models import User
from onetime import inventory, metrics
from onetime.inventory import Kind
from secrets_app.models import Secret
from tests.accounts.people import CHARLIE
from tests.pages import make

pytestmark = pytest.mark.django_db

TOKEN = "m" * 32
LINE = re.compile(r"[a-z_]+ -?[0-9.e+-]+")


@pytest.fixture(autouse=True)
def _switched_on(settings):
    settings.METRICS_TOKEN = TOKEN
    metrics.forget()


def ask(token: str = TOKEN, scheme: str = "Bearer"):
    return Client().get("/metrics", headers={"authorization": f"{scheme} {token}"})


def values() -> dict[str, float]:
    lines = [line for line in ask().text.splitlines() if not line.startswith("#")]
    return {name: float(value) for name, value in (line.split() for line in lines)}


def same_as_nowhere(answer) -> bool:
    nowhere = Client().get("/nowhere")
    texts = (answer.text.replace("/metrics", "/nowhere"), nowhere.text)  # the links to other languages
    return (
        answer.status_code == 404 and texts[0] == texts[1] and dict(answer.headers) == dict(nowhere.headers)
    )


def test_who_does_not_have_the_token_is_told_that_there_is_no_such_page():
    assert same_as_nowhere(Client().get("/metrics"))
    for token, scheme in (("x" * 32, "Bearer"), (TOKEN[:-1], "Bearer"), (TOKEN, "Basic"), ("ü", "Bearer")):
        assert same_as_nowhere(ask(token, scheme))
    assert Client().post("/metrics", headers={"authorization": f"Bearer {TOKEN}"}).status_code == 404


def test_without_a_token_set_nothing_opens_it(settings):
    settings.METRICS_TOKEN = ""
    assert same_as_nowhere(ask(""))
    assert same_as_nowhere(ask(TOKEN))


def test_it_counts_what_lives_and_what_waits_for_the_purge():
    make()
    gone = make()
    Secret.objects.filter(pk=gone.secret.pk).update(
        expires_at=timezone.now(), due_at=timezone.now() - timedelta(seconds=90)
    )
    User.objects.create_user(CHARLIE)
    found = values()
    assert found["onetime_secrets_live"] == 1
    assert found["onetime_secrets_due"] == 1
    assert 90 <= found["onetime_purge_lag_seconds"] < 120
    assert found["onetime_accounts"] == 1
    assert found["onetime_database_up"] == 1
    assert found["onetime_worker_resident_bytes"] > 1e6


def test_the_counts_over_a_whole_table_are_not_made_for_each_scrape():
    assert values()["onetime_secrets_live"] == 0
    make()
    assert values()["onetime_secrets_live"] == 0
    metrics.forget()
    assert values()["onetime_secrets_live"] == 1


def test_every_number_has_a_name_and_no_label():
    """A label could name somebody; without one there is nothing but the declared names."""
    lines = ask().text.splitlines()
    numbers = [line for line in lines if not line.startswith("#")]
    assert all(LINE.fullmatch(line) for line in numbers), numbers
    assert {line.split()[0] for line in numbers} == set(inventory.names(Kind.METRIC))
    assert len(lines) == 3 * len(numbers)


def test_it_is_never_stored_and_is_text_that_prometheus_reads():
    answer = ask()
    assert answer["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert answer["Cache-Control"] == "no-store"
    assert "Set-Cookie" not in answer


def test_without_the_database_the_rest_is_told(monkeypatch):
    def away() -> float:
        raise OperationalError

    monkeypatch.setattr(next(iter(metrics._of_apps.values())), "measure", away)
    metrics.forget()
    found = values()
    assert found["onetime_database_up"] == 0
    assert "onetime_worker_resident_bytes" in found


def test_an_undeclared_number_stops_the_site():
    """What is counted is in the inventory, as everything else is."""
    metrics.register(metrics.Gauge("onetime_visitors", "Planted.", lambda: 0))
    try:
        undeclared, _gone = inventory.compare(inventory.names(Kind.METRIC), inventory.found()[Kind.METRIC])
        assert undeclared == ["onetime_visitors"]
    finally:
        del metrics._of_apps["onetime_visitors"]


def test_reading_it_writes_nothing(django_assert_max_num_queries):
    with django_assert_max_num_queries(10) as queries:
        ask()
    assert all(query["sql"].startswith("SELECT") for query in queries.captured_queries)
