"""The link and the envelope: the vectors, every round trip, and every way to tamper."""

import ast
import hashlib
import hmac
import json
import math
import sys
from itertools import permutations
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from secrets_app import envelope as e
from tests.secrets_app import make_vectors
from tests.secrets_app.make_vectors import KEY, OTHER_KEY, b64, contents_from, from_b64

VECTORS = json.loads(make_vectors.PATH.read_text(encoding="utf-8"))
ID = e.secret_id(KEY)
CONTENT_KEY = e.derive(KEY, None).content_key

link_keys = st.text(e.ALPHABET, min_size=31, max_size=31).map(e.LinkKey)
files = st.builds(e.File, st.text(max_size=20), st.text(max_size=20), st.binary(max_size=600))
contents = st.builds(e.Contents, st.none() | st.text(max_size=300), st.lists(files, max_size=4).map(tuple))


def named(vectors):
    return [pytest.param(vector, id=vector["name"]) for vector in vectors]


def refuses(envelope, key=KEY, passphrase=None):
    with pytest.raises(e.BadEnvelope):
        e.open_envelope(key, passphrase, envelope)


@pytest.fixture(scope="module")
def three_segments():
    """The sealed segments of an envelope of three."""
    large = e.Contents("large", (e.File("a", "b", make_vectors.counting(2_500_000)),))
    return e.split_envelope(e.seal(KEY, None, large))


# The vectors


def test_the_vectors_in_the_documentation_are_what_the_code_makes():
    assert make_vectors.build() == VECTORS


def test_version_1_never_changes():
    """These values were written by hand into version 1: a link made then must open for ever."""
    assert ID.hex() == "c1704c6dbcaa0068cd5ac0dea05ef637"
    assert b64(CONTENT_KEY) == "QRaRvIsjfF-qX1z6Z2D3zvQq75P30B_4dC9LF2Uj5sc"
    assert (
        b64(hashlib.sha256(e.seal(KEY, None, e.Contents("Hello"))).digest())
        == "k30bc_o1qFsfjdF_F9xiMdXw4SK4veq1IUznE3RFtak"
    )


def test_it_derives_by_rfc_5869_alone():
    """HKDF and PBKDF2 spelled out with HMAC only, so that no library decides what the format is."""

    def hkdf(material, info):
        extracted = hmac.digest(b"onetime/1", material, "sha256")
        return hmac.digest(extracted, info + b"\x01", "sha256")

    salt = hkdf(KEY.encode(), b"passphrase")[:16]
    stretched = hashlib.pbkdf2_hmac("sha256", "é".encode(), salt, 600_000, 32)
    material = KEY.encode() + stretched
    assert e.secret_id(KEY) == hkdf(KEY.encode(), b"id")[:16]
    assert e.derive(KEY, "e\u0301") == (hkdf(material, b"content"), hkdf(material, b"proof"))


@pytest.mark.parametrize("vector", named(VECTORS["envelopes"]))
def test_it_seals_and_opens_each_vector(vector):
    """Keys, proof, size and every byte of the envelope are as documented, and it opens to the contents."""
    key, passphrase = e.LinkKey(vector["key"]), vector["passphrase"]
    expected = contents_from(vector["contents"])
    keys, id_ = e.derive(key, passphrase), e.secret_id(key)
    sealed = e.seal_with(keys.content_key, id_, expected)
    assert id_.hex() == vector["id"]
    assert (b64(keys.content_key), b64(keys.proof)) == (vector["content_key"], vector["proof"])
    assert b64(e.proof_hash(keys.proof)) == vector["proof_hash"]
    assert b64(hashlib.sha256(sealed).digest()) == vector["envelope_sha256"]
    assert len(sealed) == vector["envelope_size"]
    assert e.open_with(keys.content_key, id_, sealed) == expected
    if "envelope" in vector:
        assert e.open_envelope(key, passphrase, from_b64(vector["envelope"])) == expected


@pytest.mark.parametrize("vector", VECTORS["receipts"])
def test_it_derives_the_link_key_from_a_receipt(vector):
    receipt = e.ReceiptKey(vector["receipt"])
    assert e.link_key_from_receipt(receipt) == vector["key"]
    assert b64(e.receipt_hash(receipt)) == vector["receipt_hash"]


