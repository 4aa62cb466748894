"""What is measured: each case is one scenario of load.lua against one server."""

from collections.abc import Iterator
from dataclasses import dataclass

SMALL, LARGE = 1_000, 100_000  # bytes of text
FEW, MANY = 1, 16  # connections


@dataclass(frozen=True, slots=True)
class Case:
    """`stock` is the kind of secrets that must be waiting, "" for none; `path` is for plain GETs."""

    server: str
    what: str
    scenario: str
    connections: int
    size: int = 0
    stock: str = ""
    path: str = "/"
    #: Requests that make one of what is counted: a claim with its acknowledgement is two.
    requests: int = 1

    @property
    def key(self) -> str:
        size = f" {self.size // 1000} kB" if self.size else ""
        return f"{self.server}: {self.what}{size}, {self.connections}"


def _bounds(connections: int) -> Iterator[Case]:
    yield Case("void", "nothing, posted 1 kB", "create", connections, SMALL)
    yield Case("empty", "an empty view", "get", connections)
    yield Case("snappass", "create", "peer_create", connections, SMALL)
    yield Case("snappass", "reveal", "peer_reveal", connections, SMALL, "peer")


def _site(server: str, connections: int) -> Iterator[Case]:
    for size in (SMALL, LARGE):
        yield Case(server, "create", "create", connections, size)
        yield Case(server, "claim", "claim", connections, size, "claim")
        yield Case(server, "claim + ack", "claim_ack", connections, size, "claim", requests=2)
        yield Case(server, "share (v1)", "share", connections, size)
        yield Case(server, "open (v1)", "open", connections, size, "open")
    yield Case(server, "status", "status", connections, SMALL, "claim")
    yield Case(server, "home page", "get", connections)
    yield Case(server, "open page", "get", connections, path="/secret")


def all_cases() -> list[Case]:
    return [
        case
        for connections in (FEW, MANY)
        for each in (_bounds(connections), _site("postgres", connections), _site("embedded", connections))
        for case in each
    ]
