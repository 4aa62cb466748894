"""`python -m fuzz.seeds`: writes the first corpus, one file for each kind of input that a parser knows."""

import io
import json
from pathlib import Path

import tests.environment  # noqa: F401 - the settings need an environment

HERE = Path(__file__).resolve().parent
LINK = "OnetimeSecretExampleKey12345678"


def json_bytes(**found: object) -> bytes:
    return json.dumps(found).encode()


def form(kind: str, body: bytes, query: bytes = b"") -> bytes:
    return b"\n".join([kind.encode(), query, body])


def multipart() -> bytes:
    part = b'--x\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n'
    return part % (b"secret", b"hello") + part % (b"ttl", b"3600") + b"--x--\r\n"


def event(**about: object) -> bytes:
    return json_bytes(
        id="evt_1",
        object="event",
        type="invoice.paid",
        livemode=False,
        data={"object": {"id": "in_1", **about}},
    )


def plaintext(**header: object) -> bytes:
    encoded = json_bytes(**header)
    return len(encoded).to_bytes(4, "big") + encoded


def backup_file() -> bytes:
    from fuzz.targets import BACKUP_KEY
    from onetime import backup_format

    file = io.BytesIO()
    backup_format.write(file, [backup_lines()], BACKUP_KEY.public_key())
    return file.getvalue()


def backup_lines() -> bytes:
    from onetime.management.backup_content import FORMAT, KEPT

    head = {"format": FORMAT, "made_at": "2026-01-01T00:00:00+00:00", "live": True}
    account = {"model": "accounts.user", "pk": 1, "fields": {"email": "a@example.com", "is_active": True}}
    end = {"end": True, "counts": {kept.model: int(kept.model == "accounts.User") for kept in KEPT}}
    return b"".join(json_bytes(**line) + b"\n" for line in (head, account, end))


def seeds() -> dict[str, dict[str, bytes]]:
    """target: name: bytes."""
    file = {"name": "a.txt", "type": "text/plain", "size": 3}
    b64, nested = "A" * 22, b"[" * 20_000
    sealed = b"\1" + b"s" * 272
    listed_fields = backup_lines().replace(b'"fields": {', b'"fields": [{').replace(b"}}", b"}]}")
    return {
        "link": {
            "key": LINK.encode(),
            "link": f"https://example.com/uk/secret#{LINK}".encode(),
            "old": f"<https://example.com/secret/{LINK}>".encode(),
        },
        "envelope": {
            "text": b"\1" + plaintext(text="hello"),
            "files": b"\1" + plaintext(text="", files=[file]) + b"abc",
            "two-files": b"\1" + plaintext(files=[file, file]) + b"abcdef",
            "nested": b"\1" + len(nested).to_bytes(4, "big") + nested,
            "raw": b"\0" + sealed,
        },
        "v1": {
            "form": form("application/x-www-form-urlencoded", b"secret=hello&ttl=3600&passphrase=x"),
            "query": form("", b"", b"secret=hello&recipient[]=a%40b.c&recipient=d"),
            "json": form("application/json", json_bytes(secret="hello", ttl=60, recipient=["a", "b"])),
            "multipart": form("multipart/form-data; boundary=x", multipart()),
            "nested": form("application/json", nested),
        },
        "v2": {
            "create": b"\0" + json_bytes(id="a" * 32, proof_hash=b64, envelope=b64, ttl=60, passphrase=False),
            "upload": b"\1" + json_bytes(
                id="a" * 32, upload=b64, size=1, proof_hash=b64, ttl=60, passphrase=True
            ),
            "finish": b"\2{}",
            "nested": b"\2" + nested,
            "claim": b"\3" + json_bytes(proof=b64, claim=b64),
            "ack": b"\4" + json_bytes(claim=b64),
            "segment": b"\5" + json_bytes(claim=b64),
        },
        "webhook": {
            "invoice": b"\1" + event(object="invoice", customer="cus_1"),
            "dispute": b"\1" + event(object="dispute", charge={"id": "ch_1", "object": "charge"}),
            "customer": b"\1" + event(object="customer"),
            "nested": b"\1" + nested,
            "unsigned": b"\0t=1,v1=00,v0=1\n" + event(object="invoice"),
        },
        "backup": {
            "file": b"\0" + backup_file(),
            "lines": b"\1" + backup_lines(),
            "nested": b"\1" + nested + b"\n",
            "bare": b'\1{"format":1}\n',
            "no-fields": b"\1" + listed_fields,
            "no-number": b"\1" + backup_lines().replace(b'"pk"', b'"pQ"'),
        },
        "journal": {
            "lines": b"onetime-journal-1 since 1700000000000 rotated 1700000000000\n"
            b"o 1700000000000 1800000000000 " + b"a" * 32 + b"\n"
            b"c 1700000000000 1800000000000 " + b"b" * 32 + b"\n",
            "late": b"onetime-journal-1 since 1700000000000 rotated 170000000000000000000\n",
        },
        "headers": {
            "language": b"uk-UA,uk;q=0.9,en;q=0.5,*;q=0.1",
            "addresses": b"203.0.113.1, 2001:db8::1%eth0, ::ffff:10.0.0.1",
        },
    }  # fmt: skip


def main() -> None:
    import os

    import django

    os.environ["DJANGO_SETTINGS_MODULE"] = "onetime.settings"
    django.setup()
    for target, files in seeds().items():
        directory = HERE / "corpus" / target
        directory.mkdir(parents=True, exist_ok=True)
        for name, data in files.items():
            (directory / name).write_bytes(data)


if __name__ == "__main__":
    main()