@pytest.mark.parametrize("vector", named(VECTORS["refused_plaintexts"]))
def test_it_refuses_a_malformed_plaintext(vector):
    with pytest.raises(e.BadEnvelope):
        e.unpack(from_b64(vector["plaintext"]))


# Links


@pytest.mark.parametrize("vector", VECTORS["links"])
def test_it_reads_whole_links_and_refuses_incomplete_ones(vector):
    if vector["key"]:
        assert e.parse_link(vector["link"]) == vector["key"]
    else:
        with pytest.raises(e.IncompleteLink):
            e.parse_link(vector["link"])


@given(key=link_keys, cut=st.integers(0, 30))
def test_it_refuses_a_link_cut_anywhere(key, cut):
    with pytest.raises(e.IncompleteLink):
        e.parse_link(f"https://example.com/secret#{key[:cut]}")


@given(key=link_keys)
def test_any_key_in_a_link_is_read_back(key):
    assert e.parse_link(f"https://example.com/secret#{key}") == key
    assert e.parse_link(f"https://example.com/secret/{key}") == key


@given(text=st.text(max_size=100))
def test_any_text_is_either_a_link_or_an_incomplete_link(text):
    try:
        key = e.parse_link(text)
    except e.IncompleteLink:
        return
    assert len(key) == 31
    assert key in text


def test_new_keys_are_31_characters_of_the_whole_alphabet_and_never_repeat():
    keys = [new() for new in (e.new_link_key, e.new_receipt_key) for _ in range(500)]
    assert {len(key) for key in keys} == {31}
    assert set("".join(keys)) == set(e.ALPHABET)
    assert len(set(keys)) == 1000


def test_every_character_is_equally_likely():
    """Each of the 62 has four bytes and the last eight bytes have none: no modulo bias."""
    drawn = [e._take_characters([bytes([byte]) * 31])[:1] for byte in range(256)]
    assert drawn == list(e.ALPHABET) * 4 + [""] * 8


def test_a_block_that_gives_too_few_characters_is_extended_by_the_next():
    """A receipt whose 64 bytes are mostly rejected goes on with "link2", then "link3"."""
    receipt = e.ReceiptKey(KEY)
    infos = (b"link", b"link2", b"link3")
    blocks = e._receipt_blocks(receipt)
    assert [next(blocks) for _ in infos] == [e.hkdf(KEY.encode(), info, 64) for info in infos]
    assert e._take_characters([b"\xf8" * 62 + b"\0\1", b"\xff" * 64, b"\2" * 64]) == "01" + "2" * 29


# Passphrases


@settings(max_examples=10, deadline=None)
@given(passphrase=st.text(max_size=40))
@example(passphrase="\ud83e")
@example(passphrase="\0")
def test_any_passphrase_opens_what_it_sealed(passphrase):
    sealed = e.seal(KEY, passphrase, e.Contents("text"))
    assert e.open_envelope(KEY, passphrase, sealed) == e.Contents("text")


@pytest.mark.parametrize(
    "wrong", [None, "", "open sesam", "Open sesame", "open sesame ", "open\u00a0sesame!"]
)
def test_it_refuses_a_wrong_passphrase(wrong):
    refuses(e.seal(KEY, "open sesame", e.Contents("text")), passphrase=wrong)


def test_it_refuses_a_passphrase_where_none_was_set():
    refuses(e.seal(KEY, None, e.Contents("text")), passphrase="open sesame")


def test_no_passphrase_and_an_empty_one_are_the_same():
    assert e.derive(KEY, None) == e.derive(KEY, "")


@pytest.mark.parametrize(
    ("typed", "same"), [("e\u0301", "é"), ("ﬁ", "fi"), ("Ａ", "A"), ("\u0456\u0308", "ї")]
)
def test_a_passphrase_is_the_same_however_a_keyboard_composes_it(typed, same):
    assert e.derive(KEY, typed) == e.derive(KEY, same)


def test_a_passphrase_is_stretched_differently_for_each_link():
    assert e.stretch(KEY, "open sesame") != e.stretch(OTHER_KEY, "open sesame")


# Round trips


