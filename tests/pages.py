"""Every page of the site in every state that the server makes, for the tests that look at them all."""

import json
import logging
import re
import secrets
import sys
from collections.abc import Iterator
from contextlib import suppress
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.test import Client, RequestFactory
from django.urls import Resolver404, URLPattern, URLResolver, get_resolver, resolve
from django.utils import timezone, translation

from accounts.services import account_for
from billing.limits import ANONYMOUS
from onetime import views
from secrets_app import here, services
from secrets_app.envelope import Contents, File
from secrets_app.models import Secret
from tests.account_pages import sign_in, visit_account_pages
from tests.secrets_app.forms import END, MULTIPART, fields, file

FORM = "application/x-www-form-urlencoded"
CLAIM = "A" * 22  # sixteen bytes
ERRORS = (400, 403, 404, 405, 413, 429, 500, 503)
#: Addresses that answer with no page: for programs and machines.
NO_PAGE = (
    "^api/",
    "api/",
    "static/",
    "healthz",
    "readyz",
    "metrics",
    "robots.txt",
    ".well-known/",
    "billing/webhook",
    "admin/",
)


class Walk:
    """Visits pages in one language and keeps every answer by the name of its state."""

    def __init__(self, client: Client, prefix: str = "") -> None:
        self.client, self.prefix = client, prefix
        self.pages: dict[str, str] = {}
        self.routes: set[str] = set()

    def get(self, state: str, path: str) -> Any:
        return self._keep(state, path, self.client.get(self.prefix + path))

    def post(self, state: str, path: str, **data: Any) -> Any:
        """Post a plain form, as a browser without script does."""
        answer = self.client.post(self.prefix + path, urlencode(data, doseq=True), content_type=FORM)
        return self._keep(state, path, answer)

    def post_form(self, state: str, path: str, body: bytes) -> Any:
        """Post a form with a file, as it goes over the wire."""
        return self._keep(state, path, self.client.post(self.prefix + path, body, content_type=MULTIPART))

    def _keep(self, state: str, path: str, answer: Any) -> Any:
        assert state not in self.pages, state
        if answer.headers.get("Content-Type", "").startswith("text/html") and answer.status_code // 100 != 3:
            self.pages[state] = answer.content.decode()
        with suppress(Resolver404):
            self.routes.add(resolve(path).route)
        return answer


def visit_all(client: Client, prefix: str = "") -> Walk:
    """Every page that a visitor or an account can meet."""
    walk = Walk(client, prefix)
    visit_create(walk)
    visit_open(walk)
    visit_receipts(walk)
    visit_errors(walk)
    visit_account_pages(walk)
    visit_plans(walk)
    return walk


def visit_plans(walk: Walk) -> None:
    """As an account, on a site without Stripe: the pages say how to reach the operator."""
    walk.get("plans", "/plans")
    sign_in(walk, account_for(f"{secrets.token_hex(8)}@example.com"))
    walk.get("plans of an account", "/plans")
    walk.get("billing", "/billing")
    walk.post("billing: checkout", "/billing/checkout", price="1")
    walk.post("billing: portal", "/billing/portal")
    walk.get("billing: done", "/billing/done")
    walk.get("billing: returned", "/billing/returned")


def make(passphrase: str | None = None) -> services.CreatedHere:
    return services.create_here(Contents("x"), passphrase, ttl=3600, limits=ANONYMOUS)


def make_files(*names: str, text: str | None = None) -> services.CreatedHere:
    contents = Contents(text, tuple(File(name, "", b"1") for name in names))
    return services.create_here(contents, None, ttl=3600, limits=ANONYMOUS)


def visit_create(walk: Walk) -> None:
    walk.get("create", "/")
    walk.post("created", "/", text="a", passphrase="", ttl=3600)
    walk.post("created with a passphrase", "/", text="a", passphrase="b", ttl=3600)
    walk.post("create: nothing", "/", text="")
    walk.post("create: too long", "/", text="a" * (ANONYMOUS.max_text_bytes + 1), ttl=3600)
    walk.post("create: wrong values", "/", text="a", passphrase="b" * 1001, ttl=1)
    walk.post_form("created with a file", "/", fields() + file(b"1") + END)
    walk.post_form("create: two files", "/", fields() + file(b"1") + file(b"2") + END)
    walk.post_form("create: cut off", "/", fields()[:-9])


