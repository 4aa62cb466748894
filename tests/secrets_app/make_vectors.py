"""Write docs/format-vectors.json: `python -m tests.secrets_app.make_vectors`.

Everything in it is deterministic, for keys are given and nonces are counters. A change in the file means
that the format changed, which version 1 never may: only add vectors.
"""

import base64
import hashlib
import json
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from secrets_app import envelope as e

PATH = Path(__file__).parents[2] / "docs" / "format-vectors.json"
KEY = e.LinkKey("OnetimeSecretExampleKey12345678")
OTHER_KEY = e.LinkKey("zyxwvutsrqponmlkjihgfedcba98765")
LONGEST_SHOWN = 2048  # bytes; of a larger envelope the file keeps the SHA-256


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def from_b64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def counting(length: int) -> bytes:
    """Byte number i is i mod 251: a prime, so that no two segments are alike."""
    return (bytes(range(251)) * (length // 251 + 1))[:length]


def file_from(entry: dict[str, Any]) -> e.File:
    data = counting(entry["counting"]) if "counting" in entry else from_b64(entry["data"])
    return e.File(entry["name"], entry["type"], data)


def contents_from(entry: dict[str, Any]) -> e.Contents:
    return e.Contents(entry["text"], tuple(file_from(file) for file in entry["files"]))


def text_only(text: str | None) -> dict[str, Any]:
    return {"text": text, "files": []}


def counted(length: int) -> dict[str, Any]:
    return {"name": "counting.bin", "type": "application/octet-stream", "counting": length}


SMALL_FILES = [
    {"name": "пароль.txt", "type": "text/plain", "data": b64(b"hunter2\n")},
    {"name": "empty", "type": "", "data": ""},
]
# The name, the passphrase, the contents.
ENVELOPES: list[tuple[str, str | None, dict[str, Any]]] = [
    ("text without a passphrase", None, text_only("correct horse battery staple")),
    ("text with a passphrase", "open sesame", text_only("correct horse battery staple")),
    (
        "passphrase that NFKC changes",
        "e\u0301\ufb01\uff21\u00b2",
        text_only("the passphrase is the same as é, fi, A, 2"),
    ),
    ("passphrase that NFKC leaves alone", "\u00e9fiA2", text_only("one key, two spellings")),
    ("passphrase of spaces", "  ", text_only("spaces are kept")),
    ("empty text", None, text_only("")),
    ("neither text nor files", None, text_only(None)),
    (
        "emoji, quotes and control characters",
        None,
        text_only('🤫 “Пароль”\t"\\/\x00\x1f\x7f\u2028\r\n\ufeff'),
    ),
    ("text at the padding's edge", None, text_only("x" * 241)),
    ("text over the padding's edge", None, text_only("x" * 242)),
    ("files without text", None, {"text": None, "files": SMALL_FILES}),
    ("text and files with a passphrase", "шибболет", {"text": "see the files", "files": SMALL_FILES}),
    ("one segment, full to the last byte", None, {"text": None, "files": [counted(1_048_488)]}),
    ("two segments, both full", None, {"text": None, "files": [counted(2_097_064)]}),
    ("three segments", "open sesame", {"text": "large", "files": [counted(2_500_000)]}),
]
# Of its first 31 derived bytes three are rejected.
REJECTING = "ReceiptExampleNumber00000000000"
# A link, and whether its key is KEY or the link is refused as incomplete.
LINKS: list[tuple[str, bool]] = [
    (KEY, True),
    (f"#{KEY}", True),
    (f"https://example.com/secret#{KEY}", True),
    (f"https://example.com/secret/#{KEY}", True),
    (f"https://example.com/uk/secret#{KEY}", True),
    (f"https://example.com/secret?utm_source=mail#{KEY}", True),
    (f"http://127.0.0.1:8000/secret/{KEY}", True),
    (f"/secret/{KEY}", True),
    (f"secret#{KEY}", True),
    (f"  <https://example.com/secret#{KEY}>\r\n", True),
    (f"«https://example.com/secret#{KEY}».", True),
    (f"Here it is:\nhttps://example.com/secret#{KEY}", True),
    ("", False),
    ("#", False),
    ("https://example.com/secret", False),
    (f"https://example.com/secret#{KEY[:-1]}", False),
    (f"https://example.com/secret#{KEY}x", False),
    (f"https://example.com/secret#{KEY[:-1]}-", False),
    (f"https://example.com/secret#{KEY[:-1]}é", False),
    (f"https://example.com/secret#{KEY[:15]} {KEY[15:]}", False),
    (f"https://example.com/receipt/{KEY}", False),
    (f"https://example.com/private/{KEY}", False),
    (" " * 2048 + KEY, False),
]


def framed(header: bytes, rest: bytes = b"") -> bytes:
    return len(header).to_bytes(4, "big") + header + rest


def one_file(entry: bytes) -> bytes:
    return framed(b'{"files":[' + entry + b"]}", b"1234")


REFUSED_PLAINTEXTS: dict[str, bytes] = {
    "empty": b"",
    "a length cut short": b"\0\0\0",
    "a header that is longer than the plaintext": b"\0\0\1\0{}",
    "bytes that aren't UTF-8": framed(b'{"text":"\xff"}'),
    "a surrogate written as UTF-8": framed(b'{"text":"\xed\xa0\x80"}'),
    "half a surrogate pair as an escape": framed(b'{"text":"\\ud83e"}'),
    "a byte order mark": framed(b"\xef\xbb\xbf{}"),
    "no JSON": framed(b"{"),
    "NaN, which JSON doesn't have": framed(b'{"more":NaN}'),
    "an empty header": framed(b""),
    "a list": framed(b"[]"),
    "null": framed(b"null"),
    "a text that is null": framed(b'{"text":null}'),
    "a text that is a number": framed(b'{"text":1}'),
    "files that are an object": framed(b'{"files":{}}'),
    "files that are null": framed(b'{"files":null}'),
    "a file that is null": one_file(b"null"),
    "a file without a name": one_file(b'{"type":"","size":4}'),
    "a file without a type": one_file(b'{"name":"a","size":4}'),
    "a file without a size": one_file(b'{"name":"a","type":""}'),
    "a size below zero": one_file(b'{"name":"a","type":"","size":5},{"name":"b","type":"","size":-1}'),
    "a size with a fraction": one_file(b'{"name":"a","type":"","size":1.5}'),
    "a size that is true": framed(b'{"files":[{"name":"a","type":"","size":true}]}', b"1"),
    "a size that is text": one_file(b'{"name":"a","type":"","size":"4"}'),
    "a size over the plaintext's": one_file(b'{"name":"a","type":"","size":5}'),
    "a size beyond all reason": one_file(b'{"name":"a","type":"","size":' + b"9" * 40 + b"}"),
    "padding that isn't zeros": framed(b'{"text":"a"}', b"\0" * 8 + b"\1"),
}


def envelope_vector(name: str, passphrase: str | None, entry: dict[str, Any]) -> dict[str, Any]:
    keys, id_ = e.derive(KEY, passphrase), e.secret_id(KEY)
    sealed = e.seal_with(keys.content_key, id_, contents_from(entry))
    shown = {"envelope": b64(sealed)} if len(sealed) <= LONGEST_SHOWN else {}
    return {
        "name": name,
        "key": KEY,
        "passphrase": passphrase,
        "id": id_.hex(),
        "stretched": b64(e.stretch(KEY, passphrase)),
        "content_key": b64(keys.content_key),
        "proof": b64(keys.proof),
        "proof_hash": b64(e.proof_hash(keys.proof)),
        "contents": entry,
        "envelope_size": len(sealed),
        "envelope_sha256": b64(hashlib.sha256(sealed).digest()),
        **shown,
    }


def receipt_vector(receipt_key: str) -> dict[str, str]:
    receipt = e.ReceiptKey(receipt_key)
    return {
        "receipt": receipt,
        "receipt_hash": b64(e.receipt_hash(receipt)),
        "key": e.link_key_from_receipt(receipt),
    }


def second_lock_vector(number: int, data: bytes) -> dict[str, Any]:
    """Written out step by step, since the key ring draws its nonces itself."""
    server_key, id_, nonce = counting(32), e.secret_id(KEY), counting(200)[-12:]
    row_key = e.hkdf(server_key, b"row" + id_, 32)
    fingerprint = e.hkdf(server_key, b"fingerprint", 4)
    locked = AESGCM(row_key).encrypt(nonce, data, id_ + number.to_bytes(4, "big"))
    return {
        "server_key": b64(server_key),
        "fingerprint": b64(fingerprint),
        "id": id_.hex(),
        "number": number,
        "row_key": b64(row_key),
        "nonce": b64(nonce),
        "data": b64(data),
        "sealed": b64(fingerprint + nonce + locked),
    }


def build() -> dict[str, Any]:
    sizes = [0, 1, 255, 256, 257, 272, 273, 1000, 65_536, 65_537, 1_048_577, 2_500_062, 104_857_601]
    return {
        "about": "Test vectors of docs/format.md, version 1. Binary values are unpadded base64url, ids are"
        " hex. A file's data is given, or counting: that many bytes, of which number i is i mod 251.",
        "envelopes": [envelope_vector(*entry) for entry in ENVELOPES],
        "ids": [{"key": key, "id": e.secret_id(key).hex()} for key in (KEY, OTHER_KEY)],
        "links": [{"link": link, "key": KEY if good else None} for link, good in LINKS],
        "padded_sizes": [[size, e.padded_size(size)] for size in sizes],
        "receipts": [receipt_vector(key) for key in (KEY, OTHER_KEY, REJECTING)],
        "refused_plaintexts": [
            {"name": name, "plaintext": b64(data)} for name, data in REFUSED_PLAINTEXTS.items()
        ],
        "second_lock": [second_lock_vector(0, b"\1" + counting(300)), second_lock_vector(65_537, b"x")],
    }


def main() -> None:
    PATH.write_text(json.dumps(build(), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
