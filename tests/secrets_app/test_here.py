"""Files for those without JavaScript: sealed and opened on the server, a segment at a time."""

import secrets
import tracemalloc

import pytest

from billing.limits import ANONYMOUS, FREE
from secrets_app import downloads, envelope, here, services
from secrets_app.envelope import SEGMENT_BYTES, BadEnvelope, Contents, File, LinkKey
from secrets_app.errors import BadLifetime, Gone, TooLarge, UnknownSecret, WrongProof
from secrets_app.models import Secret, Segment, Upload
from tests.secrets_app.v2 import Api, sending

pytestmark = pytest.mark.django_db

NAME = 'Звіт "2030".txt'


def pieces(data, size=65_537):
    return (data[start : start + size] for start in range(0, len(data), size))


def make(data, text="a note", passphrase=None, name=NAME, **more):
    given = {"ttl": 3600, "limits": ANONYMOUS, **more}
    with here.HereUpload(text=text, name=name, type="text/plain", passphrase=passphrase, **given) as upload:
        for piece in pieces(data):
            upload.write(piece)
        return upload.finish()


def whole(made, passphrase=None):
    """The envelope as any client gets it."""
    secret_id = envelope.secret_id(made.link)
    keys = envelope.derive(made.link, passphrase)
    nonce = secrets.token_bytes(16)
    taken, _until = services.claim(
        secret_id, keys.proof, nonce, check=services.as_received, check_segments=services.by_segment
    )
    assert isinstance(taken, services.InSegments)
    return b"".join(downloads.whole(secret_id, nonce, taken.segments))


HEADER = len(
    envelope.pack_header("a note", [envelope.FileMeta(NAME, "text/plain", ANONYMOUS.max_files_bytes)])
)
SIZES = [
    0, 1, 255, 65_536, SEGMENT_BYTES - HEADER - 1, SEGMENT_BYTES - HEADER, SEGMENT_BYTES - HEADER + 1,
    SEGMENT_BYTES - 1, SEGMENT_BYTES, SEGMENT_BYTES + 1, 2 * SEGMENT_BYTES - HEADER, 2 * SEGMENT_BYTES, 3_333_333,
]  # fmt: skip


@pytest.mark.parametrize("size", SIZES)
def test_what_is_made_here_is_an_envelope_like_any_other(size):
    """Every client opens it, the stored size is the padded one, and nothing is left of the upload."""
    data = secrets.token_bytes(size)
    made = make(data)
    opened = whole(made)
    assert len(opened) == made.secret.size
    plaintext = len(opened) - 1 - 16 * made.secret.segments
    assert plaintext == envelope.padded_size(HEADER + size)
    contents = envelope.open_envelope(made.link, None, opened)
    assert contents == Contents("a note", (File(NAME, "text/plain", data),))
    assert not Upload.objects.exists()
    assert Segment.objects.count() == made.secret.segments


@pytest.mark.parametrize("size", SIZES)
def test_it_opens_here_too(size):
    data = secrets.token_bytes(size)
    made, nonce = make(data, passphrase="p"), secrets.token_bytes(16)
    opened = here.open_link(made.link, "p", nonce)
    assert opened.text == "a note"
    assert [(file.name, file.type, file.size) for file in opened.files] == [(NAME, "text/plain", size)]
    for _ in range(2):
        file = here.read_file(opened.secret_id, opened.content_key, nonce, 0)
        assert b"".join(file.pieces) == data
    assert file.meta.name == NAME


def test_a_text_that_is_longer_than_a_segment_has_its_place():
    text, data = "\x01" * 700_000, secrets.token_bytes(1_000_000)
    made, nonce = make(data, text=text, limits=FREE), b"n" * 16
    assert envelope.open_envelope(made.link, None, whole(made)).text == text
    made = make(data, text=text, limits=FREE)
    opened = here.open_link(made.link, None, nonce)
    assert opened.text == text
    assert b"".join(here.read_file(opened.secret_id, opened.content_key, nonce, 0).pieces) == data


def test_several_files_that_a_client_sent_are_given_out_one_by_one():
    sent = sending(10)
    files = tuple(File(f"{n}", "", secrets.token_bytes(n)) for n in (0, 700_000, 1, 600_000, 1_048_576))
    key = envelope.new_link_key()
    keys, secret_id = envelope.derive(key, None), envelope.secret_id(key)
    sealed = envelope.seal(key, None, Contents(None, files))
    sent.sealed.key, sent.parts = key, envelope.split_envelope(sealed)
    sent.body |= {"id": secret_id.hex(), "size": len(sealed)}
    sent.body["proof_hash"] = envelope_hash(keys.proof)
    sent.send(Api())
    nonce = b"n" * 16
    opened = here.open_link(key, None, nonce)
    assert [file.size for file in opened.files] == [len(file.data) for file in files]
    for index, file in enumerate(files):
        assert b"".join(here.read_file(secret_id, opened.content_key, nonce, index).pieces) == file.data
    with pytest.raises(UnknownSecret):
        here.read_file(secret_id, opened.content_key, nonce, len(files))


