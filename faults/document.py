"""`python -m faults.document`: the figures of docs/reliability.json as the tables of docs/reliability.md."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

DOCS = Path(__file__).resolve().parent.parent / "docs"
FIGURES, DOCUMENT = DOCS / "reliability.json", DOCS / "reliability.md"


def tables(figures: dict[str, Any]) -> str:
    """What was broken how often, and what held."""
    minutes, seed = round(figures["seconds"] / 60), figures["seed"]
    made, opened, burned, parts = (figures[name] for name in ("secrets", "opened", "burned", "by_segment"))
    lines = [
        f"{figures['faults']} faults in {minutes} minutes (seed {seed}); {made:,} secrets were made,",
        f"{opened:,} of them opened, {burned:,} burned, {parts:,} sent by segment.",
        "",
        "| fault | what | times | ready again, median | at most |",
        "| --- | --- | --- | --- | --- |",
    ]
    for name, kind in figures["by_kind"].items():
        median, most = kind["ready_again_median"], kind["ready_again_most"]
        lines.append(f"| {name} | {kind['what']} | {kind['times']} | {median} s | {most} s |")
    lines += ["", "| promise | broken |", "| --- | --- |"]
    lines += [f"| {name} | {broken or 'never'} |" for name, broken in figures["verdicts"].items()]
    return "\n".join([*lines, ""])


def phases(figures: dict[str, Any]) -> list[str]:
    """What the clients saw in each phase."""
    lines = [
        "| while | calls answered | repeated by the client | slowest, with repeating |",
        "| --- | --- | --- | --- |",
    ]
    for each in figures["phases"]:
        answered, again, slowest = (
            each[name] for name in ("answered", "to be repeated", "slowest, with repeating")
        )
        lines.append(f"| {each['phase']} | {answered:,} | {again} | {slowest} s |")
    broken = sum(figures["verdicts"].values()) or "none"
    return [*lines, "", f"{figures['secrets']:,} secrets; promises broken: {broken}."]


def hosts(figures: dict[str, Any]) -> str:
    return "\n".join([*phases(figures), ""])


def upgrade(figures: dict[str, Any]) -> str:
    """From what to what, each phase, and what a server of the version before answers about a file."""
    applied = ", ".join(f"`{name}`" for name in figures["migrations"])
    met = ", ".join(f"{name}: {status}" for name, status in figures["met"].items())
    return "\n".join([
        f"From “{figures['from']}”; migrated while it ran: {applied}.", "", *phases(figures),
        f"A secret with a file, at a server of the version before: {met}; then opened at the new one.", "",
    ])  # fmt: skip


def amount(value: float, unit: str) -> str:
    return f"{value:,.1f} MB" if unit == "MB" else f"{value:,.0f}"


def watched(each: dict[str, Any]) -> str:
    """One thing that was watched, as a line of the table."""
    first, middle, last = (amount(each[name], each["unit"]) for name in ("first", "middle", "last"))
    hourly = f"{each['per_hour']:+,.1f}{' MB' if each['unit'] == 'MB' else ''}"
    if each["flat"] is None:
        hourly = "–"
    flat = {None: "too short to tell", True: "yes", False: "**no**"}[each["flat"]]
    return f"| {each['who']}: {each['what']} | {first} | {middle} | {last} | {hourly} | {flat} |"


def soak(figures: dict[str, Any]) -> str:
    """What was watched, how long ordinary calls took, and what went on beside them."""
    lines = [
        f"{figures['minutes']:g} minutes, a look every {figures['every']:g} seconds;",
        f"{figures['secrets']:,} secrets, {figures['by_segment']:,} of them by segment; calls repeated:",
        f"{figures['repeated']:,}; promises broken: {sum(figures['verdicts'].values()) or 'none'}.",
        "",
        "| watched | first third, median | middle third | last third | growth an hour | flat |",
        "| --- | --- | --- | --- | --- | --- |",
        *(watched(each) for each in figures["watched"]),
        "",
        "| call, from connecting with TLS | times | median | 99 of 100 within | slowest |",
        "| --- | --- | --- | --- | --- |",
    ]
    thirds = zip(("first", "middle", "last"), figures["thirds"], strict=True)
    for name, taken in [
        *figures["calls"].items(),
        *((f"all, {third} third", each) for third, each in thirds),
    ]:
        lines.append(
            f"| {name} | {taken['times']:,} |"
            + "".join(f" {taken[most]} ms |" for most in ("median", "p99", "slowest"))
        )
    lines += ["", "| nuisance | what | at once | how it ended |", "| --- | --- | --- | --- |"]
    for name, each in figures["nuisance"].items():
        ended = ", ".join(f"{outcome}: {times:,}" for outcome, times in each["outcomes"].items())
        lines.append(f"| {name} | {each['what']} | {each['at_once']} | {ended} |")
    return "\n".join([*lines, ""])


#: Of each part of the figures, between markers of its name in the document, what makes its tables.
PARTS: dict[str, Callable[[dict[str, Any]], str]] = {
    "faults": tables,
    "hosts": hosts,
    "upgrade": upgrade,
    "soak": soak,
}


def written(text: str, figures: dict[str, Any]) -> str:
    """The document with the figures between its markers."""
    for marker, table in PARTS.items():
        between = re.compile(rf"(?<=<!-- {marker} -->\n).*?(?=<!-- end of {marker} -->)", re.DOTALL)
        new = table(figures[marker])
        text = between.sub(lambda _old, new=new: new, text)  # type: ignore[misc]
    return text


def keep(part: str, new: dict[str, Any]) -> None:
    """The figures of one part into both files, in place of older ones."""
    figures = json.loads(FIGURES.read_text("utf-8")) | {part: new}
    FIGURES.write_text(json.dumps(figures, indent=1, ensure_ascii=False) + "\n", "utf-8")
    main()


def main() -> None:
    figures = json.loads(FIGURES.read_text("utf-8"))
    DOCUMENT.write_text(written(DOCUMENT.read_text("utf-8"), figures), "utf-8")


if __name__ == "__main__":
    main()
