"""Read by every Python that the harness starts: a clock that is as wrong as the file FAULTS_CLOCK says.

libfaketime would do it from below, but its nanosleep breaks the server's own waiting. So the two
clocks that the site reads are moved here: Django's, and time.time.
"""

import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from django.utils import timezone

_clock = Path(os.environ["FAULTS_CLOCK"])
_true_seconds, _true_nanoseconds = time.time, time.time_ns


def wrong_by() -> int:
    """Seconds; what cannot be read in the moment of being written is no error of the clock."""
    try:
        return int(_clock.read_text())
    except (OSError, ValueError):
        return 0


time.time = lambda: _true_seconds() + wrong_by()
time.time_ns = lambda: _true_nanoseconds() + wrong_by() * 1_000_000_000
timezone.now = lambda: datetime.fromtimestamp(_true_seconds(), UTC) + timedelta(seconds=wrong_by())
