"""What a v1 client sent: parameters from the query string and from a body of whatever type.

Pure. Clients of that API send forms without a Content-Type, as text/html, as multipart with unquoted
names, or JSON headers over an empty body, so the raw bytes are read here and the header is a hint.
"""

import json
import re
from collections.abc import Iterable, Iterator
from decimal import Decimal, InvalidOperation
from typing import Final, NamedTuple
from urllib.parse import unquote_to_bytes

MAX_FIELDS: Final = 100
MAX_RECIPIENTS: Final = 10

_BOUNDARY: Final = re.compile(r""";\s*boundary\s*=\s*(?:"([^"]+)"|([^\s;,"]+))""", re.IGNORECASE)
_PART_NAME: Final = re.compile(rb""";\s*name\s*=\s*(?:"([^"]*)"|([^\s;"]+))""", re.IGNORECASE)
_PART_FILE: Final = re.compile(rb";\s*filename\*?\s*=", re.IGNORECASE)
_NUMBER: Final = re.compile(r"\s*[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?\s*", re.ASCII)

Pair = tuple[str, str]


class BadInput(ValueError):
    """The query or the body cannot be read."""


class Parameters(NamedTuple):
    """The parameters that v1 knows; blank means not given. `ttl` is as the client wrote it."""

    secret: str = ""
    passphrase: str = ""
    ttl: str = ""
    recipients: tuple[str, ...] = ()


def parse(content_type: str, query: bytes, body: bytes) -> Parameters:
    """Query and body merged; what the body gives wins. Raises BadInput, and nothing else."""
    return _merge(_group(_read_form(query)), _group(_read_body(content_type, body)))


def lifetime(ttl: str, *, default: int, least: int, most: int) -> int:
    """`ttl` in seconds: the default if blank, zero or not a number, else cut and clamped, never refused."""
    if not _NUMBER.fullmatch(ttl):
        return default
    try:
        seconds = Decimal(ttl.strip())
    except InvalidOperation:  # an exponent beyond reason
        return default
    # Clamped before it becomes an int: 1e999999 as an int would take all memory.
    whole = int(max(Decimal(-1), min(seconds, Decimal(most))))
    return max(whole, least) if whole else default


def _group(pairs: Iterable[Pair]) -> dict[str, list[str]]:
    """The non-blank values of each name that v1 knows, in order."""
    found: dict[str, list[str]] = {}
    for name, value in pairs:
        known = "recipient" if name == "recipient[]" else name
        if value and known in {"secret", "passphrase", "ttl", "recipient"}:
            found.setdefault(known, []).append(value)
    return found


def _merge(query: dict[str, list[str]], body: dict[str, list[str]]) -> Parameters:
    given = query | body
    recipients = tuple(dict.fromkeys(given.get("recipient", ())))
    if len(recipients) > MAX_RECIPIENTS:
        raise BadInput("too many recipients")
    last = {name: values[-1] for name, values in given.items()}
    return Parameters(last.get("secret", ""), last.get("passphrase", ""), last.get("ttl", ""), recipients)


def _read_body(content_type: str, body: bytes) -> Iterable[Pair]:
    # The first type counts: servers join a PHP client's two headers with a comma.
    kind = re.split("[;,]", content_type, maxsplit=1)[0].strip().lower()
    if kind == "application/json":
        return _read_json(body) if body.strip() else ()
    if kind == "multipart/form-data":
        return _read_multipart(content_type, body) if body else ()
    return _read_form(body)


def _text(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise BadInput("not UTF-8") from None


def _read_form(data: bytes) -> Iterator[Pair]:
    if data.count(b"&") > MAX_FIELDS:
        raise BadInput("too many fields")
    for field in filter(None, data.split(b"&")):
        name, _equals, value = field.replace(b"+", b" ").partition(b"=")
        yield _text(unquote_to_bytes(name)), _text(unquote_to_bytes(value))


def _refuse_constant(name: str) -> None:
    raise ValueError(name)  # NaN and Infinity are Python's, not JSON's


def _read_json(body: bytes) -> Iterator[Pair]:
    try:
        # Numbers stay as they were written: an integer of a million digits is nobody's lifetime.
        found = json.loads(body.decode(), parse_int=str, parse_float=str, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise BadInput("not JSON") from None
    if not isinstance(found, dict):
        raise BadInput("not a JSON object")
    for name in ("secret", "passphrase", "ttl", "recipient", "recipient[]"):
        value = found.get(name)
        values = value if isinstance(value, list) and name.startswith("recipient") else [value]
        yield from ((name, _json_text(item)) for item in values if item is not None)


def _json_text(value: object) -> str:
    if not isinstance(value, str):
        raise BadInput("a value is neither text nor a number")
    # An escape can smuggle in half a surrogate pair, which is no text.
    return _text(value.encode("utf-8", "surrogatepass"))


def _read_multipart(content_type: str, body: bytes) -> Iterator[Pair]:
    """The text fields; files are passed over. RFC 7578, and what clients make of it."""
    match = _BOUNDARY.search(content_type)
    if match is None:
        raise BadInput("multipart without a boundary")
    delimiter = b"\r\n--" + (match[1] or match[2]).encode("utf-8", "replace")
    parts = (b"\r\n" + body).split(delimiter, MAX_FIELDS + 1)
    if len(parts) < 2 or not parts[-1].startswith(b"--"):  # noqa: PLR2004 - a preamble and an end
        raise BadInput("multipart that is cut short")
    for part in parts[1:-1]:
        headers, blank, value = part.partition(b"\r\n\r\n")
        if not blank:
            raise BadInput("a part without headers")
        name = _part_name(headers)
        if name is not None:
            yield name, _text(value)


def _part_name(headers: bytes) -> str | None:
    """The name of a text field, or None for a file or a part without a name."""
    for line in headers.split(b"\r\n"):
        kind, _colon, rest = line.partition(b":")
        if kind.strip().lower() == b"content-disposition" and not _PART_FILE.search(rest):
            match = _PART_NAME.search(rest)
            return _text(match[1] or match[2] or b"") if match else None
    return None
