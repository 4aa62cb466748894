"""What was promised, as ratios within one run: a machine's speed cancels out."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from benchmarks.arithmetic import one_after_the_other, ratio, round_figures, spread

OVER_THE_PEER = 1.5  # times SnapPass's rate
OF_THE_BOUND = 0.60  # of what an empty view and a bare statement, one after the other, would reach
OF_AN_EMPTY_VIEW = 0.85
P99_OVER_P50 = 5.0  # at 16 connections
WORKER_MEGABYTES = 90.0
FIRST_ANSWER_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Check:
    """One promise: what was seen against what it must be."""

    promise: str
    seen: float
    wanted: float
    at_least: bool = True

    @property
    def kept(self) -> bool:
        return self.seen >= self.wanted if self.at_least else self.seen <= self.wanted


def checks(found: dict[str, Any]) -> list[Check]:
    """Those promises that this run measured."""
    cases = {case["key"]: case for case in found["cases"]}
    return [
        *(check for connections in (1, 16) for check in _rates(cases, found["bare"], connections)),
        *_tails(found["cases"]),
        *_worker_and_start(found),
    ]


def _rates(cases: dict[str, Any], bare: dict[str, list[float]], connections: int) -> Iterator[Check]:
    def rates(name: str) -> list[float] | None:
        case = cases.get(f"{name}, {connections}")
        return case["rates"] if case else None

    empty = rates("empty: an empty view")
    where = "1 connection" if connections == 1 else f"{connections} connections"
    for ours, theirs, statement in (("create", "create", "insert"), ("claim", "reveal", "update")):
        mine, peer = rates(f"postgres: {ours} 1 kB"), rates(f"snappass: {theirs} 1 kB")
        if mine and peer:
            yield Check(f"{ours} over SnapPass's {theirs}, {where}", ratio(mine, peer), OVER_THE_PEER)
        if mine and empty and statement in bare:
            bound = [one_after_the_other(a, b) for a, b in zip(empty, bare[statement], strict=True)]
            yield Check(f"{ours} of what view and database allow, {where}", ratio(mine, bound), OF_THE_BOUND)
    for page in ("home page", "open page"):
        mine = rates(f"postgres: {page}")
        if mine and empty:
            yield Check(f"{page} over an empty view, {where}", ratio(mine, empty), OF_AN_EMPTY_VIEW)


def _tails(cases: list[dict[str, Any]]) -> Iterator[Check]:
    for case in cases:
        if case["connections"] > 1 and case["server"] in {"postgres", "embedded"}:
            tail = ratio(case["p99"], case["p50"])
            yield Check(f"p99 over p50 of {case['key']} connections", tail, P99_OVER_P50, at_least=False)


def _worker_and_start(found: dict[str, Any]) -> Iterator[Check]:
    for name in ("postgres", "embedded"):
        used = found["memory_megabytes"].get(name)
        if used:
            yield Check(f"megabytes of a worker, {name}", max(used), WORKER_MEGABYTES, at_least=False)
    if found["first_answer_seconds"]:
        seen = spread(found["first_answer_seconds"]).median
        yield Check("seconds to the first answer", seen, FIRST_ANSWER_SECONDS, at_least=False)


def line(check: Check) -> str:
    sign = "≥" if check.at_least else "≤"
    verdict = "kept" if check.kept else "MISSED"
    return f"{verdict:7} {check.promise}: {round_figures(check.seen)} ({sign} {check.wanted:g})"
