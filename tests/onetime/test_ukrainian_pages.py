"""No English word is left on any Ukrainian page, in any state."""

import re
from html.parser import HTMLParser

import pytest
from django.utils import translation

from tests.pages import page_routes, visit_all

pytestmark = pytest.mark.django_db

#: Names, and what a program reads: these stay as they are in every language.
UNCHANGED = {
    "Onetime", "Secret", "UTC", "API", "QR", "URL", "HTTP", "HTTPS", "JSON", "TLS", "IP", "ID", "CLI", "DNS", "TOTP", "JavaScript", "GDPR", "AES",
    "GCM", "PBKDF", "Argon", "SHA", "ZIP", "http", "b", "c", "f",
    "English", "z", "Z", "a", "A", "l", "I", "O",
}  # fmt: skip
#: On the page for programmers: names of fields, headers, files, languages.
UNCHANGED_FOR_PROGRAMS = {
    "RFC", "OpenAPI", "Basic", "JavaScript", "Python", "Allow", "Retry", "After", "application", "base", "url",
    "at", "cli", "detail", "docs", "envelope", "id", "js", "maximum", "minimum", "passphrase", "recipient",
    "missing", "secret", "state", "ttl", "v",
}  # fmt: skip
#: Attributes whose value a reader sees or hears, at once or when script puts it on the page.
SPOKEN = {"aria-label", "aria-description", "title", "alt", "placeholder"}
SILENT_DATA = {"data-state", "data-after", "data-kind", "data-reveals", "data-copies", "data-problem", "data-hitch", "data-script", "data-passkey", "data-begin"}  # fmt: skip
#: Elements whose content is for programs, or comes from whoever typed it.
LITERAL = {"script", "style", "code", "pre", "kbd", "samp", "textarea", "output"}
VOID = {"meta", "link", "input", "br", "hr", "img", "path", "wbr", "source"}


class Words(HTMLParser):
    """Collects what a reader sees or hears of a page, outside of literal and foreign-language parts."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[bool] = []
        self.found: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        foreign = attributes.get("lang", "uk") != "uk"
        for name, value in attributes.items():
            if name in SPOKEN or (name.startswith("data-") and name not in SILENT_DATA):
                self.found.append(value)
            if tag == "meta" and name == "content" and attributes.get("name") == "description":
                self.found.append(value)
        if tag not in VOID:
            self.open.append(foreign or tag in LITERAL)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            self.open.pop()

    def handle_data(self, data: str) -> None:
        if not any(self.open):
            self.found.append(data)


def english_words(page: str) -> set[str]:
    """Latin words in what a reader meets, without addresses, placeholders and what never changes."""
    text = " ".join(Words(page).found)
    text = re.sub(r"\b[0-9A-Za-z]{31}\b", " ", text)  # what stands for a secret without a label
    text = re.sub(r"\{\w+\}|\S+@\S+|https?://\S+|/[\w/{}.-]+", " ", text)
    return set(re.findall(r"[A-Za-z]+", text)) - UNCHANGED


def test_the_reader_of_words_finds_english_where_it_is():
    """The test of the test: text, spoken attributes and script's sentences; not code, not other languages."""
    page = '<p title="one">two {skipped}</p><i data-text="three">⏎</i><code>four</code><a lang="en">five</a>'
    assert english_words(page) == {"one", "two", "three"}


def test_no_english_word_is_on_any_ukrainian_page(client):
    left = {state: english_words(page) for state, page in visit_all(client, "/uk").pages.items()}
    left["API"] -= UNCHANGED_FOR_PROGRAMS
    assert {state: words for state, words in left.items() if words} == {}


def test_django_s_and_allauth_s_own_sentences_are_written_as_ours_are(client):
    """The right apostrophe, and «ви» throughout; onetime/borrowed_texts.py is where others' texts are taken over."""
    found = {}
    for state, page in visit_all(client, "/uk").pages.items():
        text = " ".join(Words(page).found)
        wrong = re.findall(
            r"\S*[а-яіїєґ]['ʼ`][а-яіїєґ]\S*|\b(?:ти|тебе|тобі|твій)\b|коректн\w*", text, re.IGNORECASE
        )
        if wrong:
            found[state] = wrong
    assert found == {}


def test_no_ukrainian_letter_is_on_any_english_page_but_in_the_language_link(client):
    for state, page in visit_all(client).pages.items():
        assert set(re.findall("[а-яіїєґ]+", page, re.IGNORECASE)) <= {"Українська"}, state


def test_the_walk_goes_to_every_address_that_answers_with_a_page(client):
    """A page that is added is walked too: add its states to tests/pages.py."""
    with translation.override("uk"):
        assert page_routes() - visit_all(client, "/uk").routes == set()
