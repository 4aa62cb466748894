"""What a run found, as a table, as JSON and as a chart: docs/performance.* is made of it."""

import json
from pathlib import Path
from typing import Any

from benchmarks import chart, targets
from benchmarks.arithmetic import round_figures, spread

ROOT = Path(__file__).resolve().parent.parent
LAST = ROOT / "var" / "benchmarks" / "last.json"
DOCS = ROOT / "docs"
DOCUMENT = DOCS / "performance.md"

#: The servers' names in the document's words.
NAMES = {
    "void": "no Django at all",
    "empty": "an empty Django view",
    "snappass": "SnapPass",
    "postgres": "PostgreSQL and Redis",
    "embedded": "embedded SQLite",
}

CHART = "![Requests a second at 16 connections](performance.svg)"


def save(found: dict[str, Any], *, docs: bool) -> Path:
    """Keep what was found; with `docs`, make the document's tables and its chart from it."""
    path = DOCS / "performance.json" if docs else LAST
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(compact(found), indent=1, ensure_ascii=False) + "\n")
    if docs:
        fill("measured", tables(found))
        (DOCS / "performance.svg").write_text(chart.svg(found))
    return path


def compact(value: Any) -> Any:
    """Every figure to four digits: more would be noise."""
    match value:
        case float():
            return round_figures(value, 4)
        case dict():
            return {key: compact(one) for key, one in value.items()}
        case list():
            return [compact(one) for one in value]
        case _:
            return value


def fill(part: str, text: str) -> None:
    """Put `text` between the marks of `part` in the document."""
    begin, end = f"<!-- {part}: made by a command, change nothing here -->", f"<!-- end of {part} -->"
    before, found, rest = DOCUMENT.read_text().partition(begin)
    _old, ended, after = rest.partition(end)
    if not found or not ended:
        raise ValueError(f"docs/performance.md has no place for {part}")
    DOCUMENT.write_text(f"{before}{begin}\n{text.strip()}\n{end}{after}")


def tables(found: dict[str, Any]) -> str:
    return "\n\n".join((CHART, _machine(found), _promises(found), _cases(found), _rest(found)))


