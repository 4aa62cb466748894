"""`python -m faults.document`: the figures of docs/reliability.json as the tables of docs/reliability.md."""

import json
import re
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


def hosts(figures: dict[str, Any]) -> str:
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
    return "\n".join([*lines, "", f"{figures['secrets']:,} secrets; promises broken: {broken}.", ""])


def written(text: str, figures: dict[str, Any]) -> str:
    """The document with the figures between its markers."""
    for marker, table in (("faults", tables(figures["faults"])), ("hosts", hosts(figures["hosts"]))):
        between = re.compile(rf"(?<=<!-- {marker} -->\n).*?(?=<!-- end of {marker} -->)", re.DOTALL)
        text = between.sub(lambda _old, new=table: new, text)  # type: ignore[misc]
    return text


def main() -> None:
    figures = json.loads(FIGURES.read_text("utf-8"))
    DOCUMENT.write_text(written(DOCUMENT.read_text("utf-8"), figures), "utf-8")


if __name__ == "__main__":
    main()
