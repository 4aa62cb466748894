"""The arithmetic of a measurement: medians with their spread, and ratios. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True, slots=True)
class Spread:
    """The median of the rounds, and the least and most of them."""

    median: float
    least: float
    most: float

    @property
    def percent(self) -> float:
        """How far apart least and most are, in percent of the median."""
        return 100 * (self.most - self.least) / self.median if self.median else 0.0


def spread(values: Sequence[float]) -> Spread:
    """Raises ValueError where there is no value."""
    if not values:
        raise ValueError("nothing was measured")
    return Spread(float(median(values)), float(min(values)), float(max(values)))


def one_after_the_other(*rates: float) -> float:
    """The rate of what does several things in turn, each of which alone reaches its rate."""
    return 1 / sum(1 / rate for rate in rates)


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """The median over the rounds of ours against theirs: what slowed a round slowed both."""
    return float(median(one / other for one, other in zip(ours, theirs, strict=True)))


def round_figures(value: float, digits: int = 3) -> float:
    """To so many significant digits: 1234.5 → 1230."""
    if value == 0:
        return 0.0
    return float(f"{value:.{digits}g}")