def table(heads: list[str], rows: list[list[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


def _machine(found: dict[str, Any]) -> str:
    seconds = f"{found['rounds']} rounds of {found['seconds']:g} seconds a case, after one to warm up"
    machine = "; ".join(f"{name} {value}" for name, value in found["machine"].items())
    return f"Measured on {found['date']}: {seconds}. {machine}."


def _promises(found: dict[str, Any]) -> str:
    rows = [
        [one.promise, f"{round_figures(one.seen):g}", f"{'≥' if one.at_least else '≤'} {one.wanted:g}",
         "yes" if one.kept else "**no**"]
        for one in targets.checks(found)
    ]  # fmt: skip
    return table(["promise", "seen", "wanted", "kept"], rows)


def _cases(found: dict[str, Any]) -> str:
    rows = [_case(case) for case in found["cases"]]
    heads = [
        "server",
        "what",
        "connections",
        "a second",
        "spread",
        "p50 ms",
        "p99 ms",
        "bytes",
        "processor µs",
        "wrk’s core",
    ]
    return table(heads, rows)


def _case(case: dict[str, Any]) -> list[str]:
    rate = spread(case["rates"])
    size = f" {case['size'] // 1000} kB" if case["size"] else ""
    return [
        NAMES[case["server"]],
        case["what"] + size + (f" ({case['errors']} errors)" if case["errors"] else ""),
        str(case["connections"]),
        f"{round_figures(rate.median):,.0f}",
        f"{rate.percent:.0f} %",
        f"{spread(case['p50']).median:.2f}",
        f"{spread(case['p99']).median:.2f}",
        f"{case['bytes']:,.0f}",
        f"{round_figures(spread(case['processor']).median):,.0f}",
        f"{100 * max(case['generator']):.0f} %",
    ]


def _rest(found: dict[str, Any]) -> str:
    bare = [
        f"- A bare {name} on PostgreSQL from one process: {round_figures(spread(rates).median):,.0f} "
        f"a second (spread {spread(rates).percent:.0f} %), "
        f"{_bare_processor(found, name)} of the processors for each."
        for name, rates in found["bare"].items()
    ]
    memory = [
        f"- A worker of {NAMES[name]} after the run: {_megabytes(used)} resident, "
        f"{_megabytes(found['own_megabytes'][name])} with what they share divided among them."
        for name, used in found["memory_megabytes"].items()
    ]
    starts = ", ".join(f"{one:.2f}" for one in found["first_answer_seconds"])
    return "\n".join([*bare, *memory, f"- From the start of the server to its first page: {starts} s."])


def _bare_processor(found: dict[str, Any], name: str) -> str:
    return f"{round_figures(spread(found['bare_processor'][name]).median):,.0f} µs"


def _megabytes(used: list[float]) -> str:
    return " and ".join(f"{one:.0f}" for one in used) + " MB"


def summary(found: dict[str, Any]) -> str:
    return "\n".join(targets.line(check) for check in targets.checks(found))


# --- What a request pays for ------------------------------------------------------------------------


def save_costs(label: str, found: dict[str, dict[str, float]]) -> None:
    """Keep the microseconds `before` or `after`, and make the document's table from both."""
    path = DOCS / "performance-costs.json"
    kept = json.loads(path.read_text()) if path.exists() else {}
    kept[label] = compact(found)
    path.write_text(json.dumps(kept, indent=1) + "\n")
    fill("costs", costs_table(kept))


def costs_table(kept: dict[str, dict[str, dict[str, float]]]) -> str:
    """A column a request, a row a part: before → after, in microseconds."""
    before, after = kept.get("before", {}), kept.get("after", {})
    names = list(before or after)
    parts = {part: 0.0 for one in (*before.values(), *after.values()) for part in one}
    for part in parts:
        parts[part] = sum(one.get(part, 0.0) for one in before.values())
    rows = [
        [part, *(_change(before.get(name), after.get(name), part) for name in names)]
        for part in sorted(parts, key=lambda part: -parts[part])
    ]
    whole = ["**whole**", *(_change(before.get(name), after.get(name)) for name in names)]
    return table(["µs", *names], [*rows, whole])


def _change(before: dict[str, float] | None, after: dict[str, float] | None, part: str = "") -> str:
    shown = [
        f"{one.get(part, 0.0) if part else sum(one.values()):.0f}"
        for one in (before, after)
        if one is not None
    ]
    return "" if set(shown) == {"0"} else " → ".join(shown)


# --- What many rows cost ----------------------------------------------------------------------------


def save_growth(found: dict[str, Any]) -> None:
    (DOCS / "performance-growth.json").write_text(json.dumps(compact(found), indent=1) + "\n")
    fill("growth", growth_table(found))


def growth_table(found: dict[str, Any]) -> str:
    grown, purged, lists = found["grown"], found["purged"], found["dashboard_milliseconds"]
    rows = [
        [f"{name}, median with {grown['rows']:,} rows against {grown['rows'] // 1000:,}",
         f"{grown['few'][name]:.2f} → {grown['many'][name]:.2f} ms", f"{ratio:.2f} (≤ 1.2)"]
        for name, ratio in grown["ratio"].items()
    ]  # fmt: skip
    rows.append(
        [f"claim, p99 while {purged['due']:,} expired rows go ({purged['seconds']:.0f} s)",
         f"{purged['idle_p99']:.1f} → {purged['busy_p99']:.1f} ms", f"{purged['ratio']:.2f} (≤ 3)"]
    )  # fmt: skip
    sizes = (purged[f"bytes_{name}"] / 1e6 for name in ("before", "after", "filled_again"))
    rows.append(
        ["table and indexes before the purge, after it, and with as many new rows",
         " → ".join(f"{size:,.0f}" for size in sizes) + " MB", ""]
    )  # fmt: skip
    (few, least), (many, most) = lists.items()
    rows.append(
        [f"a page of an account’s list, with {int(many):,} secrets against {few}",
         f"{least:.2f} → {most:.2f} ms", f"{most / least:.2f}"]
    )  # fmt: skip
    return f"Measured on {found['date']}.\n\n" + table(["what", "seen", "ratio"], rows)
