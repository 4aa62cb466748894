"""What one request pays for, in microseconds: each part's own time, without what it calls.

Run by `make bench-costs LABEL=before` (or `after`) in the environment of a site on PostgreSQL and Redis,
in one process and one thread, with no server and no network but the database's and Redis's.
"""

import base64
import io
import json
import os
import secrets
import sys
import time
from collections.abc import Callable, Iterator
from functools import wraps
from importlib import import_module
from typing import Any

import django

from benchmarks import report, stock

#: What counts as what. A function that a version of the site does not have is passed over.
PARTS: dict[str, tuple[str, ...]] = {
    "routing": ("django.urls.resolvers:URLResolver.resolve",),
    "connection checks": ("django.db:close_old_connections", "django.db:reset_queries",
                          "django.db.backends.base.base:BaseDatabaseWrapper.close_if_health_check_failed"),
    "Redis": ("redis.client:Redis.execute_command", "redis.client:Pipeline.execute",
              "onetime.cache:RedisOrProcessCache._ask"),
    "database": ("django.db.backends.utils:CursorWrapper.execute",
                 "onetime.postgresql.base:DatabaseWrapper.run"),
    "counting limits": ("onetime.ratelimit:check", "onetime.ratelimit:check_all",
                        "onetime.ratelimit:check_guessing", "onetime.ratelimit:check_opening"),
    "plan": ("billing.limits:limits_for",),
    "second lock": ("secrets_app.keyring:KeyRing.seal", "secrets_app.keyring:KeyRing.open"),
    "envelope": ("secrets_app.envelope:seal_with", "secrets_app.envelope:open_with",
                 "secrets_app.envelope:derive", "secrets_app.envelope:secret_id",
                 "secrets_app.envelope:link_key_from_receipt"),
    "journal": ("onetime.journal:opened",),
    "JSON": ("msgspec.json:decode", "msgspec.json:encode", "json:dumps", "json:loads"),
    "ORM and rules": ("secrets_app.services:create", "secrets_app.services:create_here",
                      "secrets_app.services:status", "secrets_app.services:claim",
                      "secrets_app.services:acknowledge", "secrets_app.services:read_text"),
}  # fmt: skip
REST = "middleware and view"
QUARTER = 4


class Clock:
    """Time by part: only the innermost part that is running is charged."""

    def __init__(self) -> None:
        self.spent: dict[str, float] = {}
        self.running: list[str] = []
        self.since = 0.0

    def switch(self) -> None:
        now = time.perf_counter()
        if self.running:
            part = self.running[-1]
            self.spent[part] = self.spent.get(part, 0.0) + now - self.since
        self.since = now

    def charged(self, part: str, function: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(function)
        def timed(*args: Any, **kwargs: Any) -> Any:
            self.switch()
            self.running.append(part)
            try:
                return function(*args, **kwargs)
            finally:
                self.switch()
                self.running.pop()

        return timed


def instrument(clock: Clock) -> None:
    for part, places in PARTS.items():
        for place in places:
            module_name, _colon, path = place.partition(":")
            *outer, name = path.split(".")
            holder: Any = import_module(module_name)
            for step in outer:
                holder = getattr(holder, step)
            if hasattr(holder, name):
                setattr(holder, name, clock.charged(part, getattr(holder, name)))


# --- Requests -----------------------------------------------------------------------------------------


def environ(method: str, path: str, body: bytes = b"", kind: str = "") -> dict[str, Any]:
    """As Granian hands one over."""
    return {
        "REQUEST_METHOD": method, "SCRIPT_NAME": "", "PATH_INFO": path, "QUERY_STRING": "",
        "CONTENT_TYPE": kind, "CONTENT_LENGTH": str(len(body)), "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "8000", "HTTP_HOST": os.environ["SITE_ORIGIN"].rpartition("/")[2],
        "REMOTE_ADDR": "127.0.0.1", "SERVER_PROTOCOL": "HTTP/1.1", "wsgi.url_scheme": "http",
        "wsgi.version": (1, 0), "wsgi.multithread": True, "wsgi.multiprocess": True, "wsgi.run_once": False,
        "wsgi.input": io.BytesIO(body), "wsgi.errors": sys.stderr, "wsgi.input_terminated": True,
    }  # fmt: skip


def requests(count: int) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Each kind of request, `count` times; all that they open was put there before."""
    made = stock.body("create", 1000)
    shared = stock.body("share", 1000)
    form, as_json = "application/x-www-form-urlencoded", "application/json"

    def creation() -> bytes:
        return b'{"id":"' + secrets.token_hex(16).encode() + b'",' + made

    def encoded(data: bytes) -> str:
        return base64.urlsafe_b64encode(data).rstrip(b"=").decode()

    claims, links = list(stock.put("claim", 1000, count)), list(stock.put("open", 1000, count))
    nonce = encoded(secrets.token_bytes(16))
    claim = json.dumps({"proof": encoded(stock.PROOF), "claim": nonce}).encode()
    ack = json.dumps({"claim": nonce}).encode()
    v2, v1 = "/api/v2/secrets", "/api/v1"
    yield "home page", [environ("GET", "/") for _ in range(count)]
    yield "open page", [environ("GET", "/secret") for _ in range(count)]
    yield "create", [environ("POST", v2, creation(), as_json) for _ in range(count)]
    yield "status", [environ("GET", f"{v2}/{name}") for name in claims]
    yield "claim", [environ("POST", f"{v2}/{name}/claim", claim, as_json) for name in claims]
    yield "ack", [environ("POST", f"{v2}/{name}/ack", ack, as_json) for name in claims]
    yield "share (v1)", [environ("POST", f"{v1}/share", shared, form) for _ in range(count)]
    yield "open (v1)", [environ("POST", f"{v1}/secret/{link}", b"", form) for link in links]


def answer(application: Any, request: dict[str, Any]) -> str:
    """The status of the answer, read to its end as a server does."""
    said: list[str] = []
    response = application(request, lambda status, _headers, _info=None: said.append(status))
    for _block in response:
        pass
    if hasattr(response, "close"):
        response.close()
    return said[0]


def one(
    clock: Clock, timed: Callable[..., str], application: Any, request: dict[str, Any]
) -> dict[str, float]:
    clock.spent.clear()
    status = timed(application, request)
    if not status.startswith("2"):
        raise RuntimeError(f"{request['PATH_INFO'][:24]}: {status}")
    return dict(clock.spent)


def quiet_quarter(runs: list[dict[str, float]]) -> dict[str, float]:
    """The mean of the quickest quarter, in microseconds: other work on the machine disturbs it least."""
    quickest = sorted(runs, key=lambda run: sum(run.values()))[: max(1, len(runs) // QUARTER)]
    parts = {part for run in quickest for part in run}
    return {part: 1e6 * sum(run.get(part, 0.0) for run in quickest) / len(quickest) for part in parts}


def measure(count: int) -> dict[str, dict[str, float]]:
    django.setup()
    stock.obey({"what": "allow"})  # before the site reads the plans
    from onetime.wsgi import application

    clock = Clock()
    instrument(clock)
    timed = clock.charged(REST, answer)
    found = {}
    for name, each in requests(count):
        runs = [one(clock, timed, application, request) for request in each]
        found[name] = quiet_quarter(runs[len(runs) // QUARTER :])
    return found


def main() -> None:
    label = sys.argv[1]
    if label not in {"before", "after"}:
        raise SystemExit("Say before or after.")
    report.save_costs(label, measure(int(os.environ.get("COUNT") or 2000)))


if __name__ == "__main__":
    main()
