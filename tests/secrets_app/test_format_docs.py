"""The worked example in docs/format.md is true to the last digit."""

import re
from functools import cache

import pytest

from secrets_app import envelope as e
from tests.secrets_app.make_vectors import KEY, OTHER_KEY, PATH, b64

DOCUMENT = (PATH.parent / "format.md").read_text(encoding="utf-8")
PASSPHRASE, TEXT = "open sesame", "correct horse battery staple"


@cache  # two stretched passphrases
def worked_example():
    keys, id_ = e.derive(KEY, PASSPHRASE), e.secret_id(KEY)
    header = e.pack_header(TEXT)
    sealed = e.seal(KEY, PASSPHRASE, e.Contents(TEXT))
    receipt = e.ReceiptKey(OTHER_KEY)
    return {
        "id": id_.hex(),
        "salt": e.hkdf(KEY.encode(), b"passphrase", 16).hex(),
        "stretched": e.stretch(KEY, PASSPHRASE).hex(),
        "content_key": keys.content_key.hex(),
        "proof": keys.proof.hex(),
        "proof as base64url": b64(keys.proof),
        "proof_hash": e.proof_hash(keys.proof).hex(),
        "proof_hash as base64url": b64(e.proof_hash(keys.proof)),
        "header": f"{header[:4].hex()} {header[4:].decode()}",
        "header length": f"{len(header) - 4} bytes and {256 - len(header)} zeros",
        "associated data": (e.CONTEXT + id_).hex(),
        "start": sealed[:33].hex(),
        "tag": sealed[-16:].hex(),
        "envelope": b64(sealed),
        "receipt": OTHER_KEY,
        "receipt hash": e.receipt_hash(receipt).hex(),
        "link from receipt": e.link_key_from_receipt(receipt),
    }


@pytest.mark.parametrize("name", sorted(worked_example()))
def test_the_worked_example_is_what_the_code_makes(name):
    # The envelope is written over several lines.
    without_breaks = re.sub(r"\n    (?=[\w-]+\n)", "", DOCUMENT)
    value = worked_example()[name]
    assert value in DOCUMENT or value in without_breaks
