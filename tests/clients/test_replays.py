"""What other clients send, byte for byte as their sources and libraries write it, over a plain socket."""

import base64
import json
import socket
from typing import Any
from urllib.parse import quote, quote_plus

import pytest

pytestmark = pytest.mark.live

SECRET = "ключ & більше = 100 %\n"
FORM = "Content-Type: application/x-www-form-urlencoded"
BOUNDARY = "------------------------d74496d66958873e"


class Wire:
    """One site, spoken to in bytes; what comes back is checked to be JSON with the status that is due."""

    def __init__(self, port: int, account: tuple[str, str]) -> None:
        self.port = port
        pair = base64.b64encode(":".join(account).encode()).decode()
        self.basic = f"Authorization: Basic {pair}"

    def send(self, head: str, body: bytes = b"", *, status: int = 200, pause: bool = False) -> Any:
        """Send a request, its head as lines without the Host; `pause`: wait for 100 Continue before the body."""
        line, *headers = [part.strip() for part in head.strip().splitlines()]
        host = [] if line.endswith("HTTP/1.0") else [f"Host: 127.0.0.1:{self.port}"]
        raw = "\r\n".join([line, *host, *headers, "", ""]).encode()
        with socket.create_connection(("127.0.0.1", self.port), timeout=20) as wire:
            wire.sendall(raw)
            if pause:
                assert wire.recv(1000).startswith(b"HTTP/1.1 100 Continue")
            wire.sendall(body)
            return read_answer(wire, status)


def read_answer(wire: socket.socket, status: int) -> Any:
    data = b""
    while b"\r\n\r\n" not in data:
        data += wire.recv(65_536)
    head, _blank, body = data.partition(b"\r\n\r\n")
    lines = head.decode().lower().split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines[1:])
    while len(body) < int(headers["content-length"]):
        body += wire.recv(65_536)
    assert lines[0].split()[1] == str(status), body
    assert headers["content-type"] == "application/json; charset=utf-8"
    assert "set-cookie" not in headers
    return json.loads(body)


@pytest.fixture
def wire(site, account):
    return Wire(site.port, account)


def go_values(**fields: str) -> str:
    """As Go's url.Values writes them: sorted by name."""
    return "&".join(f"{name}={quote_plus(value)}" for name, value in sorted(fields.items()))


def assert_opens(wire: Wire, key: str, value: str = SECRET, passphrase: str = "") -> None:
    body = f"passphrase={quote_plus(passphrase)}".encode()
    opened = wire.send(
        f"POST /api/v1/secret/{key} HTTP/1.1\n{FORM}\nContent-Length: {len(body)}\nConnection: close", body
    )
    assert opened == {"value": value, "secret_key": key}


def test_a_go_client_posts_forms_without_a_type(wire):
    """jdockerty/onetimesecret-go: url.Values as the body, and no Content-Type; nothing at all for metadata."""
    go = f"User-Agent: Go-http-client/1.1\n{wire.basic}\nAccept-Encoding: gzip"
    body = go_values(secret=SECRET, passphrase="p w", ttl="3600", recipient="").encode()
    made = wire.send(f"POST /api/v1/share HTTP/1.1\n{go}\nContent-Length: {len(body)}", body)
    assert all(
        type(made[name]) is int for name in ("ttl", "metadata_ttl", "secret_ttl", "created", "updated")
    )
    assert made["recipient"] == []
    receipt = wire.send(f"POST /api/v1/private/{made['metadata_key']} HTTP/1.1\n{go}\nContent-Length: 0")
    assert receipt["secret_key"] == made["secret_key"]
    body = go_values(secret_key=made["secret_key"], passphrase="p w").encode()
    path = f"/api/v1/secret/{made['secret_key']}"
    assert wire.send(f"POST {path} HTTP/1.1\n{go}\nContent-Length: {len(body)}", body)["value"] == SECRET
    assert wire.send(f"GET /api/v1/private/recent HTTP/1.1\n{go}")[0]["state"] == "received"
    body = go_values(passphrase="", ttl="3600", recipient="").encode()
    made = wire.send(f"POST /api/v1/generate HTTP/1.1\n{go}\nContent-Length: {len(body)}", body)
    burned = wire.send(f"POST /api/v1/private/{made['metadata_key']}/burn HTTP/1.1\n{go}\nContent-Length: 0")
    assert burned["state"]["state"] == "burned"