@given(key=link_keys, contents=contents)
def test_any_contents_come_out_as_they_went_in(key, contents):
    sealed = e.seal(key, None, contents)
    assert e.open_envelope(key, None, sealed) == contents
    assert len(sealed) == e.envelope_size(len(e.pack(contents)))


@pytest.mark.parametrize("size", [2**20 - 200, 2**20 - 13, 2**20, 2**21 - 60, 2**21, 3 * 2**20 + 1])
def test_files_around_a_segment_s_edge_come_out_as_they_went_in(size):
    contents = e.Contents(None, (e.File("a", "b", make_vectors.counting(size)),))
    assert e.open_envelope(KEY, None, e.seal(KEY, None, contents)) == contents


def test_lone_surrogates_become_the_replacement_character():
    """A browser does so too: a text that UTF-8 can't hold is an input, not a failure."""
    contents = e.Contents("a\ud83eb", (e.File("\udfff", "\ud800", b""),))
    assert e.unpack(e.pack(contents)) == e.Contents("a\ufffdb", (e.File("\ufffd", "\ufffd", b""),))


def test_a_large_file_can_be_sealed_and_opened_by_the_segment():
    """The streaming pieces make the very bytes of `seal`, and the first chunk tells the header."""
    data = make_vectors.counting(1_500_000)
    header = e.pack_header("text", [e.FileMeta("a", "b", len(data))])
    size = e.padded_size(len(header) + len(data))
    plaintext = (header + data).ljust(size, b"\0")
    chunks = [plaintext[: e.SEGMENT_BYTES], plaintext[e.SEGMENT_BYTES :]]
    assert e.segment_count(size) == 2
    sealed = [e.seal_segment(CONTENT_KEY, ID, n, n == 1, chunk) for n, chunk in enumerate(chunks)]
    assert e.join_segments(sealed) == e.seal(KEY, None, e.Contents("text", (e.File("a", "b", data),)))
    first = e.open_segment(CONTENT_KEY, ID, 0, False, sealed[0])
    assert e.unpack_header(first) == ("text", (e.FileMeta("a", "b", len(data)),), len(header))


def test_unknown_fields_of_a_header_are_ignored():
    header = b'{"text":"a","more":[1]}'
    assert e.unpack(len(header).to_bytes(4, "big") + header) == e.Contents("a")


def test_a_header_nested_without_end_is_refused():
    header = b"[" * 200_000
    with pytest.raises(e.BadEnvelope):
        e.unpack(len(header).to_bytes(4, "big") + header)


@given(plaintext=st.binary(max_size=400))
def test_any_plaintext_is_either_read_or_refused(plaintext):
    framed = len(plaintext).to_bytes(4, "big") + plaintext
    for candidate in (plaintext, framed):
        try:
            assert isinstance(e.unpack(candidate), e.Contents)
        except e.BadEnvelope:
            continue


# Padding


@pytest.mark.parametrize(("size", "padded"), VECTORS["padded_sizes"])
def test_it_pads_to_the_documented_sizes(size, padded):
    assert e.padded_size(size) == padded


@given(size=st.integers(0, 2**40))
def test_padding_is_padme(size):
    """As the PURBs paper writes it: the last E-S bits are zero, and it costs under 12 %."""
    least = max(size, 256)
    exponent = math.floor(math.log2(least))
    mask = (1 << exponent - math.floor(math.log2(exponent)) - 1) - 1
    assert e.padded_size(size) == (least + mask) & ~mask
    assert least <= e.padded_size(size) < least * 1.12


def test_texts_up_to_241_letters_look_alike():
    assert {len(e.seal(KEY, None, e.Contents("x" * length))) for length in range(242)} == {273}


# Tampering


