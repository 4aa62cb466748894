"""Feedback is mailed and not stored; nothing about the visitor goes with it; nothing typed is lost."""

import pytest
from django.apps import apps
from django.core import mail as outbox_of
from django.test import Client

from onetime import feedback, views

TEXT = "It works.\nДякую & <3"

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def outbox(settings):
    views._pages.clear()
    settings.EMAIL_URL = "smtp://localhost"
    settings.OPERATOR_EMAIL = "operator@example.com"
    outbox_of.outbox.clear()
    return outbox_of.outbox


@pytest.fixture
def broken(settings):
    """A mail server that does not answer."""
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9


def post(client, **fields):
    return client.post(
        "/feedback", {"text": TEXT, "reply_to": "", **fields}, headers={"User-Agent": "Curious/1"}
    )


def rows():
    return {model: model.objects.count() for model in apps.get_models() if hasattr(model, "objects")}


def test_it_goes_to_the_operator(client, outbox):
    answer = post(client)
    assert (answer.status_code, answer["Location"]) == (302, "/feedback/sent")
    (message,) = outbox
    assert message.to == ["operator@example.com"]
    assert TEXT in message.body
    assert client.get("/feedback/sent").status_code == 200


def test_it_is_not_stored(client):
    before = rows()
    post(client, reply_to="reader@example.com")
    assert rows() == before


def test_nothing_about_the_visitor_goes_with_it(client, outbox):
    """No address, browser, language or page: only what was typed."""
    client.post("/uk/feedback", {"text": TEXT, "reply_to": ""}, REMOTE_ADDR="198.51.100.7",
                headers={"User-Agent": "Curious/1", "Accept-Language": "uk", "Referer": "http://testserver/x"})  # fmt: skip
    whole = outbox[0].message().as_string() + outbox[0].body
    for trace in ("198.51.100.7", "Curious", "Accept-Language", "Referer", "/uk"):
        assert trace not in whole


def test_an_answer_goes_to_the_address_that_was_given_and_to_none_otherwise(client, outbox):
    post(client, reply_to="reader@example.com")
    post(client)
    assert [message.reply_to for message in outbox] == [["reader@example.com"], []]


@pytest.mark.parametrize("address", ["a@b.example\nBcc: x@y.example", "nobody", "a" * 400 + "@b.example"])
def test_a_bad_address_is_refused_and_the_text_kept(client, outbox, address):
    answer = post(client, reply_to=address)
    assert answer.status_code == 400
    assert "Дякую &amp; &lt;3" in answer.content.decode()
    assert not outbox


@pytest.mark.parametrize("text", ["", "   ", "x" * (feedback.MOST_TEXT + 1), "nul\x00"])
def test_an_empty_or_overlong_text_is_refused(client, outbox, text):
    answer = post(client, text=text)
    assert answer.status_code == 400
    assert 'href="#id_text"' in answer.content.decode()
    assert not outbox


def test_a_huge_body_is_refused_unread(client, outbox):
    assert post(client, text="x" * (feedback.MOST_BYTES + 1)).status_code == 413
    assert not outbox


def test_a_mail_that_fails_is_said_and_the_text_kept(client, broken, caplog):
    answer = post(client, reply_to="reader@example.com")
    page = answer.content.decode()
    assert answer.status_code == 503
    assert "could not be sent" in page
    assert "operator@example.com" in page
    assert "Дякую &amp; &lt;3" in page
    assert "reader@example.com" in page
    assert answer["Cache-Control"] == "no-store"
    assert "Дякую" not in caplog.text
    assert "reader" not in caplog.text


def test_it_is_limited_and_the_text_kept(client, outbox):
    """Five an hour from one network; the sixth keeps what was typed and says when to try again."""
    for _ in range(5):
        assert post(client).status_code == 302
    answer = post(client)
    assert answer.status_code == 429
    assert int(answer["Retry-After"]) > 0
    assert "Дякую &amp; &lt;3" in answer.content.decode()
    assert len(outbox) == 5


def test_a_message_that_is_refused_for_itself_does_not_count(client, outbox):
    for _ in range(10):
        post(client, text="")
    assert post(client).status_code == 302


def test_another_site_cannot_send_in_a_visitor_s_name(outbox):
    answer = Client(enforce_csrf_checks=True).post(
        "/feedback", {"text": TEXT}, headers={"Sec-Fetch-Site": "cross-site"}
    )
    assert answer.status_code == 403
    assert not outbox


@pytest.mark.parametrize(
    ("name", "words"), [("OPERATOR_EMAIL", "given no address"), ("EMAIL_URL", "not set up here")]
)
def test_where_nothing_can_be_mailed_the_page_says_so_and_has_no_form(client, settings, name, words):
    setattr(settings, name, "")
    page = client.get("/feedback").content.decode()
    assert words in page
    assert "<form" not in page


def test_no_visitor_gets_a_cookie(client):
    assert not client.get("/feedback").cookies
    assert not post(client).cookies
    assert not post(client, text="").cookies