def test_a_go_client_posts_everything_in_the_query(wire):
    """corbaltcode/go-onetimesecret: no body; without credentials it sends an empty pair."""
    go = "User-Agent: Go-http-client/1.1\nContent-Length: 0\nAuthorization: Basic Og==\nAccept-Encoding: gzip"
    query = go_values(secret=SECRET, passphrase="", ttl="0", recipient="")
    made = wire.send(f"POST /api/v1/share?{query} HTTP/1.1\n{go}")
    assert (made["custid"], made["ttl"]) == ("anon", 604_800)
    opened = wire.send(f"POST /api/v1/secret/{made['secret_key']}?passphrase= HTTP/1.1\n{go}")
    assert opened["value"] == SECRET
    path = f"/api/v1/private/{made['metadata_key']}/burn?passphrase="
    assert wire.send(f"POST {path} HTTP/1.1\n{go}", status=404)["message"] == "Unknown secret"


def test_a_go_client_announces_json_and_sends_none(wire):
    """chelnak/onetimesecret-go: the query again, under a JSON header and an empty body."""
    go = f"User-Agent: Go-http-client/1.1\nContent-Length: 0\n{wire.basic}\nContent-Type: application/json"
    made = wire.send(
        f"POST /api/v1/share?{go_values(secret=SECRET, ttl='120')} HTTP/1.1\n{go}\nAccept-Encoding: gzip"
    )
    assert made["ttl"] == 120
    opened = wire.send(f"POST /api/v1/secret/{made['secret_key']} HTTP/1.1\n{go}")
    assert opened["value"] == SECRET


@pytest.mark.parametrize("kind", ["", FORM, "Content-Type: application/json"])
def test_powershell_posts_an_empty_body(wire, kind):
    """chelnak/OneTimeSecret: Invoke-RestMethod with the query alone, typed by version."""
    agent = "User-Agent: Mozilla/5.0 (Windows NT; Windows NT 10.0; en-GB) WindowsPowerShell/5.1.22621.2506"
    head = f"{agent}\n{kind}\n{wire.basic}\nContent-Length: 0".replace("\n\n", "\n")
    made = wire.send(f"POST /api/v1/share?secret={quote(SECRET)}&Ttl=1&ttl=600 HTTP/1.1\n{head}")
    assert made["ttl"] == 600
    assert_opens(wire, made["secret_key"])


def test_curl_posts_multipart_and_odd_bodies(wire):
    """eengstrom/onetimesecret-bash: -F secret='<-', -d '' for metadata and recent, and -d \"''\" for retrieving."""
    curl = "User-Agent: curl/8.14.1\nAccept: */*"
    body = (
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="ttl"\r\n\r\n600\r\n'
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="secret"\r\n\r\n{SECRET}\r\n--{BOUNDARY}--\r\n'
    ).encode()
    kind = f"Content-Type: multipart/form-data; boundary={BOUNDARY}"
    made = wire.send(
        f"POST /api/v1/share HTTP/1.1\n{wire.basic}\n{curl}\nContent-Length: {len(body)}\n{kind}", body
    )
    empty = f"{curl}\nContent-Length: 0\n{FORM}"
    receipt = wire.send(f"POST /api/v1/private/{made['metadata_key']} HTTP/1.1\n{empty}")
    assert receipt["secret_key"] == made["secret_key"]
    recent = wire.send(f"GET /api/v1/private/recent HTTP/1.1\n{wire.basic}\n{empty}")
    assert isinstance(recent, list)
    path = f"/api/v1/secret/{made['secret_key']}"
    opened = wire.send(f"POST {path} HTTP/1.1\n{curl}\nContent-Length: 2\n{FORM}", b"''")
    assert opened["value"] == SECRET
    made = wire.send(f"POST /api/v1/generate HTTP/1.1\n{curl}\nContent-Length: 2\n{FORM}", b"''")
    assert len(made["value"]) >= 12


