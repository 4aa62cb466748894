"""Answers that are read while they are sent: few at once, and refused before anything is consumed."""

import gc
import threading
from contextlib import ExitStack
from urllib.parse import urlencode

import pytest

from onetime.views import Unavailable
from secrets_app import streams
from secrets_app.models import Secret
from secrets_app.streams import Stream
from tests.secrets_app.test_open_page_files import downloads, make, open_, submit  # noqa: F401 - a fixture
from tests.secrets_app.v2 import Api, seal, sending, slug


@pytest.fixture(autouse=True)
def _none_left(monkeypatch):
    """A server closes every answer; what other tests never read ends when it is collected, or holds another's place."""
    gc.collect()
    monkeypatch.setattr(streams, "_free", threading.BoundedSemaphore(streams.MOST_AT_ONCE))


@pytest.fixture
def all_taken():
    """As many streams as a worker sends; closing the stack ends them."""
    with ExitStack() as stack:
        for _ in range(streams.MOST_AT_ONCE):
            stack.enter_context(Stream())
        yield stack


def raw(sealed, nonce=b"n" * 16):
    return Api().call(
        "POST", f"secrets/{sealed.id}/claim", sealed.claim(nonce), Accept="application/octet-stream"
    )


def test_one_too_many_is_refused_and_a_place_is_free_when_one_ends(all_taken):
    with pytest.raises(Unavailable), Stream():
        pass
    all_taken.close()
    with Stream():
        pass


def test_a_place_is_kept_until_the_pieces_are_sent_and_given_back_once():
    """What the server closes, however often, or forgets altogether."""
    for end in (lambda stream: (stream.close(), stream.close()), lambda _stream: None):
        sent = [open_stream() for _ in range(streams.MOST_AT_ONCE)]
        with pytest.raises(Unavailable):
            open_stream()
        assert [list(stream) for stream in sent] == [[b"x"]] * streams.MOST_AT_ONCE
        for stream in sent:
            end(stream)
        del sent, stream
    assert len([open_stream() for _ in range(streams.MOST_AT_ONCE)]) == streams.MOST_AT_ONCE


def open_stream():
    with Stream() as stream:
        return stream.of(iter([b"x"]))


@pytest.mark.django_db
def test_a_claim_for_the_whole_stream_consumes_nothing_where_there_is_no_place(all_taken):
    sent = sending()
    sent.send(Api())
    refused = raw(sent.sealed)
    assert (refused.status_code, slug(refused)) == (503, "service-unavailable")
    assert int(refused["Retry-After"]) > 0
    assert Secret.objects.get().state == "new"
    all_taken.close()
    assert sum(map(len, raw(sent.sealed).streaming_content)) == sent.body["size"]


@pytest.mark.django_db
def test_what_is_answered_whole_needs_no_place(all_taken):
    """A text as raw bytes, and every segment by itself."""
    sealed, sent = seal(), sending()
    Api().create(sealed)
    assert raw(sealed).status_code == 200
    sent.send(Api())
    Api().call("POST", f"secrets/{sent.sealed.id}/claim", sent.sealed.claim(b"n" * 16))
    assert sent.fetch(Api(), 1, b"n" * 16).content == sent.parts[1]


@pytest.mark.django_db
def test_a_refused_claim_gives_its_place_back():
    sent = sending()
    sent.send(Api())
    assert sum(map(len, raw(sent.sealed).streaming_content)) == sent.body["size"]
    for _ in range(2 * streams.MOST_AT_ONCE):
        assert slug(raw(sent.sealed, b"o" * 16)) == "gone"
    assert raw(sent.sealed).status_code == 200


@pytest.mark.django_db(transaction=True)
def test_a_file_without_script_asks_to_try_again_and_is_still_there(all_taken, client, submit):  # noqa: F811
    (button,) = downloads(open_(submit, make(b"x" * 100)).content.decode())
    form = "application/x-www-form-urlencoded"
    refused = client.post("/secret", urlencode(button), content_type=form)
    assert refused.status_code == 503
    assert int(refused["Retry-After"]) > 0
    all_taken.close()
    answer = client.post("/secret", urlencode(button), content_type=form)
    assert b"".join(answer.streaming_content) == b"x" * 100
