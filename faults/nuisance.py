"""What goes on beside ordinary calls: those who send slowly, vanish, send too much, break off."""

import random
import socket
import ssl
import threading
import time
from collections.abc import Callable
from typing import NamedTuple

#: Linux: a socket closed while it is under repair says nothing to the other side. Only root may.
TCP_REPAIR = 19
#: Seconds for which a slow sender goes on, and for which an answer is waited for.
SLOWLY, PATIENCE = 40.0, 10.0
HEAD = b"HTTP/1.1\r\nHost: localhost\r\n"
CALL = b"POST /api/v2/secrets " + HEAD + b"Content-Type: application/json\r\n"


class Place(NamedTuple):
    """Where a nuisance goes: the proxy with TLS, or the server itself."""

    port: int
    tls: ssl.SSLContext | None

    def connect(self, dice: random.Random) -> socket.socket:
        """From one of many addresses, as the proxy lets each have so many connections."""
        source = f"127.9.{dice.randrange(1, 250)}.{dice.randrange(1, 250)}"
        plain = socket.create_connection(("127.0.0.1", self.port), PATIENCE, (source, 0))
        return self.tls.wrap_socket(plain, server_hostname="localhost") if self.tls else plain


Nuisance = Callable[[socket.socket, random.Random, threading.Event], str]
#: Name: (what it does, how many at once, whether the server itself gets it too, the nuisance).
KINDS: dict[str, tuple[str, int, bool, Nuisance]] = {}


def kind(name: str, words: str, at_once: int, *, unshielded: bool = True) -> Callable[[Nuisance], Nuisance]:
    def register(function: Nuisance) -> Nuisance:
        KINDS[name] = (words, at_once, unshielded, function)
        return function

    return register


def answered(connection: socket.socket) -> str:
    """The status of the answer, or that there was none."""
    start = connection.recv(12)
    return start[9:12].decode("ascii", "replace") if start.startswith(b"HTTP/1.1 ") else "hung up on"


def drip(connection: socket.socket, stop: threading.Event) -> str:
    """A byte every half second until somebody has had enough."""
    ends = time.monotonic() + SLOWLY
    connection.settimeout(0.5)
    while time.monotonic() < ends and not stop.is_set():
        connection.sendall(b"a")
        try:
            return answered(connection)
        except TimeoutError:
            continue
    return "gave up"


@kind("slow headers", "a header that comes by two bytes a second", 6)
def slow_header(connection: socket.socket, _dice: random.Random, stop: threading.Event) -> str:
    connection.sendall(b"GET / " + HEAD + b"X-Slow: ")
    return drip(connection, stop)


@kind("slow bodies", "a body that comes by two bytes a second, through the proxy alone", 10, unshielded=False)
def slow_body(connection: socket.socket, _dice: random.Random, stop: threading.Event) -> str:
    connection.sendall(CALL + b'Content-Length: 1000\r\n\r\n{"id":"')
    return drip(connection, stop)


@kind(
    "half-open", "connections whose other end vanishes without a word: silent, in a header, after a page", 2
)
def vanish(connection: socket.socket, dice: random.Random, stop: threading.Event) -> str:
    connection.sendall(dice.choice((b"", b"GET / " + HEAD + b"X-Half: a", b"GET /about " + HEAD + b"\r\n")))
    try:
        connection.setsockopt(socket.IPPROTO_TCP, TCP_REPAIR, 1)
    except PermissionError:
        stop.wait(SLOWLY)  # the nearest that anybody else can do
        return "silent, then closed"
    return "vanished"


@kind("large headers", "a header of 200 kB", 1)
def large_header(connection: socket.socket, _dice: random.Random, _stop: threading.Event) -> str:
    connection.sendall(b"GET / " + HEAD + b"X-Large: " + b"a" * 200_000 + b"\r\n\r\n")
    return answered(connection)


@kind("large bodies", "a body of 5 MB for a call that takes less, or one of 100 GB announced", 1)
def large_body(connection: socket.socket, dice: random.Random, _stop: threading.Event) -> str:
    announced = dice.choice((5_000_000, 10**11))
    connection.sendall(CALL + b"Content-Length: %d\r\n\r\n" % announced)
    for _piece in range(80):
        connection.sendall(b"a" * 62_500)
    return answered(connection)


@kind("broken off", "a whole call, and a reset before its answer", 1)
def break_off(connection: socket.socket, _dice: random.Random, _stop: threading.Event) -> str:
    connection.sendall(CALL + b"Content-Length: 2\r\n\r\n{}")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    return "reset"


@kind("nonsense", "a kilobyte of random bytes", 1)
def nonsense(connection: socket.socket, dice: random.Random, _stop: threading.Event) -> str:
    connection.sendall(dice.randbytes(1000) + b"\r\n\r\n")
    return answered(connection)


class Nuisances:
    """All kinds at once, in threads of their own, until they are told to stop."""

    def __init__(self, proxy: Place, server: Place, stop: threading.Event, seed: int) -> None:
        self.proxy, self.server, self.stop = proxy, server, stop
        self.lock = threading.Lock()
        self.outcomes: dict[str, dict[str, int]] = {name: {} for name in KINDS}
        self.threads = [
            threading.Thread(target=self.go_on, args=(name, f"{seed} {name} {number}"), daemon=True)
            for name, (_words, at_once, _unshielded, _function) in KINDS.items()
            for number in range(at_once)
        ]

    def start(self) -> None:
        for thread in self.threads:
            thread.start()

    def join(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        for thread in self.threads:
            thread.join(max(0, deadline - time.monotonic()))

    def go_on(self, name: str, seed: str) -> None:
        dice = random.Random(seed)  # noqa: S311 - no secret
        while not self.stop.is_set():
            outcome = self.once(name, dice)
            with self.lock:
                counts = self.outcomes[name]
                counts[outcome] = counts.get(outcome, 0) + 1
            self.stop.wait(dice.uniform(0.3, 1.7))

    def once(self, name: str, dice: random.Random) -> str:
        _words, _at_once, unshielded, function = KINDS[name]
        place = dice.choice((self.proxy, self.server)) if unshielded else self.proxy
        try:
            with place.connect(dice) as connection:
                return function(connection, dice, self.stop)
        except TimeoutError:
            return "no answer"
        except OSError:
            return "hung up on"
