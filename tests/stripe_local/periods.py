"""Billing periods: whole intervals counted from the anchor, so that the 31st comes back after February."""

import calendar
from datetime import UTC, datetime, timedelta
from typing import Any


def period_from(anchor: int, start: int, recurring: dict[str, Any]) -> tuple[int, int]:
    """(start, end) in Unix seconds: the end is the first whole interval after the anchor beyond `start`."""
    count = 1
    while (end := _shifted(anchor, recurring["interval"], count * recurring["interval_count"])) <= start:
        count += 1
    return start, end


def _shifted(moment: int, interval: str, count: int) -> int:
    at = datetime.fromtimestamp(moment, UTC)
    if interval in ("day", "week"):
        return int((at + timedelta(days=count * (7 if interval == "week" else 1))).timestamp())
    months = at.month - 1 + count * (12 if interval == "year" else 1)
    year, month = at.year + months // 12, months % 12 + 1
    day = min(at.day, calendar.monthrange(year, month)[1])
    return int(at.replace(year=year, month=month, day=day).timestamp())
