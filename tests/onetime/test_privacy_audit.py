"""privacy_audit sees what a visitor would: clean on a running site, and each plant on a bad one."""

import http.server
import json
import subprocess
import sys
import threading

import pytest

from onetime import audit
from tests.site import ROOT

pytestmark = pytest.mark.live

GOOD = {
    "Content-Type": "text/html; charset=utf-8",
    "Content-Security-Policy": "default-src 'none'; script-src 'self'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


@pytest.fixture
def serve():
    """A site of one's own: {path: (headers that differ, body)}; its address."""
    servers = []

    def start(pages):
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                headers, body = pages.get(self.path, ({}, ""))
                self.send_response(302 if "Location" in headers else 200)
                for name, value in (GOOD | headers).items():
                    if value:
                        self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body.encode())

            def send_header(self, keyword, value):
                if keyword not in {"Server", "Date"}:
                    super().send_header(keyword, value)

            def log_message(self, *_args):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_port}"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def run(site, *arguments):
    return subprocess.run(
        [sys.executable, "manage.py", "privacy_audit", *arguments],
        cwd=ROOT, env=site.env, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_a_running_site_is_clean(site):
    done = run(site, site.origin)
    assert done.returncode == 0, done.stdout
    assert "Cookies                  none" in done.stdout


def test_the_report_as_json_names_what_was_visited(site):
    done = run(site, site.origin, "--json")
    report = json.loads(done.stdout)
    assert report["clean"] is True
    assert {
        f"{site.origin}/{page}" for page in ("", "privacy", "feedback", "secret", "uk/", "uk/privacy")
    } <= set(report["visited"])
    assert any(asset.endswith(".js") for asset in report["assets"])
    assert any(asset.endswith(".css") for asset in report["assets"])


def test_a_site_that_does_not_answer_and_a_wrong_address_are_said(site):
    assert run(site, "http://127.0.0.1:9").returncode == 2
    assert "must begin with" in run(site, "example.com").stderr


def test_a_clean_page_has_no_findings(serve):
    assert audit.visit(serve({"/": ({}, "<p>Hello <a href='https://example.com/'>there</a>")})).findings == []


@pytest.mark.parametrize(
    ("headers", "body", "kind", "words"),
    [
        ({"Set-Cookie": "id=1; Path=/"}, "", "cookie", "sets the cookie id"),
        (
            {},
            "<script src='https://stats.example/a.js'></script>",
            "third party",
            "<script> reaches stats.example",
        ),
        ({}, "<img src='//pixel.example/1.gif'>", "third party", "<img> reaches pixel.example"),
        ({}, "<img srcset='/a.png 1x, https://cdn.example/b.png 2x'>", "third party", "reaches cdn.example"),
        (
            {},
            "<link rel=preconnect href=https://fonts.example>",
            "third party",
            "<link> reaches fonts.example",
        ),
        ({}, "<form action='https://forms.example/'>", "third party", "<form> reaches forms.example"),
        ({}, "<a href='/x' ping='https://count.example/'>x</a>", "third party", "reaches count.example"),
        ({}, "<script>track()</script>", "header", "inline <script>"),
        ({}, "<p onclick='track()'>", "header", "inline p onclick"),
        ({"Content-Security-Policy": ""}, "", "header", "does not begin from default-src 'none'"),
        (
            {"Content-Security-Policy": "default-src 'none'; script-src 'unsafe-inline'"},
            "",
            "header",
            "'unsafe-inline'",
        ),
        (
            {"Content-Security-Policy": "default-src 'none'; img-src pixel.example"},
            "",
            "third party",
            "pixel.example",
        ),
        ({"Referrer-Policy": "unsafe-url"}, "", "header", "referrer-policy is unsafe-url"),
        ({"X-Content-Type-Options": ""}, "", "header", "x-content-type-options is missing"),
        ({"ETag": '"visitor-1"'}, "", "header", "sends etag"),
        ({"NEL": '{"report_to":"x"}'}, "", "header", "sends nel"),
    ],
)
def test_each_plant_on_a_page_is_reported(serve, headers, body, kind, words):
    origin = serve({"/": (headers, body)})
    (finding,) = audit.visit(origin).findings
    assert (finding.kind, finding.where) == (kind, origin + "/")
    assert words in finding.what


def test_what_pages_load_and_link_to_is_looked_at_too(serve):
    """A script that stores, a style that loads from elsewhere, a cookie on a redirect three clicks away."""
    script, style = {"Content-Type": "text/javascript"}, {"Content-Type": "text/css"}
    origin = serve({
        "/": ({}, "<script type=module src=/a.js></script><link rel=stylesheet href=/a.css><a href=/deep>x</a>"),
        "/a.js": (script, "import './b.js'; // localStorage is not used here"),
        "/b.js": (script, "sessionStorage.id = 1;"),
        "/a.css": (style, "@import url(//fonts.example/x.css);"),
        "/deep": ({}, "<a href=/deeper>y</a>"),
        "/deeper": ({"Location": "/there", "Set-Cookie": "seen=1"}, ""),
    })  # fmt: skip
    found = {(finding.kind, finding.where.removeprefix(origin)) for finding in audit.visit(origin).findings}
    assert found == {("storage", "/b.js"), ("third party", "/a.css"), ("cookie", "/deeper")}


def test_findings_make_the_command_fail(site, serve):
    done = run(site, serve({"/": ({"Set-Cookie": "id=1"}, "")}))
    assert done.returncode == 1
    assert "/: sets the cookie id" in done.stdout
