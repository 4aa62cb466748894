"""A sender's file names: nothing in them hides on a page, and nothing in them is a path."""

import pytest

from secrets_app import names


@pytest.mark.parametrize(
    ("name", "visible"),
    [
        ("notes.pdf", "notes.pdf"), ("нотатки 鍵 🔑.pdf", "нотатки 鍵 🔑.pdf"), ("cod\u202eexe.txt", "cod⟨U+202E⟩exe.txt"),
        ("a\nb\x1b[2J\x9b", "a⟨U+000A⟩b⟨U+001B⟩[2J⟨U+009B⟩"), ("\u200f\ufeff\u2028\u061c", "⟨U+200F⟩⟨U+FEFF⟩⟨U+2028⟩⟨U+061C⟩"),
        ("👩\u200d👧 ❤\ufe0f", "👩\u200d👧 ❤\ufe0f"), ("a\u3164\u2800b\U000e0041", "a⟨U+3164⟩⟨U+2800⟩b⟨U+E0041⟩"),
        ("<img onerror>", "<img onerror>"), ("", ""),
    ],
)  # fmt: skip
def test_every_character_is_in_sight(name, visible):
    assert names.visible(name) == visible


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("notes.txt", "notes.txt"), ("../../etc/passwd", "passwd"), ("C:\\Windows\\win.ini", "win.ini"), ("", "file"),
        ("..", "file"), ("/", "file"), ("a\nb\x1b[2J", "ab[2J"), ("cod\u202eexe.txt", "codexe.txt"), ("nul.txt", "_nul.txt"),
        ('<img src="x">.png', "_img src=_x__.png"), ("trailing. .", "trailing"), ("нотатки.pdf", "нотатки.pdf"),
    ],
)  # fmt: skip
def test_a_name_to_save_by_is_harmless(name, safe):
    assert names.safe(name) == safe


@pytest.mark.parametrize("name", ["ї" * 300 + ".pdf", "n" * 300, "a." + "e" * 300])
def test_a_long_name_is_cut_and_keeps_its_ending(name):
    safe = names.safe(name)
    assert len(safe.encode()) <= names.MOST_BYTES
    assert safe.endswith(".pdf") == name.endswith(".pdf")
