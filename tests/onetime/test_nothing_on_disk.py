"""The database's files, searched byte by byte after a hundred secrets of every make.

Never on disk: a plaintext, link key, receipt key, passphrase or address. And on SQLite no ciphertext once an
opening is acknowledged, or its hold is over and the purge has run. On PostgreSQL the rows themselves are
searched: its files keep dead rows until they are vacuumed, which the security page says.
"""

import base64
import json
import secrets
import time
import urllib.parse
import urllib.request
from pathlib import Path

import pytest

from secrets_app import envelope
from secrets_app.envelope import Contents
from tests.secrets_app.forms import END, MULTIPART, fields, file
from tests.site import Site, running_site

pytestmark = pytest.mark.live

HOLD = 2
PROXY_ADDRESS = "203.0.113.77"


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def post(site: Site, path: str, data: bytes, kind: str) -> bytes:
    headers = {"Content-Type": kind, "X-Forwarded-For": PROXY_ADDRESS, "User-Agent": "disk-search"}
    request = urllib.request.Request(site.origin + path, data=data, headers=headers)
    with urllib.request.urlopen(request, timeout=20) as answer:
        return bytes(answer.read())


def call(site: Site, path: str, **body) -> dict[str, str]:
    answer = post(site, path, json.dumps(body).encode(), "application/json")
    return json.loads(answer) if answer else {}


class Shared:
    """One secret made by a client, with all that must never be found again."""

    def __init__(self, site: Site, *, passphrase: str | None = None) -> None:
        self.site, self.passphrase = site, passphrase
        self.text = "plaintext-" + secrets.token_hex(12)
        self.link = envelope.new_link_key()
        self.id = envelope.secret_id(self.link)
        self.keys = envelope.derive(self.link, passphrase)
        self.envelope = envelope.seal_with(self.keys.content_key, self.id, Contents(self.text))
        made = call(
            site, "/api/v2/secrets", id=self.id.hex(), proof_hash=b64(envelope.proof_hash(self.keys.proof)),
            envelope=b64(self.envelope), ttl=3600, passphrase=passphrase is not None,
        )  # fmt: skip
        self.receipt = made["receipt"]
        self.claim = secrets.token_bytes(16)

    def open(self) -> None:
        got = call(
            self.site,
            f"/api/v2/secrets/{self.id.hex()}/claim",
            proof=b64(self.keys.proof),
            claim=b64(self.claim),
        )
        assert got["envelope"] == b64(self.envelope)

    def acknowledge(self) -> None:
        call(self.site, f"/api/v2/secrets/{self.id.hex()}/ack", claim=b64(self.claim))

    def needles(self) -> dict[str, bytes]:
        """What must never be on disk in any form that could be met: raw, hex, base64."""
        raw = {
            "text": self.text.encode(), "link key": self.link.encode(), "receipt key": self.receipt.encode(),
            "content key": self.keys.content_key, "proof": self.keys.proof, "claim": self.claim,
            "envelope": self.envelope[:64],
        }  # fmt: skip
        if self.passphrase:
            raw["passphrase"] = self.passphrase.encode()
        forms = {
            "": bytes,
            " in hex": lambda data: data.hex().encode(),
            " in base64": lambda data: b64(data).encode(),
        }
        return {name + form: change(data) for name, data in raw.items() for form, change in forms.items()}


def make_without_script(site: Site) -> dict[str, bytes]:
    """A secret by the plain form, which the server encrypts: what it saw must not stay."""
    text, passphrase = "plaintext-" + secrets.token_hex(12), "passphrase-" + secrets.token_hex(8)
    form = urllib.parse.urlencode({"text": text, "passphrase": passphrase, "ttl": "3600"}).encode()
    page = post(site, "/", form, "application/x-www-form-urlencoded").decode()
    link = page.split("/secret#", 1)[1][:31]
    receipt = page.split("/receipt/", 1)[1][:31]
    assert len(envelope.parse_link(link)) == 31
    return {
        "text": text.encode(),
        "passphrase": passphrase.encode(),
        "link key": link.encode(),
        "receipt key": receipt.encode(),
    }


