"""Whether an address has an account is not told by how long the answer takes."""

import itertools

import pytest

from tests.accounts import timing
from tests.site import running_site

pytestmark = pytest.mark.live

#: What two samples of one distribution stay under but for one time in 10,000 (Kolmogorov and Smirnov).
CRITICAL = 2.23


@pytest.fixture(scope="module")
def quiet_site(tmp_path_factory):
    with running_site(tmp_path_factory.mktemp("timing"), workers=1) as site:
        site.manage("shell", "--no-imports", "-c", timing.MAKE)
        yield site


@pytest.mark.parametrize(("ask", "count"), [(timing.by_code, 60), (timing.by_password, 20)])
def test_known_and_unknown_addresses_take_the_same_time(quiet_site, ask, count):
    """Measured at a running site, in random order, for accounts with and without password and for none."""
    samples = timing.measure(quiet_site, ask, count)
    for first, second in itertools.combinations(samples.values(), 2):
        assert timing.distance(first, second) < CRITICAL * (2 / count) ** 0.5, timing.report("", samples)


def test_the_measure_would_notice():
    """Two distributions that hardly overlap are far apart, one with itself is not."""
    fast = [10.0 + n % 5 for n in range(80)]
    slow = [13.0 + n % 5 for n in range(80)]
    assert timing.distance(fast, slow) > CRITICAL * (2 / 80) ** 0.5
    assert timing.distance(fast, list(reversed(fast))) == 0
