"""The second lock: what the database holds opens only in its place and with a server key."""

import base64
import hashlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secrets_app.envelope import SecretId, hkdf
from secrets_app.keyring import OVERHEAD_BYTES, BadKey, BadSeal, KeyRing, UnknownKey, new_key
from tests.secrets_app import make_vectors
from tests.secrets_app.make_vectors import from_b64

VECTORS = json.loads(make_vectors.PATH.read_text(encoding="utf-8"))["second_lock"]
OLD, NEW = b"\1" * 32, b"\2" * 32
ID, OTHER_ID = SecretId(b"i" * 16), SecretId(b"o" * 16)

ids = st.binary(min_size=16, max_size=16).map(SecretId)
numbers = st.integers(0, 2**32 - 1)


@pytest.fixture
def ring():
    return KeyRing([NEW, OLD])


@given(id_=ids, number=numbers, data=st.binary(max_size=2000))
def test_anything_sealed_opens_in_its_place(id_, number, data):
    ring = KeyRing([NEW, OLD])
    sealed = ring.seal(id_, number, data)
    assert ring.open(id_, number, sealed) == data
    assert len(sealed) == len(data) + OVERHEAD_BYTES


@pytest.mark.parametrize("vector", VECTORS)
def test_it_opens_the_documented_vectors(vector):
    ring = KeyRing.from_strings([vector["server_key"]])
    id_, sealed = SecretId(bytes.fromhex(vector["id"])), from_b64(vector["sealed"])
    assert ring.open(id_, vector["number"], sealed) == from_b64(vector["data"])


def test_the_newest_key_seals(ring):
    sealed = ring.seal(ID, 0, b"data")
    assert sealed[:4] == hkdf(NEW, b"fingerprint", 4)
    assert KeyRing([NEW]).open(ID, 0, sealed) == b"data"
    with pytest.raises(UnknownKey):
        KeyRing([OLD]).open(ID, 0, sealed)


def test_every_key_on_the_ring_opens(ring):
    assert ring.open(ID, 0, KeyRing([OLD]).seal(ID, 0, b"data")) == b"data"


def test_rotation_finds_what_the_newest_key_did_not_seal(ring):
    assert ring.is_current(ring.seal(ID, 0, b"data"))
    assert not ring.is_current(KeyRing([OLD]).seal(ID, 0, b"data"))
    assert not ring.is_current(b"")


def test_it_refuses_every_flipped_bit(ring):
    """A change in the fingerprint names no key; a change anywhere else breaks the seal."""
    sealed = ring.seal(ID, 0, b"data")
    for bit in range(len(sealed) * 8):
        changed = bytearray(sealed)
        changed[bit // 8] ^= 1 << bit % 8
        with pytest.raises(UnknownKey if bit < 32 else BadSeal):
            ring.open(ID, 0, bytes(changed))


def test_it_refuses_what_was_cut_anywhere(ring):
    sealed = ring.seal(ID, 0, b"data")
    for length in range(len(sealed)):
        with pytest.raises(BadSeal):
            ring.open(ID, 0, sealed[:length])


@pytest.mark.parametrize(("id_", "number"), [(OTHER_ID, 0), (ID, 1), (OTHER_ID, 1)])
def test_it_refuses_what_was_moved_to_another_secret_or_place(ring, id_, number):
    """Whoever can write to the database still can't exchange two secrets or two segments."""
    sealed = ring.seal(ID, 0, b"data")
    with pytest.raises(BadSeal):
        ring.open(id_, number, sealed)


def test_a_fingerprint_swapped_for_another_key_s_breaks_the_seal(ring):
    sealed = hkdf(OLD, b"fingerprint", 4) + ring.seal(ID, 0, b"data")[4:]
    with pytest.raises(BadSeal):
        ring.open(ID, 0, sealed)


def test_the_same_data_never_looks_the_same_twice(ring):
    assert len({ring.seal(ID, 0, b"data") for _ in range(100)}) == 100


def test_the_fingerprint_is_no_plain_hash_of_the_key(ring):
    fingerprint = ring.seal(ID, 0, b"")[:4]
    plain = [hashlib.new(name, NEW).digest()[:4] for name in ("sha256", "sha512", "sha1", "md5")]
    assert fingerprint not in [*plain, NEW[:4], NEW[-4:]]


@pytest.mark.parametrize(
    "keys", [[], [b""], [b"short"], [NEW[:31]], [NEW + b"x"], [NEW, b"short"], [NEW, NEW]]
)
def test_it_refuses_to_exist_with_bad_keys(keys):
    with pytest.raises(BadKey):
        KeyRing(keys)


@pytest.mark.parametrize(
    "text", ["", "!", "short", "é" * 43, "A" * 42, "A" * 44, "A" * 20 + "\n" + "A" * 23, "+/" * 21]
)
def test_it_refuses_bad_strings_without_repeating_them(text):
    with pytest.raises(BadKey) as caught:
        KeyRing.from_strings([text])
    assert not text or text not in str(caught.value)
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_it_reads_either_base64_with_or_without_padding():
    key = bytes(range(224, 256))
    padded = base64.urlsafe_b64encode(key).decode()
    sealed = KeyRing.from_strings([padded]).seal(ID, 0, b"data")
    assert padded.endswith("=")
    assert KeyRing.from_strings([base64.b64encode(key).decode()]).open(ID, 0, sealed) == b"data"
    assert KeyRing.from_strings([f" {padded.rstrip('=')}\n"]).open(ID, 0, sealed) == b"data"


def test_new_keys_fit_the_ring_and_never_repeat():
    keys = [new_key() for _ in range(100)]
    assert KeyRing.from_strings(keys).open(ID, 0, KeyRing.from_strings(keys[:1]).seal(ID, 0, b"x")) == b"x"
    assert all("=" not in key for key in keys)


def test_a_ring_does_not_print_its_keys(ring):
    assert repr(NEW) not in repr(ring)
    assert NEW.hex() not in repr(ring)
