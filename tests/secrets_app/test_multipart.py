"""The reader of forms with a file: what comes is what was sent, to the byte, or nothing is."""

import io
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secrets_app import multipart
from secrets_app.multipart import Malformed
from tests.secrets_app.forms import BOUNDARY, DELIMITER, END, field, fields, file


def pieces(body: bytes, step: int):
    """A `read` that gives `step` bytes at most, as a slow line does."""
    stream = io.BytesIO(body)
    return lambda count: stream.read(min(count, step))


def read(body: bytes, step: int = 65_536):
    parts = multipart.parts(pieces(body, step), BOUNDARY.encode())
    return [(part.name, part.filename, part.type, b"".join(part.chunks)) for part in parts]


@pytest.mark.parametrize("step", [1, 2, 3, 7, 41, 65_536])
def test_a_form_is_read_however_it_is_cut(step):
    data = b"%PDF\r\n--" + BOUNDARY.encode()[:-1] + b"\r\n\r\n--\0\xff"
    body = field("text", "ключ") + field("empty", "") + file(data) + END
    assert read(body, step) == [
        ("text", None, "", "ключ".encode()), ("empty", None, "", b""),
        ("file", "notes.pdf", "application/pdf", data),
    ]  # fmt: skip


@given(data=st.binary(max_size=300) | st.lists(st.sampled_from([b"\r", b"\n", b"-", DELIMITER])).map(b"".join),
       step=st.integers(1, 50))  # fmt: skip
def test_a_file_arrives_to_the_byte(data, step):
    if b"\r\n" + DELIMITER in b"\r\n" + data + b"\r\n":
        return  # no sender chooses a boundary that stands in the file
    assert read(file(data) + END, step)[0][3] == data


@pytest.mark.parametrize(
    "name",
    [
        "нотатки.pdf",
        'a "quoted" name',
        "a\r\nb",
        "cod\u202eexe.txt",
        "<img onerror>",
        "a;b=c.txt",
        "a\\b",
        "",
    ],
)
def test_a_name_arrives_as_it_is(name):
    assert read(file(b"1", name) + END)[0][1] == name


def test_a_name_with_a_backslash_before_its_quote_is_what_other_programs_send():
    body = file(b"1", "A").replace(b'filename="A"', rb'filename="a \"b\".txt"')
    assert read(body + END)[0][1] == 'a "b".txt'


def test_no_more_is_held_than_a_chunk():
    sent = iter([file(b"")[:-2], *(random.Random(n).randbytes(65_536) for n in range(100)), b"\r\n" + END])
    sizes = [
        len(chunk)
        for part in multipart.parts(lambda _count: next(sent), BOUNDARY.encode())
        for chunk in part.chunks
    ]
    assert sum(sizes) == 100 * 65_536
    assert max(sizes) <= 65_536 + 100


def test_a_file_that_nobody_read_is_passed():
    names = [
        part.name
        for part in multipart.parts(pieces(file(b"1" * 100_000) + fields() + END, 999), BOUNDARY.encode())
    ]
    assert names == ["file", "text", "passphrase", "ttl"]


WHOLE = fields() + file(b"1" * 200) + END


@pytest.mark.parametrize(
    "length", [0, 1, 40, 100, len(fields()), len(WHOLE) - 250, len(WHOLE) - 10, len(WHOLE) - 4]
)
def test_what_is_cut_off_is_refused(length):
    with pytest.raises(Malformed):
        read(WHOLE[:length])


def test_the_line_end_at_the_very_end_may_be_missing():
    assert len(read(WHOLE[:-2])) == 4


@pytest.mark.parametrize(
    "body",
    [
        b"", b"text=hello", b"\r\n" + WHOLE, b"preamble\r\n" + WHOLE, DELIMITER + b"x" + WHOLE,
        DELIMITER + b"\r\n\r\nno headers\r\n" + END, DELIMITER + b"\r\nContent-Type: text/plain\r\n\r\nx\r\n" + END,
        field("text", "x").replace(b"form-data", b"attachment") + END, field("text", "x").replace(b"name=", b"title=") + END,
        DELIMITER + b'\r\nContent-Disposition: form-data; name="\xff"\r\n\r\nx\r\n' + END,
        DELIMITER + b"\r\nX: " + b"a" * 10_000 + b"\r\n\r\nx\r\n" + END,
        file(b"1", "n" * 9000) + END,
    ],
)  # fmt: skip
def test_what_no_browser_sends_is_refused(body):
    with pytest.raises(Malformed):
        read(body)


@pytest.mark.parametrize(
    ("kind", "boundary"),
    [("multipart/form-data; boundary=abc", b"abc"), ('multipart/form-data; boundary="a b"; charset=utf-8', b"a b"),
     ("multipart/form-data; charset=utf-8; BOUNDARY=x--y", b"x--y")],
)  # fmt: skip
def test_the_boundary_is_in_the_content_type(kind, boundary):
    assert multipart.boundary_of(kind) == boundary


@pytest.mark.parametrize(
    "kind", ["multipart/form-data", "multipart/form-data; boundary=", "multipart/form-data; boundary=й",
             "multipart/form-data; boundary=" + "b" * 71, 'multipart/form-data; boundary="x'],
)  # fmt: skip
def test_a_form_without_a_boundary_is_refused(kind):
    with pytest.raises(Malformed):
        multipart.boundary_of(kind)
