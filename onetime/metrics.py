"""Numbers for whoever watches over the site, as text that Prometheus reads. Off by default.

They count things and never people: a number has a name and no label, so none can say whose it is,
and nothing is written anywhere when a request is served. Each app brings its own; the inventory
declares them all. Who asks without METRICS_TOKEN is told what anybody is told about an address
that does not exist.
"""

import hmac
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from django.conf import settings
from django.core.cache import cache
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from onetime import mail
from onetime.views import NOT_STORED, cache_state, error

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


@dataclass(slots=True)
class Gauge:
    """One number: what it is called, what it means, and how it is found.

    `keep` is in seconds: a count over a whole table is not made again for each scrape.
    """

    name: str
    meaning: str
    measure: Callable[[], float]
    keep: float = 0
    _kept: float = field(default=0, init=False)
    _until: float = field(default=0, init=False)

    def value(self) -> float:
        now = time.monotonic()
        if now >= self._until:
            self._kept, self._until = float(self.measure()), now + self.keep
        return self._kept

    def forget(self) -> None:
        self._until = 0


_of_apps: dict[str, Gauge] = {}


def register(*gauges: Gauge) -> None:
    """Let numbers that the database knows be among those shown. An app calls this when it is ready."""
    _of_apps.update({gauge.name: gauge for gauge in gauges})


def names() -> set[str]:
    return {*_of_apps, *(gauge.name for gauge in OWN), DATABASE_UP}


def forget() -> None:
    """Measure everything anew at the next look."""
    for gauge in _of_apps.values():
        gauge.forget()


def exposition() -> str:
    """Every number, in Prometheus' text format; while the database is away, those that need none."""
    shown = [_lines(gauge.name, gauge.meaning, gauge.value()) for gauge in OWN]
    try:
        shown += [_lines(gauge.name, gauge.meaning, gauge.value()) for gauge in _of_apps.values()]
        database = 1
    except DatabaseError:
        database = 0
    return "".join([*shown, _lines(DATABASE_UP, "1 while the database answers.", database)])


def _lines(name: str, meaning: str, value: float) -> str:
    return f"# HELP {name} {meaning}\n# TYPE {name} gauge\n{name} {value:.15g}\n"


def _resident_bytes() -> float:
    """Memory of the worker that answers; 0 where the system does not tell."""
    try:
        with open("/proc/self/statm", encoding="ascii") as file:  # noqa: PTH123 - a file of the kernel's
            return float(file.read().split()[1]) * 4096
    except OSError:
        return 0


_started = time.monotonic()
OWN = (
    Gauge("onetime_worker_resident_bytes", "Memory of the worker that answered.", _resident_bytes),
    Gauge(
        "onetime_worker_uptime_seconds",
        "Age of the worker that answered.",
        lambda: time.monotonic() - _started,
    ),
    Gauge(
        "onetime_mail_waiting",
        "Notices that the worker that answered has yet to hand to the mail server.",
        lambda: mail.outbox.waiting(),  # noqa: PLW0108 - tests put another outbox in place
    ),
    Gauge(
        "onetime_cache_up",
        "1 while limits are shared through Redis or none is configured, 0 while each process counts alone.",
        lambda: cache_state(cache) == "ok",
    ),
)
DATABASE_UP = "onetime_database_up"


@csrf_exempt
def metrics(request: HttpRequest) -> HttpResponse:
    """The numbers, to who brings `Authorization: Bearer METRICS_TOKEN` with a GET."""
    if request.method != "GET" or not _may_read(request):
        return error(request, 404)
    return HttpResponse(exposition(), content_type=CONTENT_TYPE, headers=NOT_STORED)


def _may_read(request: HttpRequest) -> bool:
    scheme, _space, token = request.headers.get("Authorization", "").partition(" ")
    wanted: str = settings.METRICS_TOKEN
    return bool(
        wanted and scheme.lower() == "bearer" and hmac.compare_digest(token.encode(), wanted.encode())
    )
