"""The chart of a run: rates at 16 connections, a bar each, with the least and the most of the rounds."""

from typing import Any
from xml.sax.saxutils import escape

from benchmarks.arithmetic import round_figures, spread

WIDTH, LEFT, ROW, TOP = 860, 250, 26, 56
COLOURS = {
    "void": "#9a9a9a",
    "empty": "#6f6f6f",
    "snappass": "#c77700",
    "postgres": "#1f6f43",
    "embedded": "#2b5fb3",
}
STYLE = "text{font:13px sans-serif;fill:#222}.head{font-weight:bold}.whisker{stroke:#222;stroke-width:1.5}"


def svg(found: dict[str, Any]) -> str:
    """Stands alone: no script, no font, no other file; a white ground for dark pages."""
    shown = [case for case in found["cases"] if case["connections"] > 1 and case["server"] != "void"]
    most = max(max(case["rates"]) for case in shown)
    height = TOP + ROW * len(shown) + 16
    rows = [_row(case, TOP + ROW * number, most) for number, case in enumerate(shown)]
    rounds = f"median, least and most of {found['rounds']} rounds"
    title = escape(f"Requests a second at 16 connections, {found['date']}: {rounds}")
    space = 'xmlns="http://www.w3.org/2000/svg"'
    return "\n".join(
        [
            f'<svg {space} viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{title}">',
            f"<style>{STYLE}</style>",
            f'<rect width="{WIDTH}" height="{height}" fill="#fff"/>',
            f'<text class="head" x="16" y="28">{title}</text>',
            *rows,
            "</svg>\n",
        ]
    )


def _row(case: dict[str, Any], top: int, most: float) -> str:
    rate = spread(case["rates"])
    scale = (WIDTH - LEFT - 90) / most
    size = f" {case['size'] // 1000} kB" if case["size"] else ""
    label = escape(f"{case['server']}: {case['what']}{size}")
    middle, colour = top + ROW / 2 - 3, COLOURS[case["server"]]
    least, end, most = (LEFT + value * scale for value in (rate.least, rate.median, rate.most))
    return (
        f'<text x="{LEFT - 8}" y="{middle + 5:.0f}" text-anchor="end">{label}</text>'
        f'<rect x="{LEFT}" y="{top}" width="{end - LEFT:.1f}" height="{ROW - 6}" fill="{colour}"/>'
        f'<line class="whisker" x1="{least:.1f}" x2="{most:.1f}" y1="{middle}" y2="{middle}"/>'
        f'<text x="{most + 6:.0f}" y="{middle + 5:.0f}">{round_figures(rate.median):,.0f}</text>'
    )
