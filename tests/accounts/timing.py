"""How long the doors take for addresses with and without an account.

`python -m tests.accounts.timing 300` prints the distributions; test_timing.py compares them.
"""

import http.client
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlencode, urlsplit

from tests.site import Site, running_site

PASSWORD = "correct horse battery"
KINDS = ("with a password", "without a password", "no account")
Samples = dict[str, list[float]]

MAKE = f"""
from accounts.models import User
for n in range(50):
    User.objects.create_user(f'a{{n}}@example.com', {PASSWORD!r} if n < 25 else None)
"""


def address(kind: str) -> str:
    """An address of that kind; all are of the same length or nearly."""
    if kind == "no account":
        return f"n{random.randrange(50)}@example.com"
    number = random.randrange(25) + (0 if kind == "with a password" else 25)
    return f"a{number}@example.com"


def post(site: Site, path: str, **fields: str) -> float:
    """Milliseconds until the whole answer is there."""
    connection = http.client.HTTPConnection(urlsplit(site.origin).netloc, timeout=30)
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Site": "same-origin"}
    start = time.perf_counter()
    connection.request("POST", path, urlencode(fields), headers)
    connection.getresponse().read()
    taken = time.perf_counter() - start
    connection.close()
    return taken * 1000


def by_code(site: Site, kind: str) -> float:
    return post(site, "/account/sign-in", email=address(kind))


def by_password(site: Site, kind: str) -> float:
    return post(site, "/account/sign-in/password", email=address(kind), password="wrong horse battery")


def measure(site: Site, ask: Callable[[Site, str], float], count: int) -> Samples:
    """`count` times each kind, in an order drawn by chance, so that a busy moment hits all alike."""
    order = list(KINDS) * count
    random.shuffle(order)
    samples: Samples = {kind: [] for kind in KINDS}
    for kind in KINDS * 3:  # warm up
        ask(site, kind)
    for kind in order:
        samples[kind].append(ask(site, kind))
    return samples


def distance(first: list[float], second: list[float]) -> float:
    """Kolmogorov and Smirnov's: 0 where two distributions are the same, 1 where they do not overlap."""
    every = sorted(first + second)
    return max(abs(share(first, value) - share(second, value)) for value in every)


def share(sample: list[float], limit: float) -> float:
    return sum(value <= limit for value in sample) / len(sample)


def report(name: str, samples: Samples) -> str:
    lines = [name]
    for kind, sample in samples.items():
        cuts = statistics.quantiles(sample, n=20)
        lines.append(
            f"  {kind:20s} n={len(sample)}  p5 {cuts[0]:6.1f}  median {cuts[9]:6.1f}  p95 {cuts[18]:6.1f} ms"
        )
    lines += [
        f"  distance {a} / {b}: {distance(samples[a], samples[b]):.3f}"
        for a, b in ((KINDS[0], KINDS[1]), (KINDS[0], KINDS[2]), (KINDS[1], KINDS[2]))
    ]
    return "\n".join(lines)


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    with running_site(Path(tempfile.mkdtemp()), workers=1) as site:
        site.manage("shell", "--no-imports", "-c", MAKE)
        for name, ask in (("A code by mail", by_code), ("A wrong password", by_password)):
            sys.stdout.write(report(name, measure(site, ask, count)) + "\n")


if __name__ == "__main__":
    main()
