"""A plaintext cut into segments as it is read, and put together again as it arrives, never whole in memory."""

import os

import pytest

from onetime_cli import envelope, files, receiving
from onetime_cli.envelope import SEGMENT_BYTES, TAG_BYTES, BadEnvelope, Contents, File, FileMeta
from onetime_cli.errors import CommandError
from onetime_cli.receiving import Reader
from onetime_cli.sending import Plaintext, Sealer

KEY = envelope.LinkKey("OnetimeSecretExampleKey12345678")
KEYS, ID = envelope.derive(KEY, None), envelope.secret_id(KEY)
SIZES = (0, 1, SEGMENT_BYTES - 1, SEGMENT_BYTES, SEGMENT_BYTES + 1, 3 * SEGMENT_BYTES)


def shared(tmp_path, *contents: bytes):
    """Sources of files with these contents."""
    paths = [tmp_path / f"{number}.bin" for number in range(len(contents))]
    for path, data in zip(paths, contents, strict=True):
        path.write_bytes(data)
    return [files.source(str(path), 0) for path in paths]


def whole(sealer: Sealer) -> bytes:
    return envelope.join_segments(sealer.segment(number) for number in range(sealer.plaintext.segments))


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("text", [None, "ї" * 300])
def test_what_is_sealed_by_segment_is_the_envelope_of_the_format(tmp_path, size, text):
    data = os.urandom(size)
    plaintext = Plaintext(text, shared(tmp_path, data))
    sealed = whole(Sealer(KEYS, ID, plaintext))
    contents = Contents(text, (File("0.bin", "application/octet-stream", data),))
    assert sealed == envelope.seal(KEY, None, contents)
    assert len(sealed) == envelope.envelope_size(plaintext.size)


def test_files_follow_one_another_across_segments(tmp_path):
    parts = [os.urandom(n) for n in (0, 700_000, 700_000, 0, 1, 5)]
    sealed = whole(Sealer(KEYS, ID, Plaintext("x", shared(tmp_path, *parts))))
    assert [file.data for file in envelope.open_envelope(KEY, None, sealed).files] == parts


def test_a_segment_is_sealed_for_one_content_only(tmp_path):
    """Also where a file changed in a way that its time and size do not show."""
    (source,) = shared(tmp_path, b"1" * 100)
    sealer = Sealer(KEYS, ID, Plaintext(None, [source]))
    first = sealer.segment(0)
    assert sealer.segment(0) == first
    mark = source.path.stat()
    with source.path.open("r+b") as file:
        file.write(b"2")
    os.utime(source.path, ns=(mark.st_atime_ns, mark.st_mtime_ns))
    with pytest.raises(CommandError, match="changed"):
        sealer.segment(0)


def save(plaintext: bytes, folder, step: int = SEGMENT_BYTES):
    chunks = (plaintext[start : start + step] for start in range(0, len(plaintext), step))
    return receiving.save(Reader(chunks), len(plaintext), folder)


@pytest.mark.parametrize("step", [1, 7, 256, SEGMENT_BYTES])
def test_what_arrives_in_pieces_is_put_together(tmp_path, step):
    contents = Contents("a\nb", (File("a", "", b""), File("b", "", b"123" * 50), File("a", "", b"4")))
    found = save(envelope.pack(contents), tmp_path, step)
    assert found.text == "a\nb"
    assert [path.name for path in found.files] == ["a", "b", "a (2)"]
    assert [path.read_bytes() for path in found.files] == [b"", b"123" * 50, b"4"]


PACKED = envelope.pack(Contents(None, (File("a", "", b"1" * 100),)))
HEAD = envelope.pack_header(None, [FileMeta("a", "", 300)])


@pytest.mark.parametrize(
    "plaintext",
    [
        b"", b"\0\0", PACKED[:-1] + b"x", b"\x7f" + PACKED[1:], HEAD + b"1" * 200, HEAD + b"1" * 299,
        b"\0\0\0\2{]" + bytes(250), b"\xff\xff\xff\xff" + bytes(252),
    ],
)  # fmt: skip
def test_a_plaintext_that_is_none_leaves_no_file(tmp_path, plaintext):
    with pytest.raises(BadEnvelope):
        save(plaintext, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_sizes_beyond_the_end_are_refused_before_a_file_is_begun(tmp_path, monkeypatch):
    monkeypatch.setattr(receiving, "Arriving", None)
    head = envelope.pack_header(None, [FileMeta("a", "", 1 << 70)])
    with pytest.raises(BadEnvelope, match="longer"):
        save(head + bytes(500), tmp_path)


def broken(sealed: list[bytes]):
    """What a server, or somebody between, could make of the segments of an envelope."""
    yield "cut", sealed[:-1]
    yield "swapped", [sealed[1], sealed[0], *sealed[2:]]
    yield "repeated", [sealed[0], sealed[0], *sealed[2:]]
    yield "changed", [*sealed[:-1], sealed[-1][:-1] + bytes([sealed[-1][-1] ^ 1])]
    yield "short", [sealed[0][:-1], *sealed[1:]]
    yield "empty", [b"", *sealed[1:]]


def test_every_segment_is_checked_and_a_bad_one_leaves_no_file(tmp_path):
    sealed = envelope.split_envelope(
        envelope.seal(KEY, None, Contents("x", (File("a", "", os.urandom(3 * SEGMENT_BYTES)),)))
    )
    size = sum(len(segment) - TAG_BYTES for segment in sealed)
    for name, segments in broken(sealed):
        chunks = receiving._opened(KEYS, ID, iter(segments), len(segments))
        with pytest.raises(BadEnvelope):
            receiving.save(Reader(chunks), size, tmp_path)
        assert list(tmp_path.iterdir()) == [], name


def test_a_disk_that_is_full_leaves_no_file_and_says_so(tmp_path, monkeypatch):
    def full(_self, _data):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files.Arriving, "write", full)
    with pytest.raises(CommandError, match="No space left"):
        save(PACKED, tmp_path)
    assert list(tmp_path.iterdir()) == []
