"""The generator's word lists: as many words as its estimate says, each once, easy to type."""

import re
from pathlib import Path

import pytest

from secrets_app import envelope

SCRIPTS = Path(envelope.__file__).parent / "static" / "secrets_app" / "js"
LETTERS = {"en": "[a-z]{3,9}", "uk": "[абвгґдеєжзиіїйклмнопрстуфхцчшщьюя]{3,8}"}


@pytest.mark.parametrize("language", sorted(LETTERS))
def test_a_list_has_enough_words_each_once_in_the_letters_of_its_language(language):
    source = (SCRIPTS / f"words-{language}.js").read_text(encoding="utf-8")
    words = source.split("`")[1].split()
    assert len(words) >= 1024
    assert len(words) == len(set(words))
    assert [word for word in words if not re.fullmatch(LETTERS[language], word)] == []
