"""A file made by the plain form, API v2 or the command line opens by each of them, byte for byte."""

import contextlib
import html
import http.client
import json
import re
import secrets
import urllib.request
from base64 import urlsafe_b64encode
from urllib.parse import unquote, urlencode, urlsplit

import pytest

from secrets_app import envelope
from secrets_app.envelope import Contents, File
from tests.cli.command import run
from tests.secrets_app.forms import END, MULTIPART, fields, file
from tests.site import make_account

pytestmark = pytest.mark.live

WAYS = ("form", "v2", "command")
NAME, TEXT = "нотатки 🔑.bin", "see the file\nsecond line"
DATA = bytes(range(256)) * 6000  # 1.5 MB: two segments and a half
FORM = "application/x-www-form-urlencoded"
JSON = "application/json"


def b64(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def post(url: str, body: bytes, kind: str, method: str = "POST", **headers: str):
    request = urllib.request.Request(url, body, {"Content-Type": kind, **headers}, method=method)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return answer.headers, answer.read()


def call(site, path: str, body, **headers: str):
    _headers, answer = post(f"{site.origin}/api/v2/{path}", json.dumps(body).encode(), JSON, **headers)
    return json.loads(answer) if answer.startswith(b"{") else answer


def make(way: str, site, passphrase: str, folder) -> envelope.LinkKey:
    match way:
        case "form":
            body = fields(text=TEXT, passphrase=passphrase) + file(DATA, NAME) + END
            _headers, page = post(f"{site.origin}/", body, MULTIPART)
            return envelope.parse_link(page.decode().split("/secret#")[1][:31])
        case "v2":
            return make_v2(site, passphrase)
        case "command":
            (folder / NAME).write_bytes(DATA)
            done = run(
                "share", NAME, "-", "--exact", stdin=TEXT.encode(), cwd=folder,
                ONETIME_SERVER=site.origin, ONETIME_PASSPHRASE=passphrase,
            )  # fmt: skip
            return envelope.parse_link(done.stdout.decode().strip())
    raise AssertionError(way)


def make_v2(site, passphrase: str, data: bytes = DATA, **headers: str) -> envelope.LinkKey:
    key = envelope.new_link_key()
    keys, secret_id = envelope.derive(key, passphrase), envelope.secret_id(key)
    sealed = envelope.seal_with(keys.content_key, secret_id, Contents(TEXT, (File(NAME, "", data),)))
    right = b64(secrets.token_bytes(16))
    call(site, "uploads", {
        "id": secret_id.hex(), "upload": right, "size": len(sealed), "ttl": 3600,
        "proof_hash": b64(envelope.proof_hash(keys.proof)), "passphrase": bool(passphrase),
    }, **headers)  # fmt: skip
    way = f"{site.origin}/api/v2/uploads/{secret_id.hex()}"
    for number, segment in enumerate(envelope.split_envelope(sealed)):
        post(f"{way}/segments/{number}", segment, "application/octet-stream", "PUT", **{"Upload-Key": right})
    post(f"{way}/finish", b"{}", JSON, **{"Upload-Key": right})
    return key


def open_(way: str, site, key: envelope.LinkKey, passphrase: str, folder):
    """The text, and the name and bytes of the one file."""
    match way:
        case "form":
            page = open_form(site, key, passphrase)
            text = re.search(r'<textarea[^>]* id="secret"[^>]*>\n(.*?)</textarea>', page, re.DOTALL)
            assert text
            headers, data = post(f"{site.origin}/secret", button(page), FORM)
            name = unquote(headers["Content-Disposition"].partition("utf-8''")[2])
            return html.unescape(text[1]), name, data
        case "v2":
            return open_v2(site, key, passphrase)
        case "command":
            (folder / "out").mkdir()
            done = run("open", "-y", "--json", "-o", "out", "--server", site.origin, stdin=key.encode(), cwd=folder,
                       ONETIME_PASSPHRASE=passphrase)  # fmt: skip
            found = json.loads(done.stdout)
            path = folder / found["files"][0]
            return found["text"], path.name, path.read_bytes()
    raise AssertionError(way)


def open_form(site, key: str, passphrase: str) -> str:
    claim = b64(secrets.token_bytes(16))
    body = urlencode({"link": key, "passphrase": passphrase, "claim": claim}).encode()
    return str(post(f"{site.origin}/secret", body, FORM)[1].decode())


def button(page: str) -> bytes:
    """What the first download button posts."""
    form = page[page.index('value="download"') - 100 : page.index("</form>", page.index('value="download"'))]
    return urlencode(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', form)).encode()


def open_v2(site, key: envelope.LinkKey, passphrase: str):
    keys, secret_id = envelope.derive(key, passphrase), envelope.secret_id(key)
    claim = {"proof": b64(keys.proof), "claim": b64(secrets.token_bytes(16))}
    won = call(site, f"secrets/{secret_id.hex()}/claim", claim)
    sealed = [
        call(site, f"secrets/{secret_id.hex()}/segments/{number}", {"claim": claim["claim"]})
        for number in range(won["segments"])
    ]
    found = envelope.open_with(keys.content_key, secret_id, envelope.join_segments(sealed))
    return found.text, found.files[0].name, found.files[0].data


@pytest.mark.parametrize("passphrase", ["", "ключ 🗝 "])
@pytest.mark.parametrize("opener", WAYS)
@pytest.mark.parametrize("maker", WAYS)
def test_a_file_that_one_makes_the_other_opens(site, tmp_path, maker, opener, passphrase):
    key = make(maker, site, passphrase, tmp_path)
    assert open_(opener, site, key, passphrase, tmp_path) == (TEXT, NAME, DATA)


def test_a_download_that_is_erased_in_its_middle_never_looks_whole(site):
    """Whoever asked has fewer bytes than were announced, and browsers say that it failed."""
    size = 24_000_000  # more than the server sends ahead
    token = make_account(site, "erased-midway@example.com")
    form = button(open_form(site, make_v2(site, "", bytes(size), Authorization=f"Bearer {token}"), ""))
    connection = http.client.HTTPConnection(urlsplit(site.origin).netloc, timeout=30)
    connection.request("POST", "/secret", form, {"Content-Type": FORM})
    answer = connection.getresponse()
    got = len(answer.read(10_000))
    erase = form.replace(b"action=download", b"action=erase")
    post(f"{site.origin}/secret", erase, FORM)
    with contextlib.suppress(http.client.IncompleteRead, ConnectionError):
        while data := answer.read1(100_000):
            got += len(data)
    connection.close()
    assert int(answer.headers["Content-Length"]) == size
    assert got < size
