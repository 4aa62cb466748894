"""The backup file: whole and for the right key, or refused with a reason."""

import io
import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onetime import backup_format
from onetime.backup_format import BadBackup, BadBackupKey, WrongBackupKey

PRIVATE, PUBLIC = backup_format.new_key_pair()
KEY = backup_format.private_key(PRIVATE)


def sealed(*chunks, public=PUBLIC):
    file = io.BytesIO()
    size = backup_format.write(file, chunks, backup_format.public_key(public))
    assert size == len(file.getvalue())
    return file.getvalue()


def opened(data, key=KEY):
    return b"".join(backup_format.read(io.BytesIO(data), key))


@given(st.lists(st.binary(max_size=400), max_size=20))
@settings(max_examples=50)
def test_what_went_in_comes_out_however_it_was_cut(chunks):
    assert opened(sealed(*chunks)) == b"".join(chunks)


@pytest.mark.parametrize("size", [0, 1, 65_535, 65_536, 65_537, 131_072, 200_001])
def test_sizes_around_a_segment(size):
    data = os.urandom(size)
    assert opened(sealed(data)) == data


def test_every_flipped_byte_is_refused_with_a_reason():
    data = sealed(b"accounts and receipts")
    for place in range(len(data)):
        changed = bytearray(data)
        changed[place] ^= 1
        with pytest.raises(backup_format.BackupError) as refusal:
            opened(bytes(changed))
        assert str(refusal.value).endswith(".")


def test_every_cut_is_refused():
    data = sealed(b"accounts and receipts")
    for length in range(len(data)):
        with pytest.raises(BadBackup):
            opened(data[:length])


def test_a_cut_at_a_segment_s_end_is_refused():
    """The end is marked inside the seal, so a file cut between segments does not pass for a whole one."""
    data = sealed(os.urandom(3 * backup_format.SEGMENT_BYTES))
    step = backup_format.SEGMENT_BYTES + backup_format.TAG_BYTES
    for whole in (1, 2):
        with pytest.raises(BadBackup):
            opened(data[: backup_format.HEADER_BYTES + whole * step])


def test_swapped_repeated_and_appended_segments_are_refused():
    data = sealed(os.urandom(3 * backup_format.SEGMENT_BYTES))
    head, step = backup_format.HEADER_BYTES, backup_format.SEGMENT_BYTES + backup_format.TAG_BYTES
    first, second, third = (data[head + n * step : head + (n + 1) * step] for n in range(3))
    for body in (second + first + third, first + first + second + third, first + second + third + third):
        with pytest.raises(BadBackup):
            opened(data[:head] + body)


def test_another_key_is_told_so():
    other, _public = backup_format.new_key_pair()
    with pytest.raises(WrongBackupKey, match="made for another key"):
        opened(sealed(b"x"), backup_format.private_key(other))


def test_the_public_key_alone_opens_nothing():
    """The server has the public key only; it is not taken for a private one."""
    with pytest.raises(BadBackupKey, match="not a private backup key"):
        backup_format.private_key(PUBLIC)


def test_a_mistyped_key_is_refused_before_any_backup_is_made_with_it():
    for text, read in ((PUBLIC, backup_format.public_key), (PRIVATE, backup_format.private_key)):
        for place in range(len(text) - 45, len(text)):
            wrong = text[:place] + ("A" if text[place] != "A" else "B") + text[place + 1 :]
            with pytest.raises(BadBackupKey) as refusal:
                read(wrong)
            assert text[-20:] not in str(refusal.value)


@pytest.mark.parametrize(
    "text", ["", "x", "onetime-backup-public-1-", "onetime-backup-public-1-é", PUBLIC[:-1], PUBLIC + "A"]
)
def test_what_is_no_public_key_is_refused(text):
    with pytest.raises(BadBackupKey):
        backup_format.public_key(text)


def test_the_same_content_never_looks_the_same_twice():
    assert len({sealed(b"same") for _ in range(20)}) == 20


def test_nothing_of_the_content_is_in_the_file():
    assert b"needle in the backup" not in sealed(b"needle in the backup" * 100)
