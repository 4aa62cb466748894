"""Multipart forms as browsers send them, and as they do not."""

BOUNDARY = "----WebKitFormBoundary7MA4YWxkTrZu0gW"
MULTIPART = f"multipart/form-data; boundary={BOUNDARY}"
DELIMITER = b"--" + BOUNDARY.encode()
END = DELIMITER + b"--\r\n"


def field(name: str, value: bytes | str) -> bytes:
    data = value.encode() if isinstance(value, str) else value
    return DELIMITER + f'\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'.encode() + data + b"\r\n"


def file(data: bytes, name: str = "notes.pdf", kind: str = "application/pdf", field: str = "file") -> bytes:
    """A file's part, its name escaped as browsers do."""
    escaped = name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
    disposition = f'Content-Disposition: form-data; name="{field}"; filename="{escaped}"'
    return DELIMITER + f"\r\n{disposition}\r\nContent-Type: {kind}\r\n\r\n".encode() + data + b"\r\n"


def fields(**values: str) -> bytes:
    given = {"text": "hello", "passphrase": "", "ttl": "3600", **values}
    return b"".join(field(name, value) for name, value in given.items())
