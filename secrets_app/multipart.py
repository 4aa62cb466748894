"""A posted form with a file, read in its order as it arrives; no more is held than one chunk.

Django's own reader takes what was cut off for whole, puts U+FFFD for what is not UTF-8, and parks files on
the disk: a secret must not change on its way, and never lies there in clear. This one takes what browsers
send (RFC 7578, and the WHATWG's form encoding) and refuses the rest.
"""

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

CHUNK = 65_536  # bytes
MOST_HEADERS = 8192  # bytes of a part's headers; a file's name may take 255 in most systems
_BOUNDARY = re.compile(r"""boundary=(?:"([^"]{1,70})"|([^\s;"]{1,70}))(?:;|$)""", re.IGNORECASE)
_PARAMETER = re.compile(r';\s*(name|filename)="((?:[^"\\]|\\.)*)"', re.IGNORECASE | re.DOTALL)
#: How browsers write what would end the name; other programs put a backslash before a quote.
_ESCAPES = {"%22": '"', "%0D": "\r", "%0A": "\n", '\\"': '"'}


class Malformed(ValueError):
    """The form is cut off, or nothing that a browser sends."""


class Part(NamedTuple):
    """A field, or a file where `filename` is not None. `chunks` are to be read before the next part is."""

    name: str
    filename: str | None
    type: str
    chunks: Iterator[bytes]


def boundary_of(content_type: str) -> bytes:
    """What separates the parts. Raises Malformed."""
    match = _BOUNDARY.search(content_type)
    if match is None or not content_type.isascii():
        raise Malformed
    return (match[1] or match[2]).encode()


def parts(read: Callable[[int], bytes], boundary: bytes) -> Iterator[Part]:
    """The parts of a form. Raises Malformed, also where it ends before its last boundary."""
    stream = _Stream(read)
    delimiter = b"\r\n--" + boundary
    list(stream.until(delimiter, most=0))  # browsers send nothing before it
    while (end := stream.take(2)) == b"\r\n":
        headers = b"".join(stream.until(b"\r\n\r\n", most=MOST_HEADERS))
        chunks = stream.until(delimiter)
        yield _part(headers, chunks)
        for _unread in chunks:
            pass
    if end != b"--":
        raise Malformed


class _Stream:
    def __init__(self, read: Callable[[int], bytes]) -> None:
        # The line end that stands before every boundary but the first.
        self._read, self._held = read, b"\r\n"

    def until(self, mark: bytes, most: int | None = None) -> Iterator[bytes]:
        """The bytes before `mark`, which goes too. Raises Malformed where there are more than `most`."""
        seen, tail = 0, len(mark) - 1
        while (place := self._held.find(mark)) < 0:
            # What may be the beginning of the mark stays.
            seen += max(0, len(self._held) - tail)
            _refuse_more(seen, most)
            piece, self._held = self._held[:-tail], self._held[-tail:]
            if piece:
                yield piece
            self._fill()
        _refuse_more(seen + place, most)
        piece, self._held = self._held[:place], self._held[place + len(mark) :]
        if piece:
            yield piece

    def take(self, count: int) -> bytes:
        while len(self._held) < count:
            self._fill()
        piece, self._held = self._held[:count], self._held[count:]
        return piece

    def _fill(self) -> None:
        data = self._read(CHUNK)
        if not data:
            raise Malformed
        self._held += data


def _refuse_more(count: int, most: int | None) -> None:
    if most is not None and count > most:
        raise Malformed


def _part(headers: bytes, chunks: Iterator[bytes]) -> Part:
    found = _headers(headers)
    disposition = found.get("content-disposition", "")
    if not disposition.lower().startswith("form-data;"):
        raise Malformed
    parameters = {key.lower(): _unescaped(value) for key, value in _PARAMETER.findall(disposition)}
    if "name" not in parameters:
        raise Malformed
    return Part(parameters["name"], parameters.get("filename"), found.get("content-type", ""), chunks)


def _headers(raw: bytes) -> dict[str, str]:
    try:
        lines = raw.decode().split("\r\n")
    except UnicodeDecodeError:
        raise Malformed from None
    pairs = (line.partition(":") for line in lines)
    return {name.strip().lower(): value.strip() for name, _colon, value in pairs}


def _unescaped(value: str) -> str:
    return re.sub(r'%22|%0D|%0A|\\"', lambda match: _ESCAPES[match[0].upper()], value, flags=re.IGNORECASE)
