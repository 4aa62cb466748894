"""The proxy samples, as they are in deploy/, before a real site: they pass on what they should, and neither
log a link, an address or a query, nor put a body on a disk."""

import base64
import contextlib
import http.client
import json
import os
import re
import secrets
import socket
import ssl
import subprocess
import threading
import time
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from secrets_app import envelope
from secrets_app.envelope import Contents
from tests.operations.tools import ROOT, certificate, needs, running, trusting
from tests.site import Site, free_port, running_site

pytestmark = pytest.mark.live

SAMPLES = ("nginx", "caddy")
CLIENT = "127.0.0.77"
#: What a request carries that no log may hold.
LINK, QUERY, AGENT, REFERER = "L" * 31, "a-query-word", "an-agent-word", "a-referring-word"
REMEMBERED = (LINK, QUERY, AGENT, REFERER, CLIENT, "203.0.113.9")


@dataclass
class Proxy:
    """A running proxy: where it is, who trusts its certificate, what it wrote."""

    host: str
    plain: int  # the port without TLS
    chain: Path
    written: Path
    bodies: Path

    def ask(
        self, path: str, data: bytes | None = None, *, patience: int = 30, **headers: str
    ) -> tuple[int, bytes, dict[str, str]]:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection = http.client.HTTPSConnection(
            self.host, timeout=patience, context=trusting(self.chain), source_address=(CLIENT, 0)
        )
        try:
            connection.request("GET" if data is None else "POST", path, body=data, headers=named)
            answer = connection.getresponse()
            return answer.status, answer.read(), dict(answer.headers)
        finally:
            connection.close()

    def call(self, path: str, **body: object) -> dict[str, str]:
        _status, answer, _headers = self.ask(path, json.dumps(body).encode(), Content_Type="application/json")
        return json.loads(answer) if answer else {}

    def logs(self) -> str:
        return "".join(path.read_text() for path in self.written.rglob("*.log"))


def nginx(directory: Path, upstream: int, port: int, plain: int, chain: Path, key: Path) -> list[str]:
    """The sample as nginx reads it from conf.d, with this test's ports and paths in it."""
    sample = (ROOT / "deploy/nginx.conf").read_text()
    lines = [line for line in sample.splitlines() if "listen [::]" not in line]
    text = "\n".join(lines)
    for old, new in {
        "listen 80;": f"listen 127.0.0.1:{plain};",
        "listen 443": f"listen 127.0.0.1:{port}",
        "secrets.example.com": "localhost",
        "/etc/ssl/onetime/fullchain.pem": str(chain),
        "/etc/ssl/onetime/privkey.pem": str(key),
        "/var/log/nginx": str(directory),
        "/run/onetime-bodies": f"{directory}/bodies/large",
        "127.0.0.1:8000": f"127.0.0.1:{upstream}",
    }.items():
        assert old in text, old
        text = text.replace(old, new)
    (directory / "site.conf").write_text(text)
    paths = "".join(
        f"{kind}_temp_path {directory}/bodies/{kind};"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    user = "user root;" if os.geteuid() == 0 else ""
    (directory / "nginx.conf").write_text(
        f"{user} daemon off; pid {directory}/pid; error_log {directory}/main.log notice;\n"
        f"events {{}}\nhttp {{ access_log off; {paths} include {directory}/site.conf; }}\n"
    )
    return [needs("nginx"), "-c", str(directory / "nginx.conf"), "-e", str(directory / "start.log")]


def caddy(directory: Path, upstream: int, port: int, plain: int, chain: Path, key: Path) -> list[str]:
    """The sample with this test's certificate in place of one from an authority."""
    text = (ROOT / "deploy/Caddyfile").read_text()
    site = "{$SITE_HOST:secrets.example.com} {"
    for scheme, more in (
        (f"http://localhost:{plain}", ""),
        (f"https://localhost:{port}", f"tls {chain} {key}"),
    ):
        old = f"{scheme.partition('/')[0]}//{site}"
        assert old in text
        text = text.replace(old, f"{scheme} {{\n\tbind 127.0.0.1\n\t{more}")
    text = text.replace("\tadmin off\n", "\tadmin off\n\tauto_https off\n")
    if subprocess.run([needs("caddy"), "version"], capture_output=True, check=True).stdout < b"2.6.3":
        text = text.replace(
            "request_buffers 2MiB", "buffer_requests\n\t\tmax_buffer_size 2MiB"
        )  # its old name
    text = text.replace("{$UPSTREAMS:127.0.0.1:8000}", f"127.0.0.1:{upstream}")
    (directory / "Caddyfile").write_text(text)
    return [needs("caddy"), "run", "--adapter", "caddyfile", "--config", str(directory / "Caddyfile")]


COMMANDS = {"nginx": nginx, "caddy": caddy}


@contextlib.contextmanager
def before(site_port: int, directory: Path, sample: str, port: int) -> Iterator[Proxy]:
    (directory / "bodies").mkdir(parents=True)
    chain, key = certificate(directory)
    plain = free_port()
    command = COMMANDS[sample](directory, site_port, port, plain, chain, key)
    home = {"XDG_DATA_HOME": str(directory / "data"), "XDG_CONFIG_HOME": str(directory / "config")}
    with running(command, port=port, log=directory / "output.log", **home):
        yield Proxy(f"localhost:{port}", plain, chain, directory, directory / "bodies")


@dataclass
class Both:
    """One site, and each sample before it."""

    site: Site
    proxies: dict[str, Proxy]


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Both]:
    directory = tmp_path_factory.mktemp("proxies")
    with contextlib.ExitStack() as stack:
        more: dict[str, Any] = {
            "SITE_ORIGIN": "https://localhost",
            "TRUSTED_PROXY_COUNT": "1",
            "RATE_LIMITS": "receipt=4/d",
        }
        site = stack.enter_context(running_site(directory, **more))
        proxies = {
            sample: stack.enter_context(before(site.port, directory / sample, sample, free_port()))
            for sample in SAMPLES
        }
        yield Both(site, proxies)


