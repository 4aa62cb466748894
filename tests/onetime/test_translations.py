"""The catalogues are complete, current and careful; Ukrainian is written as its readers write it."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import polib
import pytest
from django.utils import translation
from django.utils.translation import ngettext

from secrets_app.forms import duration, size
from tests import messages

NAMES = messages.languages()
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%%|\{\w+\}|</?\w+[^>]*>|&#?\w+;")
DAY, HOUR, MINUTE = 86400, 3600, 60
COUNTS = (1, 2, 5, 11, 21, 22, 25)


def catalogue(name: str) -> polib.POFile:
    return polib.pofile(str(messages.LOCALE / name / "LC_MESSAGES" / "django.po"))


def pairs(entry: polib.POEntry) -> list[tuple[str, str]]:
    """Each translation of an entry beside the English that it is for."""
    if not entry.msgid_plural:
        return [(entry.msgid, entry.msgstr)]
    return [(entry.msgid_plural if i else entry.msgid, text) for i, text in entry.msgstr_plural.items()]


def all_pairs(name: str) -> list[tuple[str, str]]:
    return [pair for entry in catalogue(name) for pair in pairs(entry)]


# --- Every language -----------------------------------------------------------------------------


def test_there_is_a_catalogue_for_every_language_but_the_one_the_texts_are_in(settings):
    assert [code for code, _name in settings.LANGUAGES if code != settings.LANGUAGE_CODE] == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_every_text_is_translated_in_every_plural_form_and_none_is_a_guess(name):
    book = catalogue(name)
    forms = int(book.metadata["Plural-Forms"].removeprefix("nplurals=")[0])
    for entry in book:
        assert not entry.fuzzy, entry.msgid
        assert not entry.obsolete, entry.msgid
        assert all(text for _english, text in pairs(entry)), entry.msgid
        assert len(pairs(entry)) == (forms if entry.msgid_plural else 1), entry.msgid


@pytest.mark.parametrize("name", NAMES)
def test_every_translation_has_the_placeholders_and_the_markup_of_its_text(name):
    """A lost placeholder hides a fact, a changed one is an error 500, changed markup breaks the page."""
    for english, text in all_pairs(name):
        assert sorted(PLACEHOLDER.findall(text)) == sorted(PLACEHOLDER.findall(english)), english


@pytest.mark.parametrize("name", NAMES)
def test_no_translation_can_leave_its_attribute_or_bring_markup(name):
    """Translations stand unescaped in attributes: a straight quote or a bracket would end one."""
    for english, text in all_pairs(name):
        bare, plain = PLACEHOLDER.sub("", text), PLACEHOLDER.sub("", english)
        assert not set("\"<>'") & set(bare) - set(plain), english
        assert not re.search(r"&(?!#?\w+;)", bare) or "&" in plain, english


@pytest.mark.parametrize("name", NAMES)
def test_a_translation_ends_as_its_text_ends(name):
    """A lost full stop or colon, or a space at an end that glues two words together."""
    for english, text in all_pairs(name):
        assert text == text.strip(" ") or english != english.strip(" "), english
        assert (english[-1:] in ".:…?!") == (text[-1:] in ".:…?!"), english
        assert english.count("\n") == text.count("\n"), english


@pytest.mark.parametrize("name", NAMES)
def test_the_compiled_catalogue_is_the_catalogue(name, tmp_path):
    """It is committed, so that a fresh clone runs without gettext: `make messages` brings it up to date."""
    kept = messages.LOCALE / name / "LC_MESSAGES"
    shutil.copy(kept / "django.po", tmp_path)
    messages.compile_one(tmp_path / "django.po")
    assert (tmp_path / "django.mo").read_bytes() == (kept / "django.mo").read_bytes()


def test_the_catalogues_hold_the_texts_of_the_sources_and_no_others(tmp_path):
    """`make messages` leaves no difference."""
    if not shutil.which("xgettext"):
        if os.environ.get("CI"):
            pytest.fail("xgettext is missing")
        pytest.skip("NOT PROVED: xgettext is missing here (Debian: apt-get install gettext)")
    copy = tmp_path / "locale"
    shutil.copytree(messages.LOCALE, copy)
    code = f"from tests import messages; messages.extract_in_place({str(copy)!r})"
    subprocess.run([sys.executable, "-c", code], cwd=messages.ROOT, check=True)
    for name in NAMES:
        path = Path(name) / "LC_MESSAGES" / "django.po"
        assert (copy / path).read_text() == (messages.LOCALE / path).read_text()


# --- Ukrainian ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        *zip((n * DAY for n in COUNTS), ("1 день", "2 дні", "5 днів", "11 днів", "21 день", "22 дні", "25 днів"), strict=True),
        *zip((n * HOUR for n in COUNTS[:6]), ("1 годину", "2 години", "5 годин", "11 годин", "21 годину", "22 години"), strict=True),
        *zip((n * MINUTE for n in COUNTS), ("1 хвилину", "2 хвилини", "5 хвилин", "11 хвилин", "21 хвилину", "22 хвилини", "25 хвилин"), strict=True),
    ],
)  # fmt: skip
def test_a_lifetime_agrees_with_its_number(seconds, words):
    """In the accusative, as «через» asks for it."""
    with translation.override("uk"):
        assert duration(seconds) == words.replace(" ", "\xa0")


@pytest.mark.parametrize(
    ("count", "words"),
    [(0, "0 байтів"), (1, "1 байт"), (22, "22 байти"), (25, "25 байтів"), (1500, "1,5 кБ"), (100_000, "100 кБ"), (2_500_000, "2,5 МБ")],
)  # fmt: skip
def test_a_size_agrees_with_its_number(count, words):
    with translation.override("uk"):
        assert size(count) == words.replace(" ", "\xa0")


def test_every_plural_text_has_its_three_forms():
    """1 and 21 take the first, 2 and 22 the second, 5, 11 and 25 the third."""
    with translation.override("uk"):
        for entry in catalogue("uk"):
            if not entry.msgid_plural:
                continue
            forms = [ngettext(entry.msgid, entry.msgid_plural, count) for count in COUNTS]
            assert forms[0] == forms[4], entry.msgid
            assert forms[1] == forms[5], entry.msgid
            assert forms[2] == forms[3] == forms[6], entry.msgid


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        (r"секрет", "таємниця"),
        (r"акаунт", "обліковий запис"),
        (r"ауте[нт]", "автентифікація"),
        (r"\bспал(ити|ено)", "знищити"),
        (r"\b(ти|тебе|тобі|твій|твоя)\b", "ви"),
        (r"[А-яіїєґ]['ʼ`][яюєї]", "the apostrophe is ’"),
        (r'["“”]', "quotation marks are «»"),
        (r" [—–]", "a no-break space before a dash"),
        (r"\.\.\.", "an ellipsis is one sign"),
        (r"[ыэъё]", "no such letter"),
        (r"\(-?(ла|ка|на)\)", "no doubled gender"),
    ],
)
def test_ukrainian_keeps_to_its_glossary_and_its_typography(wrong, why):
    texts = [PLACEHOLDER.sub("", text) for _english, text in all_pairs("uk")]
    found = [text for text in texts if re.search(wrong, text, re.IGNORECASE)]
    assert not found, why