def test_it_refuses_every_flipped_bit():
    sealed = e.seal(KEY, None, e.Contents("text"))
    for bit in range(len(sealed) * 8):
        changed = bytearray(sealed)
        changed[bit // 8] ^= 1 << bit % 8
        refuses(bytes(changed))


def test_it_refuses_an_envelope_cut_anywhere_or_made_longer():
    sealed = e.seal(KEY, None, e.Contents("text"))
    for length in range(len(sealed)):
        refuses(sealed[:length])
    refuses(sealed + b"\0")
    refuses(sealed + sealed[1:])


def test_it_refuses_the_key_of_another_link():
    refuses(e.seal(KEY, None, e.Contents("text")), key=OTHER_KEY)


def test_it_refuses_an_envelope_under_another_identifier():
    """The identifier is authenticated: a server can't answer one secret with another's envelope."""
    sealed = e.seal(KEY, None, e.Contents("text"))
    with pytest.raises(e.BadEnvelope):
        e.open_with(CONTENT_KEY, e.secret_id(OTHER_KEY), sealed)


def test_it_refuses_another_version():
    refuses(b"\x02" + e.seal(KEY, None, e.Contents("text"))[1:])


def test_it_refuses_segments_in_any_other_order(three_segments):
    orders = [list(order) for order in permutations(three_segments)][1:]
    for order in orders:
        refuses(e.join_segments(order))


@pytest.mark.parametrize("kept", [(0, 1), (0, 2), (1, 2), (0,), (1,), (2,), ()])
def test_it_refuses_dropped_segments(three_segments, kept):
    refuses(e.join_segments(three_segments[number] for number in kept))


@pytest.mark.parametrize(
    "order", [(0, 0, 1, 2), (0, 1, 1, 2), (0, 1, 2, 2), (0, 1, 2, 0), (0, 0, 2), (0, 1, 1)]
)
def test_it_refuses_repeated_segments(three_segments, order):
    refuses(e.join_segments(three_segments[number] for number in order))


@pytest.mark.parametrize("number", [0, 1, 2])
@pytest.mark.parametrize("place", [0, 1000, -1])
def test_it_refuses_a_flipped_bit_in_any_segment(three_segments, number, place):
    changed = bytearray(three_segments[number])
    changed[place] ^= 1
    refuses(e.join_segments([*three_segments[:number], bytes(changed), *three_segments[number + 1 :]]))


@pytest.mark.parametrize("number", [0, 1, 2])
@pytest.mark.parametrize("left", [0, 1, 16, 17, -1])
def test_it_refuses_a_segment_cut_short(three_segments, number, left):
    cut = three_segments[number][:left]
    refuses(e.join_segments([*three_segments[:number], cut, *three_segments[number + 1 :]]))


def test_it_refuses_a_last_segment_that_pretends_to_go_on(three_segments):
    with pytest.raises(e.BadEnvelope):
        e.open_segment(CONTENT_KEY, ID, 2, False, three_segments[2])
    with pytest.raises(e.BadEnvelope):
        e.open_segment(CONTENT_KEY, ID, 0, True, three_segments[0])


def test_it_refuses_a_segment_of_another_envelope(three_segments):
    other = e.split_envelope(
        e.seal(OTHER_KEY, None, e.Contents("large", (e.File("a", "b", make_vectors.counting(2_500_000)),)))
    )
    refuses(e.join_segments([three_segments[0], other[1], three_segments[2]]))


@pytest.mark.parametrize(
    ("size", "last"), [(0, True), (0, False), (1, False), (2**20 - 1, False), (2**20 + 1, True)]
)
def test_it_seals_no_segment_of_a_wrong_size(size, last):
    with pytest.raises(ValueError, match="1 MiB"):
        e.seal_segment(CONTENT_KEY, ID, 0, last, b"\0" * size)


@given(envelope=st.binary(max_size=400))
def test_any_bytes_are_refused(envelope):
    refuses(envelope)
    refuses(b"\x01" + envelope)


# The module


def test_it_imports_only_the_standard_library_and_cryptography():
    """A client ships this file alone."""
    tree = ast.parse(Path(e.__file__).read_text(encoding="utf-8"))
    froms = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    modules = {node.module.partition(".")[0] for node in froms if node.module}
    modules |= {name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names}
    assert not any(node.level for node in froms)
    assert modules - sys.stdlib_module_names == {"cryptography"}


def test_its_hashes_are_sha_256():
    claim = bytes(16)
    assert e.claim_hash(claim) == e.proof_hash(claim) == hashlib.sha256(claim).digest()
    assert e.receipt_hash(e.ReceiptKey(KEY)) == hashlib.sha256(KEY.encode("ascii")).digest()
