"""What a person gives to say which secret or receipt: a link, a key, or the address of a receipt."""

import re
from urllib.parse import urlsplit

from onetime_cli.envelope import IncompleteLink, LinkKey, parse_link
from onetime_cli.errors import Unknown, Usage

_RECEIPT = re.compile(r"(?:/[a-z]{2,3})?/(?:receipt|private|metadata)/([0-9A-Za-z]{31})/?")
_DURATION = re.compile(r"(\d{1,9})\s*([smhdw]?)")
_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}


def origin_of(text: str, default: str | None) -> str:
    """The server that a link or receipt names, else the one that was set. Raises Usage without either."""
    parts = urlsplit(text.strip("<>\"' \t\r\n"))
    if parts.scheme in {"http", "https"} and parts.netloc:
        return f"{parts.scheme}://{parts.netloc}"
    return server(default)


def server(given: str | None) -> str:
    if not given:
        raise Usage("Name the server: --server https://…, or the environment variable ONETIME_SERVER.")
    parts = urlsplit(given)
    if parts.scheme not in {"http", "https"} or not parts.netloc:
        raise Usage(f"{given} is not the address of a server, such as https://secrets.example.com.")
    return f"{parts.scheme}://{parts.netloc}"


def receipt_key(text: str) -> str | None:
    """R, or a key of the account's list, of a receipt's address; None for anything else."""
    parts = urlsplit(text.strip())
    match = _RECEIPT.fullmatch(parts.path) if parts.scheme else None
    return match[1] if match else None


def link_key(text: str) -> LinkKey:
    """K of a link. Raises Unknown, for a link that was cut off opens nothing."""
    try:
        return parse_link(text)
    except IncompleteLink:
        raise Unknown("This link is not complete: the part after # is 31 letters and digits.") from None


def seconds(text: str) -> int:
    """A lifetime such as 3600, 90m, 12h, 7d or 2w. Raises ValueError, as argparse wants it."""
    match = _DURATION.fullmatch(text.strip().lower())
    if not match:
        raise ValueError(text)
    return int(match[1]) * _UNITS[match[2]]
