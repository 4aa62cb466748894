"""No English word is left in any mail to a person who reads Ukrainian."""

import re

import pytest
from django.core import mail as django_mail

from onetime import mail
from tests.onetime.test_mail import ALL, html_of, sent
from tests.onetime.test_ukrainian_pages import english_words

#: The operator's own language is the installation's, not the visitor's.
TO_PEOPLE = {name: send for name, send in ALL.items() if name != "feedback"}
#: What the caller puts in: the plan's name as the operator wrote it.
GIVEN = {"Plus"}


def words_of(message) -> set[str]:
    html = re.sub(r"<(title|style)\b.*?</\1>", "", html_of(message), flags=re.DOTALL)
    return english_words(f"{message.subject}\n{message.body}\n{html}") - GIVEN


@pytest.mark.parametrize("send", TO_PEOPLE.values(), ids=TO_PEOPLE)
def test_a_mail_in_ukrainian_holds_no_english_word(send):
    assert words_of(sent(send, "uk")) == set()


@pytest.mark.parametrize("change", mail.Change)
def test_every_security_change_is_named_in_ukrainian(change):
    mail.security_change("a@example.com", change, language="uk")
    mail.outbox.join()
    (message,) = django_mail.outbox
    assert words_of(message) == set()


def test_a_mail_in_english_would_be_found():
    """The test of the test."""
    assert "changed" in words_of(sent(ALL["address_changed"], "en"))