def envelope_hash(proof):
    from tests.secrets_app.v2 import b64

    return b64(envelope.proof_hash(proof))


def test_files_that_came_in_one_piece_open_here_too():
    from tests.secrets_app.v2 import seal

    sealed, nonce = seal("t", files=(File("a", "b", b"x" * 100_000), File("empty", "", b""))), b"n" * 16
    Api().create(sealed)
    opened = here.open_link(sealed.key, None, nonce)
    assert [(file.name, file.size) for file in opened.files] == [("a", 100_000), ("empty", 0)]
    for index, data in enumerate((b"x" * 100_000, b"")):
        assert b"".join(here.read_file(opened.secret_id, opened.content_key, nonce, index).pieces) == data
    with pytest.raises(UnknownSecret):
        here.read_file(opened.secret_id, opened.content_key, nonce, 2)


def test_a_file_over_the_limit_is_refused_while_it_is_read_and_leaves_nothing():
    with pytest.raises(TooLarge) as refused:
        make(bytes(ANONYMOUS.max_files_bytes + 1))
    assert refused.value.limit == ANONYMOUS.max_files_bytes
    assert not Upload.objects.exists()
    assert not Segment.objects.exists()
    assert make(bytes(ANONYMOUS.max_files_bytes)).secret.segments > 9


def test_what_breaks_off_leaves_nothing():
    def break_off():
        with here.HereUpload(
            text=None, name="n", type="", passphrase=None, ttl=60, limits=ANONYMOUS
        ) as upload:
            upload.write(bytes(3_000_000))
            assert Segment.objects.exists()
            raise ConnectionError

    with pytest.raises(ConnectionError):
        break_off()
    assert not Upload.objects.exists()
    assert not Segment.objects.exists()
    assert not Secret.objects.exists()


def test_a_text_over_the_limit_or_a_bad_lifetime_is_refused_before_anything_is_stored():
    with pytest.raises(TooLarge):
        make(b"", text="x" * (ANONYMOUS.max_text_bytes + 1))
    with pytest.raises(BadLifetime):
        make(b"", ttl=1)
    assert not Upload.objects.exists()


def test_the_receipt_of_what_was_made_here_leads_to_its_link():
    made = make(b"x")
    assert envelope.link_key_from_receipt(made.receipt) == made.link
    assert services.by_receipt(made.receipt).pk == made.secret.pk


def test_a_wrong_passphrase_or_a_damaged_header_consumes_nothing():
    made = make(b"x" * 2_000_000, passphrase="right")
    with pytest.raises(WrongProof):
        here.open_link(made.link, "wrong", b"n" * 16)
    secret_id = envelope.secret_id(made.link)
    forged = services.keyring().seal(secret_id, 0, b"x" * (SEGMENT_BYTES + 16))
    Segment.objects.filter(number=0).update(content=forged)
    with pytest.raises(BadEnvelope):
        here.open_link(made.link, "right", b"n" * 16)
    assert Secret.objects.get().state == "new"


def test_only_the_holder_reads_files_and_only_for_as_long_as_it_is_held():
    made, nonce = make(b"x" * 2_000_000), b"n" * 16
    opened = here.open_link(made.link, None, nonce)
    key, secret_id = opened.content_key, opened.secret_id
    with pytest.raises(UnknownSecret):
        here.read_file(secret_id, key, b"o" * 16, 0)
    with pytest.raises(BadEnvelope):
        here.read_file(secret_id, b"k" * 32, nonce, 0)
    with pytest.raises(Gone):
        here.open_link(made.link, None, b"o" * 16)
    reading = here.read_file(secret_id, key, nonce, 0).pieces
    next(reading)
    services.acknowledge(secret_id, nonce)
    with pytest.raises(Gone):
        next(reading)
    with pytest.raises(Gone):
        here.read_file(secret_id, key, nonce, 0)


def test_a_claim_for_envelopes_in_one_piece_does_not_know_it_and_consumes_nothing():
    made = make(b"x")
    proof = envelope.derive(made.link, None).proof
    with pytest.raises(UnknownSecret):
        services.claim(envelope.secret_id(made.link), proof, b"n" * 16, check=services.as_received)
    assert Secret.objects.get().state == "new"


def test_an_unknown_link_is_unknown():
    with pytest.raises(UnknownSecret):
        here.open_link(LinkKey("x" * 31), None, b"n" * 16)


def test_memory_stays_small_however_long_the_file():
    """Making and opening 10 MB take no more of Python's memory than a few segments."""
    data = bytes(65_536)
    tracemalloc.start()
    with here.HereUpload(text=None, name="n", type="", passphrase=None, ttl=60, limits=ANONYMOUS) as upload:
        for _ in range(150):
            upload.write(data)
        made = upload.finish()
    opened = here.open_link(made.link, None, b"n" * 16)
    size = sum(
        len(piece) for piece in here.read_file(opened.secret_id, opened.content_key, b"n" * 16, 0).pieces
    )
    _now, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert size == 150 * 65_536
    assert peak < 12 * SEGMENT_BYTES
