"""The server and those who connect and then say nothing, or no more."""

import socket
from collections.abc import Iterator

import pytest

from tests.site import Site, running_site

pytestmark = pytest.mark.live


@pytest.fixture(scope="module")
def impatient(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site that waits one second for a header instead of thirty."""
    var = tmp_path_factory.mktemp("impatient")
    with running_site(var, workers=1, GRANIAN_HTTP1_HEADER_READ_TIMEOUT="1000") as site:
        yield site


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Half: a",
        b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
    ],
    ids=["nothing", "half a header", "a whole request, and nothing more"],
)
def test_whoever_goes_silent_is_hung_up_on(impatient, said):
    """Else each one whose network has vanished would keep a file descriptor of a worker for ever."""
    with socket.create_connection(("127.0.0.1", impatient.port), timeout=15) as connection:
        connection.sendall(said)
        while connection.recv(1000):
            pass  # an answer first, where there was a request
