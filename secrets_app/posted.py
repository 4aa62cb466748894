"""The create page's form as it is posted: fields at once, and a file that is read while it is sealed."""

from collections.abc import Iterator

from django.http import HttpRequest, QueryDict, UnreadablePostError

from onetime.limits import Limits
from secrets_app import multipart
from secrets_app.multipart import Malformed, Part
from secrets_app.pages import FORM_SLACK, Unreadable, announced_length, read_form

MOST_FIELDS = 20
#: Bytes of a refused file that are read and dropped: a browser shows no answer while it is still sending.
MOST_DRAINED = 64 * 1024 * 1024
FILE_FIELD = "file"


class Posted:
    """The fields, and the file that follows them if one was chosen. What comes after is not read yet."""

    def __init__(self, fields: QueryDict, parts: Iterator[Part], file: Part | None) -> None:
        self.fields, self.file, self._parts = fields, file, parts

    def end(self) -> None:
        """Read to the end. Raises Malformed where something comes after the file, or the form is cut off."""
        for _part in self._parts:
            raise Malformed

    def drain(self) -> None:
        """Read and drop the file of a form that is refused."""
        left = MOST_DRAINED
        try:
            for chunk in self.file.chunks if self.file else ():
                left -= len(chunk)
                if left < 0:
                    return
        except Malformed:
            return


def read_posted(request: HttpRequest, limits: Limits) -> Posted:
    """The posted form, with or without a file. Raises Unreadable."""
    if request.content_type != "multipart/form-data":
        # A form escapes a byte of text to three at most.
        return Posted(read_form(request, 3 * limits.max_text_bytes + FORM_SLACK), iter(()), None)
    if announced_length(request) is None:
        raise Unreadable(400)
    try:
        posted = _read_multipart(request, 2 * limits.max_text_bytes + FORM_SLACK)
    except Malformed:
        raise Unreadable(400) from None
    # Whoever needs a token for the session has it among the fields, which come before the file.
    request.POST = posted.fields  # type: ignore[assignment]
    check = getattr(request, "check_token", None)
    if check is not None and not check():
        raise Unreadable(403)
    return posted


def _read_multipart(request: HttpRequest, most: int) -> Posted:
    """The fields, of `most` bytes in all, up to the file: it is known by its name before its bytes."""
    fields = QueryDict(mutable=True)
    parts = multipart.parts(_reader(request), multipart.boundary_of(request.headers["Content-Type"]))
    for _count, part in zip(range(MOST_FIELDS), parts, strict=False):
        if part.filename:
            if part.name != FILE_FIELD:
                raise Malformed
            return Posted(fields, parts, part)
        value = _text(part, most)
        most -= len(value)
        if part.filename is None:
            fields.appendlist(part.name, value)
        elif value:
            raise Malformed  # a file without a name; where none was chosen, nothing follows
    return Posted(fields, parts, None)


def _text(part: Part, most: int) -> str:
    data = bytearray()
    for chunk in part.chunks:
        data += chunk
        if len(data) > most:
            raise Unreadable(413)
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise Malformed from None


def _reader(request: HttpRequest):  # type: ignore[no-untyped-def]  # noqa: ANN202
    def read(count: int) -> bytes:
        try:
            return request.read(count)
        except UnreadablePostError:  # the connection broke
            return b""

    return read