def test_ruby_posts_a_form_and_closes(wire):
    """The onetime gem: HTTParty."""
    ruby = f"Accept-Encoding: gzip;q=1.0,deflate;q=0.6,identity;q=0.3\nAccept: */*\nUser-Agent: Ruby\n{wire.basic}"
    body = f"secret={quote(SECRET, safe='')}&ttl=600".encode()
    made = wire.send(
        f"POST /api/v1/share HTTP/1.1\n{ruby}\nConnection: close\n{FORM}\nContent-Length: {len(body)}", body
    )
    assert_opens(wire, made["secret_key"])


def test_python_2_sends_credentials_only_when_asked(wire):
    """utterstep/py_onetimesecret: urllib2, whose handler waits for a challenge in our realm; upper-case names."""
    python = f"Accept-Encoding: identity\nConnection: close\nUser-Agent: Python-urllib/2.7\n{FORM}"
    body = f"secret={quote_plus(SECRET)}&ttl=86400".encode()
    made = wire.send(f"POST /api/v1/share HTTP/1.1\n{python}\nContent-Length: {len(body)}", body)
    body = f"METADATA_KEY={made['metadata_key']}".encode()
    path = f"/api/v1/private/{made['metadata_key']}"
    receipt = wire.send(f"POST {path} HTTP/1.1\n{python}\nContent-Length: {len(body)}", body)
    assert "received" not in receipt
    body = f"SECRET_KEY={made['secret_key']}".encode()
    path = f"/api/v1/secret/{made['secret_key']}"
    assert wire.send(f"POST {path} HTTP/1.1\n{python}\nContent-Length: {len(body)}", body)["value"] == SECRET


def test_dot_net_waits_for_leave_to_send(wire):
    """davidsiv/KeePass-OneTimeSecretShare: HttpWebRequest, Expect: 100-continue, percent-encoded bytes."""
    body = f"secret={quote(SECRET, safe='~')}&ttl=3600".encode()
    head = f"""POST /api/v1/share HTTP/1.1
        {FORM}
        Accept: application/json
        User-Agent: KeePass-OneTimeSecretShare/2.12.26.09 (David S.)
        {wire.basic}
        Content-Length: {len(body)}
        Expect: 100-continue
        Connection: Keep-Alive"""
    assert_opens(wire, wire.send(head, body, pause=True)["secret_key"])


def test_dot_net_posts_multipart_with_bare_names(wire):
    """MultipartFormDataContent: a quoted boundary, unquoted names, a type on each part."""
    part = "Content-Type: text/plain; charset=utf-8\r\nContent-Disposition: form-data; name=secret\r\n\r\n"
    body = f"--b-1\r\n{part}{SECRET}\r\n--b-1--\r\n".encode()
    kind = 'Content-Type: multipart/form-data; boundary="b-1"'
    made = wire.send(f"POST /api/v1/share HTTP/1.1\n{kind}\nContent-Length: {len(body)}", body)
    assert_opens(wire, made["secret_key"])


def test_a_body_in_chunks_is_read(wire):
    body = f"secret={quote_plus(SECRET)}".encode()
    chunks = b"5\r\n" + body[:5] + b"\r\n" + f"{len(body) - 5:x}\r\n".encode() + body[5:] + b"\r\n0\r\n\r\n"
    made = wire.send(f"POST /api/v1/share HTTP/1.1\n{FORM}\nTransfer-Encoding: chunked", chunks)
    assert_opens(wire, made["secret_key"])


