"""The plainest transfer that the same server can do: what the file benchmark compares with."""

import os
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

DIRECTORY = Path(os.environ.get("PLAIN_DIRECTORY", tempfile.gettempdir()))


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """PUT /name keeps the body in a file, POST /name answers it; no encryption, no database, no Django."""
    file = DIRECTORY / Path(environ["PATH_INFO"]).name
    if environ["REQUEST_METHOD"] == "PUT":
        file.write_bytes(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])))
        start_response("204 No Content", [])
        return [b""]
    if environ["REQUEST_METHOD"] == "POST":
        environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        data = file.read_bytes()
        start_response("200 OK", [("Content-Length", str(len(data)))])
        return [data]
    start_response("200 OK", [("Content-Length", "0")])
    return [b""]