def make_file_without_script(site: Site) -> dict[str, bytes]:
    """The same with a file, of two segments, which the server seals while it arrives."""
    name, data = "name-" + secrets.token_hex(12), b"file-" + secrets.token_hex(12).encode()
    body = fields(text="") + file(data * 40_000, name) + END
    assert "/secret#" in post(site, "/", body, MULTIPART).decode()
    return {"name": name.encode(), "file": data}


def on_disk(site: Site) -> dict[str, bytes]:
    """Every file that the site has written, or PostgreSQL's rows in binary."""
    url = site.env["DATABASE_URL"]
    files = {
        path.name: path.read_bytes()
        for path in site.var.rglob("*")
        if path.is_file() and path.parent.name != "static"
    }
    files = {
        name: data for name, data in files.items() if not name.endswith((".js", ".css", ".br", ".gz", ".svg"))
    }
    if url.startswith("postgres"):
        files["rows"] = postgres_rows(url)
    else:
        assert "site.sqlite3" in files
    return files


def postgres_rows(url: str) -> bytes:
    import psycopg

    with psycopg.connect(url) as connection:
        names = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        rows = b""
        for (name,) in names:
            with connection.cursor().copy(f'COPY "{name}" TO STDOUT (FORMAT BINARY)') as copy:
                rows += b"".join(bytes(part) for part in copy)
    return rows


def contents_on_disk(site: Site, sealed: bytes) -> list[str]:
    return [name for name, data in on_disk(site).items() if sealed in data]


def sealed_row(site: Site, id_: bytes) -> bytes:
    """Bytes out of the middle of the stored content, which no other row can share."""
    code = f"from secrets_app.models import Secret; print(bytes(Secret.objects.get(pk='{id_.hex()}').content)[100:164].hex())"
    return bytes.fromhex(site.manage("shell", "--no-imports", "-c", code).strip())


@pytest.fixture(scope="module")
def quick(tmp_path_factory):
    """A site that holds an opened secret for two seconds only, and trusts one proxy's word on addresses."""
    with running_site(
        Path(tmp_path_factory.mktemp("disk")),
        HOLD_SECONDS=str(HOLD),
        TRUSTED_PROXY_COUNT="1",
        RATE_LIMITS="on",
    ) as site:
        yield site


def test_after_a_hundred_secrets_nothing_that_opens_one_is_on_disk(quick):
    """In the database, its log, the journal, the server's log and the mail directory alike."""
    needles = {"address": PROXY_ADDRESS.encode(), "agent": b"disk-search"}
    for number in range(70):
        made = Shared(quick, passphrase=f"passphrase-{secrets.token_hex(8)}" if number % 3 == 0 else None)
        needles |= {f"{name} of {number}": value for name, value in made.needles().items()}
        if number % 2:
            made.open()
        if number % 4 == 1:
            made.acknowledge()
    for number in range(30):
        needles |= {f"{name} of plain {number}": value for name, value in make_without_script(quick).items()}
    for number in range(5):
        needles |= {
            f"{name} of file {number}": value for name, value in make_file_without_script(quick).items()
        }
    for name, data in on_disk(quick).items():
        for what, needle in needles.items():
            assert needle not in data, f"{what} in {name}"


def test_an_acknowledged_secret_leaves_no_ciphertext(quick):
    made = Shared(quick)
    sealed = sealed_row(quick, made.id)
    assert contents_on_disk(quick, sealed)  # the search can find what is there
    made.open()
    assert contents_on_disk(quick, sealed)
    made.acknowledge()
    assert contents_on_disk(quick, sealed) == []


def test_a_hold_that_is_over_and_a_purge_leave_no_ciphertext(quick):
    """Nobody acknowledged; the hold ends by itself, and the purge takes the content off the disk."""
    made = Shared(quick)
    sealed = sealed_row(quick, made.id)
    made.open()
    deadline = time.monotonic() + 30
    while contents_on_disk(quick, sealed) and time.monotonic() < deadline:
        quick.manage("purge_secrets")
    assert contents_on_disk(quick, sealed) == []


def test_a_burned_secret_leaves_no_ciphertext(quick):
    made = Shared(quick)
    sealed = sealed_row(quick, made.id)
    post(quick, f"/api/v2/receipts/{made.receipt}/burn", b"", "application/json")
    assert contents_on_disk(quick, sealed) == []