def visit_open(walk: Walk) -> None:
    walk.get("open", "/secret")
    walk.get("open an old link", "/secret/" + "k" * 31)
    walk.post("open: nothing", "/secret", link="")
    walk.post("open: cut off", "/secret", link="abc")
    walk.post("open: too long", "/secret", link="a" * 3000)
    walk.post("open: unknown", "/secret", link=make().link[::-1])
    made, locked, burned = make(), make("right"), make()
    walk.post("opened", "/secret", link=made.link, claim=CLAIM)
    walk.post("open: already opened", "/secret", link=made.link)
    walk.post("open: passphrase needed", "/secret", link=locked.link)
    walk.post("open: wrong passphrase", "/secret", link=locked.link, passphrase="wrong")
    walk.post("opened with files", "/secret", link=make_files("1", "2", text="x").link, claim=CLAIM)
    alone = walk.post("opened a file alone", "/secret", link=make_files("1").link, claim=CLAIM)
    button = dict(re.findall(r'name="(id|key)" value="([^"]+)"', alone.content.decode()))
    walk.post("download", "/secret", action="download", claim=CLAIM, file="0", **button)
    walk.post("download: no such file", "/secret", action="download", claim=CLAIM, file="1", **button)
    walk.post("download: nonsense", "/secret", action="download", id="x")
    late = make()
    Secret.objects.filter(pk=late.secret.pk).update(expires_at=timezone.now())
    walk.post("open: expired", "/secret", link=late.link)
    walk.get("receipt: expired", f"/receipt/{late.receipt}")
    services.burn(burned.receipt)
    walk.post("open: burned", "/secret", link=burned.link)
    walk.post("erased", "/secret", action="erase", id=made.secret.id.hex, claim=CLAIM)
    walk.post("erase: nonsense", "/secret", action="erase", id="x", claim="x")


def visit_receipts(walk: Walk) -> None:
    made, locked, opened = make(), make("b"), make()
    walk.get("receipt", f"/receipt/{made.receipt}")
    walk.get("receipt with a passphrase", f"/receipt/{locked.receipt}")
    services.burn(made.receipt)
    walk.get("receipt: burned", f"/receipt/{made.receipt}")
    here.open_link(opened.link, None, b"c" * 16)
    walk.get("receipt: opened", f"/receipt/{opened.receipt}")
    walk.get("receipt at an old address", f"/private/{locked.receipt}")
    walk.get("receipt at another old address", f"/metadata/{locked.receipt}")
    walk.get("receipt: unknown", "/receipt/" + "r" * 31)


def visit_errors(walk: Walk) -> None:
    walk.get("nowhere", "/nowhere")
    walk.get("API", "/api")
    for name in ("about", "help", "principles", "privacy", "security", "terms", "feedback", "feedback/sent"):
        walk.get(name, f"/{name}")
    walk.post("feedback: nothing", "/feedback", message="", email="")
    walk.post("feedback: wrong address", "/feedback", message="Good.", email="a@")
    for status in ERRORS:
        walk.pages[f"error {status}"] = error_page(status, walk.prefix)
    walk.pages["error 429 with a time"] = error_page(429, walk.prefix, retry_after=30)


def error_page(status: int, prefix: str = "", **more: Any) -> str:
    from django.contrib.auth.models import AnonymousUser

    request: Any = RequestFactory().get("/somewhere")
    request.user = AnonymousUser()
    with translation.override(prefix.strip("/") or "en"):
        return views.error(request, status, **more).content.decode()


def page_routes() -> set[str]:
    """The route of every address that answers with a page."""
    return {route for route in _routes(get_resolver()) if not route.startswith(NO_PAGE)}


def _routes(resolver: URLResolver, prefix: str = "") -> Iterator[str]:
    for entry in resolver.url_patterns:
        route = prefix + str(entry.pattern)
        if isinstance(entry, URLPattern):
            yield route
        else:
            yield from _routes(entry, route)


def print_pages(*prefixes: str) -> None:
    """Print every page of a running site, in each language, as JSON. Its database and settings are the environment's."""
    host = settings.SITE_ORIGIN.partition("//")[2]
    logging.disable()
    pages = {
        prefix: visit_all(Client(headers={"host": host}, raise_request_exception=False), prefix).pages
        for prefix in prefixes
    }
    sys.stdout.write(json.dumps(pages))
