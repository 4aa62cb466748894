"""The scripts that browsers are sent, each with its SHA-256, so that a changed one shows.

Found in the collected files by their served names, never kept in a list that somebody would have to
edit: whoever has the source of a release collects the same files and gets the same sums.
"""

import base64
import hashlib
from collections.abc import Iterator
from typing import Any, NamedTuple

from django.contrib.staticfiles import finders
from django.contrib.staticfiles.storage import staticfiles_storage

#: Scripts of the operators' site, which no visitor's page loads.
OPERATORS = ("admin/",)


class Script(NamedTuple):
    """One script: its name in the source, its address on the site, the SHA-256 of what is sent."""

    name: str
    url: str
    sha256: str

    @property
    def integrity(self) -> str:
        """The same as Subresource Integrity writes it."""
        return "sha256-" + base64.b64encode(bytes.fromhex(self.sha256)).decode()

    @property
    def for_visitors(self) -> bool:
        return not self.name.startswith(OPERATORS)


def scripts() -> list[Script]:
    """Every script, by name; as collected, or where nothing is collected (a test) as in the source."""
    return sorted(
        Script(name, staticfiles_storage.url(name), hashlib.sha256(_read(storage, path)).hexdigest())
        for name, storage, path in _files()
        if name.endswith((".js", ".mjs"))
    )


def _files() -> Iterator[tuple[str, Any, str]]:
    """(name in the source, storage, path in it) of every static file."""
    served: dict[str, str] | None = getattr(staticfiles_storage, "hashed_files", None)
    if served is not None:
        yield from ((name, staticfiles_storage, hashed) for name, hashed in served.items())
        return
    for finder in finders.get_finders():
        yield from ((path, storage, path) for path, storage in finder.list([]))


def _read(storage: Any, name: str) -> bytes:
    with storage.open(name) as file:
        return bytes(file.read())
