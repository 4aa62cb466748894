"""The figures of docs/performance.md: their arithmetic, and what is read from the load generator."""

import time
from typing import Any

import pytest

from benchmarks import load, machine, report, targets
from benchmarks.arithmetic import one_after_the_other, ratio, round_figures, spread
from benchmarks.cases import all_cases
from benchmarks.chart import svg
from benchmarks.costs import Clock, quiet_quarter
from benchmarks.load import Load, LoadFailed


def test_a_spread_is_the_median_with_the_extremes_beside_it():
    seen = spread([30.0, 10.0, 20.0])
    assert (seen.median, seen.least, seen.most, seen.percent) == (20.0, 10.0, 30.0, 100.0)
    with pytest.raises(ValueError, match="nothing was measured"):
        spread([])


def test_doing_two_things_in_turn_is_slower_than_either():
    assert one_after_the_other(1000.0, 1000.0) == 500.0
    assert one_after_the_other(3000.0, 1500.0) == pytest.approx(1000.0)


def test_a_ratio_compares_round_with_round():
    """A round that everything was slow in changes no ratio."""
    assert ratio([200.0, 20.0, 210.0], [100.0, 10.0, 100.0]) == 2.0
    with pytest.raises(ValueError):
        ratio([1.0], [1.0, 2.0])


@pytest.mark.parametrize(("value", "shown"), [(1234.5, 1230.0), (0.012345, 0.0123), (0, 0.0)])
def test_figures_are_rounded_to_what_they_are_worth(value, shown):
    assert round_figures(value) == shown


WRK = '{"requests":300,"microseconds":3000000,"bytes":60000,"errors":2,"p50":1500.0,"p99":9000.0,"worst":20000.0}'


def test_what_wrk_says_is_read_in_our_units():
    seen = load.seen(f"noise\n{WRK}\n", 0, 0.6, 3.9)
    assert (seen.rate, seen.p50, seen.p99, seen.bytes, seen.errors) == (100.0, 1.5, 9.0, 200.0, 2)
    assert seen.generator == pytest.approx(0.2)
    assert seen.processor == pytest.approx(13_000)  # of two cores that worked for 300 requests


def test_the_processors_have_worked_longer_after_work():
    before = machine.busy_seconds()
    until = time.process_time() + 0.3
    while time.process_time() < until:
        sum(range(1000))
    assert machine.busy_seconds() - before >= 0.2


@pytest.mark.parametrize(("said", "code"), [("unable to connect", 1), ("", 0), (WRK, 1)])
def test_a_load_generator_that_failed_gives_no_figures(said, code):
    with pytest.raises(LoadFailed):
        load.seen(said, code, 0.1, 0.1)


def test_the_command_names_what_load_lua_reads():
    assert load.command(Load("claim", 16, 3), "http://127.0.0.1:1/")[-5:-1] == ["--", "claim", "-", "-"]


def test_every_case_has_a_name_of_its_own_and_a_scenario():
    cases = all_cases()
    assert len({case.key for case in cases}) == len(cases)
    text = load.LUA.read_text()
    assert all(f"  {case.scenario} = function" in text for case in cases)


def found(create: float, p99: float = 4.0) -> dict[str, Any]:
    rates = {
        "empty: an empty view": 8000.0,
        "snappass: create 1 kB": 1000.0,
        "postgres: create 1 kB": create,
        "postgres: home page": 6000.0,
    }
    cases = [
        {
            "key": f"{name}, 16", "server": name.partition(":")[0], "what": name.partition(": ")[2].removesuffix(" 1 kB"), "connections": 16,
            "size": 1000 if "kB" in name else 0, "rates": [rate, rate], "p50": [1.0, 1.0], "p99": [p99, p99], "generator": [0.1], "processor": [450.0], "bytes": 1,
            "errors": 0,
        }
        for name, rate in rates.items()
    ]  # fmt: skip
    return {
        "date": "2026-11-22", "machine": {"memory": "8 GB"}, "rounds": 2, "seconds": 1, "cases": cases,
        "bare": {"insert": [4000.0, 4000.0]}, "bare_processor": {"insert": [480.0]},
        "memory_megabytes": {"postgres": [80.0, 91.0]}, "own_megabytes": {"postgres": [60.0, 61.0]},
        "first_answer_seconds": [1.0],
    }  # fmt: skip


def verdicts(seen: dict[str, Any]) -> dict[str, bool]:
    return {check.promise: check.kept for check in targets.checks(seen)}


def test_a_promise_is_kept_or_missed_by_its_ratio():
    kept = verdicts(found(create=1700.0))
    assert kept["create over SnapPass's create, 16 connections"]
    assert kept["create of what view and database allow, 16 connections"]  # 0.6 of 2667 is 1600
    assert not kept["home page over an empty view, 16 connections"]  # 0.75
    missed = verdicts(found(create=1400.0))
    assert not missed["create over SnapPass's create, 16 connections"]
    assert not missed["create of what view and database allow, 16 connections"]


def test_tails_memory_and_start_may_only_be_smaller():
    kept = verdicts(found(create=1700.0))
    assert kept["p99 over p50 of postgres: create 1 kB, 16 connections"]
    assert not verdicts(found(1700.0, p99=5.1))["p99 over p50 of postgres: create 1 kB, 16 connections"]
    assert not kept["megabytes of a worker, postgres"]  # the largest counts
    assert kept["seconds to the first answer"]


def test_the_document_gets_every_figure_and_the_chart_every_case():
    seen = found(create=1700.0)
    text = report.tables(seen)
    assert "| PostgreSQL and Redis | create 1 kB | 16 | 1,700 | 0 % | 1.00 | 4.00 |" in text
    assert "4,000 a second (spread 0 %), 480 µs of the processors for each" in text
    assert "| create over SnapPass's create, 16 connections | 1.7 | ≥ 1.5 | yes |" in text
    picture = svg(seen)
    assert picture.count("<rect") == len(seen["cases"]) + 1
    assert "<script" not in picture


def test_a_document_without_a_place_for_the_figures_is_not_written(tmp_path, monkeypatch):
    document = tmp_path / "performance.md"
    document.write_text("nothing here")
    monkeypatch.setattr(report, "DOCUMENT", document)
    with pytest.raises(ValueError, match="no place"):
        report.fill("measured", "figures")
    assert document.read_text() == "nothing here"


def test_only_the_innermost_part_is_charged(monkeypatch):
    now = iter([0.0, 1.0, 3.0, 6.0])
    monkeypatch.setattr("benchmarks.costs.time.perf_counter", lambda: next(now))
    clock = Clock()
    inner = clock.charged("inner", lambda: None)
    clock.charged("outer", inner)()
    assert clock.spent == {"outer": 1.0 + 3.0, "inner": 2.0}


def test_costs_come_from_the_quickest_quarter():
    runs = [{"view": float(seconds)} for seconds in (9, 1, 8, 7, 1, 9, 9, 9)]
    assert quiet_quarter(runs) == {"view": 1_000_000.0}
    assert "| view | 5 → 3 |" in report.costs_table(
        {"before": {"create": {"view": 5.0}}, "after": {"create": {"view": 3.0}}}
    )
