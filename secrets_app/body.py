"""Reading a request's raw body without ever holding more than was asked for."""

from typing import Any

from django.http import HttpRequest

PIECE_BYTES = 65_536


class BodyTooLarge(Exception):
    """The body has, or announces, more bytes than the call takes."""


def read_body(request: HttpRequest, most: int) -> bytes:
    """The body, of at most `most` bytes. What announces more is refused unread. Raises BodyTooLarge."""
    length = _announced(request)
    if length is None:
        return _read_chunked(request, most)
    if length > most:
        raise BodyTooLarge
    return request.read(length) if length else b""


def read_exactly(request: HttpRequest, size: int) -> bytearray | None:
    """A body of exactly `size` bytes; None for any other, which is not read if it says so before."""
    length = _announced(request)
    if length is None:
        body = bytearray(read_body(request, size))
        return body if len(body) == size else None
    if length != size:
        return None
    # In pieces: asked for all at once, the server gathers it beside what it then hands over.
    body, filled = bytearray(size), 0
    while data := request.read(min(PIECE_BYTES, size - filled)):
        body[filled : filled + len(data)] = data
        filled += len(data)
    return body if filled == size else None


def _announced(request: HttpRequest) -> int | None:
    """The Content-Length in bytes, or None for a chunked body, which announces nothing."""
    text = request.META.get("CONTENT_LENGTH") or ""
    if not text and "HTTP_TRANSFER_ENCODING" in request.META:
        return None
    return int(text) if text.isascii() and text.isdigit() else 0


def _read_chunked(request: HttpRequest, most: int) -> bytes:
    # Django reads nothing without a Content-Length, and some clients send their form in chunks.
    # A server that ends the input at the end of the body says so (PEP 3333's extension).
    environ: dict[str, Any] = getattr(request, "environ", {})
    if not environ.get("wsgi.input_terminated"):
        return b""
    parts, size = [], 0
    while data := environ["wsgi.input"].read(min(PIECE_BYTES, most + 1 - size)):
        parts.append(data)
        size += len(data)
        if size > most:
            raise BodyTooLarge
    return b"".join(parts)