@pytest.fixture(params=SAMPLES)
def proxy(request: pytest.FixtureRequest, both: Both) -> Proxy:
    return both.proxies[request.param]


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def test_nginx_finds_nothing_wrong_with_the_sample(both, tmp_path):
    (tmp_path / "bodies").mkdir()
    command = nginx(tmp_path, 8000, free_port(), free_port(), *certificate(tmp_path))
    done = subprocess.run([*command, "-t"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "warn" not in done.stderr


def test_a_secret_is_made_and_opened_through_it(proxy):
    key = envelope.new_link_key()
    keys, name = envelope.derive(key, None), envelope.secret_id(key)
    sealed = envelope.seal_with(keys.content_key, name, Contents("over TLS"))
    path = "/api/v2/secrets"
    made = proxy.call(
        path, id=name.hex(), proof_hash=b64(envelope.proof_hash(keys.proof)), envelope=b64(sealed),
        ttl=3600, passphrase=False,
    )  # fmt: skip
    assert made["state"] == "new"
    got = proxy.call(f"{path}/{name.hex()}/claim", proof=b64(keys.proof), claim=b64(secrets.token_bytes(16)))
    assert got["envelope"] == b64(sealed)


def test_a_page_comes_with_its_headers(proxy):
    status, _body, headers = proxy.ask("/")
    headers = {name.lower(): value for name, value in headers.items()}
    assert status == 200
    assert headers["strict-transport-security"].startswith("max-age=31536000")
    assert headers["content-security-policy"].startswith("default-src 'none'")
    assert "set-cookie" not in headers


def test_programs_that_forget_tls_are_refused_and_people_redirected(proxy):
    for path, wanted in (("/about", {301}), ("/api/v2/secrets", {403}), ("/api/v1/share", {403})):
        connection = http.client.HTTPConnection("127.0.0.1", proxy.plain, timeout=10)
        connection.request("GET", path, headers={"Host": "localhost"})
        answer = connection.getresponse()
        assert answer.status in wanted
        if answer.status == 301:
            assert answer.headers["Location"] == "https://localhost/about"
        connection.close()


def test_old_tls_is_refused(proxy):
    """TLS 1.1 by a client that would accept anything; the same client is served by TLS 1.2."""
    host, port = proxy.host.split(":")
    for version, served in ((ssl.TLSVersion.TLSv1_1, False), (ssl.TLSVersion.TLSv1_2, True)):
        context = trusting(proxy.chain)
        context.set_ciphers("ALL:@SECLEVEL=0")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            context.minimum_version = context.maximum_version = version
        with socket.create_connection((host, int(port)), timeout=10) as plain:
            try:
                context.wrap_socket(plain, server_hostname=host).close()
            except OSError:
                assert not served
            else:
                assert served


def test_nobody_passes_for_somebody_else_by_a_header(proxy):
    """Limits go by the peer that the proxy saw, whatever the client says of itself."""
    answers = [
        proxy.ask(
            f"/api/v2/receipts/{'r' * 31}",
            X_Forwarded_For=f"203.0.113.{number}",
            Forwarded=f"for=203.0.113.{number}",
            X_Real_IP=f"203.0.113.{number}",
        )[0]
        for number in range(10)
    ]
    assert answers[-1] == 429


def test_the_numbers_for_operators_are_not_outside(proxy):
    assert proxy.ask("/metrics", Authorization="Bearer " + "m" * 32)[0] == 404
    assert proxy.ask("/readyz")[0] == 404
    assert proxy.ask("/healthz")[0] == 200


def test_no_log_holds_a_link_an_address_or_a_query(proxy, both, tmp_path):
    """Neither for what is answered, nor where the header is too long, the body too large or the site away."""
    said: dict[str, Any] = {
        "User_Agent": AGENT,
        "Referer": f"https://{REFERER}.example.com/",
        "X_Forwarded_For": "203.0.113.9",
    }
    assert proxy.ask(f"/secret/{LINK}?word={QUERY}", **said)[0] == 200
    assert proxy.ask(f"/receipt/{LINK}?word={QUERY}", **said)[0] in {404, 429}
    with contextlib.suppress(OSError):  # or it hangs up, which is as good
        assert proxy.ask(f"/secret/{LINK}", Long=QUERY * 10_000, **said)[0] >= 400
    with contextlib.suppress(OSError):
        huge: Any = {**said, "Content_Length": str(10**10), "Content_Type": "application/json"}
        assert proxy.ask(f"/secret/{LINK}", b"x", patience=2, **huge)[0] >= 400
    assert_clean(proxy.logs())
    sample = "nginx" if proxy is both.proxies["nginx"] else "caddy"
    with before(free_port(), tmp_path / "away", sample, free_port()) as alone:
        assert alone.ask(f"/secret/{LINK}?word={QUERY}", **said)[0] in {502, 503, 504}
        assert_clean(alone.logs())


def assert_clean(log: str) -> None:
    assert [line for line in log.splitlines() for word in REMEMBERED if word in line] == []


def test_the_access_log_says_when_and_how_it_went(proxy):
    proxy.ask("/about")
    deadline = time.monotonic() + 10  # it is written after the answer
    while time.monotonic() < deadline and not re.search(r'GET \d{3}|"status":200', proxy.logs()):
        time.sleep(0.05)
    assert re.search(r'GET \d{3}|"status":200', proxy.logs())


def test_no_body_is_put_on_a_disk(proxy):
    """nginx would keep what does not fit into its memory in a file; its directories are gone, and none comes back."""
    for directory in sorted(proxy.bodies.iterdir()):
        directory.rmdir()
    body = json.dumps({"envelope": "A" * 60_000}).encode()
    assert proxy.ask("/api/v2/secrets", body, Content_Type="application/json")[0] in {400, 413, 422}
    assert list(proxy.bodies.iterdir()) == []


def test_what_is_too_large_for_memory_goes_to_a_file_system_in_memory():
    (path,) = re.findall(r"client_body_temp_path (\S+);", (ROOT / "deploy/nginx.conf").read_text())
    assert path.startswith("/run/")


SLOW = (
    b"",
    b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: a",
    (
        b"POST /api/v2/secrets HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        b'Content-Length: 1000\r\n\r\n{"id":'
    ),
    (
        b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n"
        b"Content-Length: 1000\r\n\r\ntext="
    ),
    b"POST /api/v1/share HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n5\r\ntext=\r\n",
)


@pytest.mark.parametrize(
    "said", SLOW, ids=["nothing", "half a header", "half a call", "half a form", "half a share"]
)
def test_those_who_send_slowly_do_not_stop_others(proxy, said):
    """Forty at once, where the site has eight threads."""
    host, port = proxy.host.split(":")
    context = trusting(proxy.chain)
    with contextlib.ExitStack() as stack:
        for number in range(40):
            plain = socket.create_connection(
                (host, int(port)), 10, source_address=(f"127.0.1.{number + 1}", 0)
            )
            slow = stack.enter_context(context.wrap_socket(plain, server_hostname=host))
            slow.sendall(said)
        for _again in range(5):
            assert proxy.ask("/about", patience=5)[0] == 200


class Knows(BaseHTTPRequestHandler):
    """A server of one of two versions: it knows the static file that it is given, and no other."""

    def do_GET(self) -> None:
        known = self.path == f"/static/{self.server.server_port}.js"  # type: ignore[attr-defined]
        self.send_response(200 if known else 404)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class' own name
        pass


def test_during_an_upgrade_a_static_file_comes_from_the_server_that_knows_it(both, tmp_path):
    """Two versions run behind nginx: whichever is asked first, every file of either is found."""
    servers = [ThreadingHTTPServer(("127.0.0.1", 0), Knows) for _version in range(2)]
    one, two = (server.server_port for server in servers)
    for server in servers:
        threading.Thread(target=server.serve_forever, daemon=True).start()
    (tmp_path / "bodies").mkdir()
    port, (chain, key) = free_port(), certificate(tmp_path)
    command = nginx(tmp_path, one, port, free_port(), chain, key)
    conf = tmp_path / "site.conf"
    line = f"server 127.0.0.1:{one} max_fails=1 fail_timeout=2s;"
    assert line in conf.read_text()
    conf.write_text(conf.read_text().replace(line, f"{line} {line.replace(str(one), str(two))}"))
    try:
        with running(command, port=port, log=tmp_path / "output.log"):
            proxy = Proxy(f"localhost:{port}", 0, chain, tmp_path, tmp_path / "bodies")
            asked = [f"/static/{known}.js" for known in (one, one, two, two)] * 3
            assert [proxy.ask(path)[0] for path in asked] == [200] * 12
    finally:
        for server in servers:
            server.shutdown()
            server.server_close()