def test_chunks_without_end_are_refused_when_there_are_too_many(wire):
    chunk = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
    head = f"POST /api/v1/share HTTP/1.1\n{FORM}\nTransfer-Encoding: chunked"
    answer = wire.send(head, b"7\r\nsecret=\r\n" + chunk * 20 + b"0\r\n\r\n", status=404)
    assert answer["message"].startswith("Secret value exceeds the maximum size of")


def test_php_joins_two_types(wire):
    body = f"secret={quote_plus(SECRET)}".encode()
    kind = "Content-Type: text/html; charset=utf-8, application/x-www-form-urlencoded"
    made = wire.send(f"POST /api/v1/share HTTP/1.1\n{kind}\nContent-Length: {len(body)}", body)
    assert_opens(wire, made["secret_key"])


def test_perl_and_java_post_forms(wire):
    """LWP's connection headers; a type with a charset, and an Accept that asks for no JSON."""
    body = f"secret={quote_plus(SECRET)}&ttl=".encode()
    for more in (
        "TE: deflate,gzip;q=0.3\nConnection: TE, close\n" + FORM,
        f"Accept: text/html\n{FORM}; charset=UTF-8",
    ):
        made = wire.send(f"POST /api/v1/share HTTP/1.1\n{more}\nContent-Length: {len(body)}", body)
        assert_opens(wire, made["secret_key"])


def test_http_1_0_is_spoken(wire):
    """No Host, no keep-alive, no agent."""
    body = f"secret={quote_plus(SECRET)}".encode()
    made = wire.send(f"POST /api/v1/share HTTP/1.0\nContent-Length: {len(body)}", body)
    assert_opens(wire, made["secret_key"])
    assert wire.send("GET /api/v1/status HTTP/1.0") == {"status": "nominal", "locale": "en"}


def test_a_browser_extension_calls_from_its_own_origin(wire):
    body = f"secret={quote_plus(SECRET)}".encode()
    origin = "Origin: chrome-extension://abcdefghijklmnopabcdefghijklmnop\nSec-Fetch-Site: cross-site\nCookie: session=x"
    made = wire.send(f"POST /api/v1/share HTTP/1.1\n{origin}\n{FORM}\nContent-Length: {len(body)}", body)
    assert_opens(wire, made["secret_key"])


@pytest.mark.parametrize(
    ("line", "status"),
    [
        ("POST /api/v1/nothing HTTP/1.1", 404), ("DELETE /api/v1/share HTTP/1.1", 404), ("GET /api/v1 HTTP/1.1", 404),
        ("GET /api/v1/private/%ff%00 HTTP/1.1", 404), ("GET /api/v1/../v1/status HTTP/1.1", 404),
    ],
)  # fmt: skip
def test_what_is_not_there_is_not_there_in_json(wire, line, status):
    assert wire.send(f"{line}\nAccept: text/html\nContent-Length: 0", status=status)["message"]


@pytest.mark.parametrize("header", ["Basic \u00ff", "Basic " + "A" * 6000, "Basic YTpi\u0301", "Basic"])
def test_a_credential_that_is_none_is_refused(wire, header):
    head = f"GET /api/v1/status HTTP/1.1\nAuthorization: {header}"
    assert wire.send(head, status=401) == {"message": "Not authorized"}


def test_the_page_that_clients_build_opens_nothing(site, wire):
    """The link as clients print it, and the receipt as extensions open it: pages, which change nothing."""
    import urllib.request

    body = f"secret={quote_plus(SECRET)}".encode()
    made = wire.send(f"POST /api/v1/share HTTP/1.1\nContent-Length: {len(body)}", body)
    for path in (f"/secret/{made['secret_key']}", f"/private/{made['metadata_key']}"):
        with urllib.request.urlopen(site.origin + path + "?continue=true") as answer:
            assert answer.status == 200
            assert "text/html" in answer.headers["Content-Type"]
            assert SECRET.strip() not in answer.read().decode()
    assert_opens(wire, made["secret_key"])
