"""The closed list of mails, and what each of them is."""

import datetime as dt
import inspect
import re
import threading
from pathlib import Path

import pytest
from django.core import mail as django_mail
from django.utils import translation

from onetime import mail
from onetime.outbox import Outbox
from tests.site import free_port
from tests.smtp import mail_server

ROOT = Path(__file__).resolve().parents[2]
WHEN = dt.datetime(2030, 1, 2, 3, 4, tzinfo=dt.UTC)
LINK = "http://testserver/secret#0123456789abcdefghijABCDEFGHIJ0"

#: Every mail that the site may send. A new one belongs here and on the privacy page.
WAITED_FOR = {
    "sign_in_code": lambda **o: mail.sign_in_code("a@example.com", "12345678", minutes=15, **o),
    "address_confirmation": lambda **o: mail.address_confirmation("a@example.com", "1234", minutes=15, **o),
    "secret_link": lambda **o: mail.secret_link(
        "b@example.com", LINK, sender="a@example.com", expires_at=WHEN, passphrase=True, **o
    ),
    "feedback": lambda **_o: mail.feedback("Works <well>", reply_to="v@example.com"),
}
NOTICES = {
    "address_changed": lambda **o: mail.address_changed("a@example.com", **o),
    "security_change": lambda **o: mail.security_change("a@example.com", mail.Change.TOTP_ADDED, **o),
    "account_closed": lambda **o: mail.account_closed("a@example.com", **o),
    "opened_notice": lambda **o: mail.opened_notice("a@example.com", created_at=WHEN, opened_at=WHEN, **o),
    "payment_failed": lambda **o: mail.payment_failed("a@example.com", plan="Plus", until=WHEN, **o),
    "subscription_ended": lambda **o: mail.subscription_ended("a@example.com", plan="Plus", **o),
}
ALL = WAITED_FOR | NOTICES
EVERY = pytest.mark.parametrize("send", ALL.values(), ids=ALL)


def sent(send, language="en"):
    send(language=language)
    mail.outbox.join()
    (message,) = django_mail.outbox
    return message


def html_of(message):
    ((content, kind),) = message.alternatives
    assert kind == "text/html"
    return content


def test_the_list_is_closed():
    """onetime.mail offers these functions and no other."""
    functions = inspect.getmembers(mail, inspect.isfunction)
    offered = {n for n, f in functions if f.__module__ == "onetime.mail" and not n.startswith("_")}
    assert offered == set(ALL)


def test_nothing_else_sends_mail():
    """No other module of the site imports Django's mail or smtplib, or writes to a user directly."""
    pattern = re.compile(
        r"^\s*(from|import) +(django\.core\.mail|smtplib)|^from django\.core import .*\bmail\b|\.email_user\(|mail_admins",
        re.MULTILINE,
    )
    users = {
        str(path.relative_to(ROOT))
        for folder in ("onetime", "accounts", "secrets_app", "billing")
        for path in (ROOT / folder).rglob("*.py")
        if path.name != "source_rules.py" and pattern.search(path.read_text())  # it names what it forbids
    }
    # source_rules.py names what it looks for.
    assert users - {"onetime/source_rules.py"} == {"onetime/mail.py"}


@EVERY
def test_it_is_text_and_html_and_says_that_a_machine_wrote_it(send):
    message = sent(send)
    assert message.extra_headers["Auto-Submitted"] == "auto-generated"
    assert message.body.strip()
    assert "<html" in html_of(message)
    assert "Subject: " in message.message().as_string()


@EVERY
def test_it_has_no_image_and_no_link_that_counts(send):
    """Every address in it is on our own site and has no query: nothing tells that it was opened."""
    message = sent(send)
    html = html_of(message)
    assert not re.search(r"<img|<link|<script|url\(|@import|srcset", html, re.IGNORECASE)
    for url in re.findall(r"https?://[^\s\"<]+", message.body + html):
        assert re.match(r"http://testserver(/|$)", url)
        assert "?" not in url
    assert set(re.findall(r'href="([^"]+)"', html)) <= {
        f"{url}/" if url.count("/") == 2 else url for url in re.findall(r"http://\S+", message.body)
    }


@EVERY
def test_it_is_in_the_language_asked_for(send, settings):
    message = sent(send, "uk")
    expected = settings.LANGUAGE_CODE if message.to == [settings.OPERATOR_EMAIL] else "uk"
    assert f'<html lang="{expected}">' in html_of(message)
    assert translation.get_language() == settings.LANGUAGE_CODE


def test_the_text_is_not_escaped_and_the_html_is():
    message = sent(ALL["feedback"])
    assert "Works <well>" in message.body
    assert "Works &lt;well&gt;" in html_of(message)


def test_the_link_mail_names_the_sender_who_gets_the_answers():
    message = sent(ALL["secret_link"])
    assert message.to == ["b@example.com"]
    assert message.reply_to == ["a@example.com"]
    assert LINK in message.body
    assert "a@example.com" in message.body


def test_the_notice_to_the_old_address_does_not_name_the_new_one():
    parameters = inspect.signature(mail.address_changed).parameters
    assert set(parameters) == {"old_email", "language"}


@pytest.mark.parametrize("change", mail.Change)
def test_every_security_change_has_its_sentence(change):
    mail.security_change("a@example.com", change, language="en")
    mail.outbox.join()
    assert str(mail.CHANGES[change]) in django_mail.outbox[0].body


@pytest.mark.parametrize("send", WAITED_FOR.values(), ids=WAITED_FOR)
def test_who_waits_for_it_is_told_that_it_failed(send, settings):
    """Nobody listens on that port: MailFailed, naming no address."""
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", free_port()
    with pytest.raises(mail.MailFailed) as failed:
        send(language="en")
    assert "@" not in str(failed.value)


@pytest.mark.parametrize("send", WAITED_FOR.values(), ids=WAITED_FOR)
def test_a_site_without_mail_says_so(send, settings):
    settings.EMAIL_BACKEND = "onetime.mail.UnconfiguredBackend"
    with pytest.raises(mail.MailFailed):
        send(language="en")


def test_a_dropped_connection_is_tried_again_at_once(settings):
    with mail_server(drops=1) as server:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.port
        ALL["secret_link"](language="en")
        assert server.connections == 2
        assert len(server.mails) == 1
        assert "Auto-Submitted: auto-generated" in server.mails[0]


def test_a_refused_notice_holds_nothing_up_and_is_tried_again():
    """The outbox calls again what failed, and goes on with the rest meanwhile."""
    outbox, done, tries = Outbox(delays=(0.0,)), threading.Event(), []

    def fails_once():
        tries.append(1)
        if len(tries) == 1:
            raise OSError
        done.set()

    outbox.put(fails_once)
    assert done.wait(10)
    assert len(tries) == 2


def test_the_outbox_gives_up_in_the_end(caplog):
    outbox, tries = Outbox(delays=()), []

    def fails():
        tries.append(1)
        raise OSError("who@example.com is unknown")

    outbox.put(fails)
    outbox.join()
    assert len(tries) == 1
    assert "given up" in caplog.text
    assert "who@example.com" not in caplog.text
