"""Pseudo-languages: the English texts, marked, to find what a real translation would break.

`en-XA` is accented and about half as long again, `ar-XB` runs from right to left; both names
are the customary ones. What shows up unmarked on a page cannot be translated, and a layout that
holds both holds any language.
"""

import re
import struct
from collections.abc import Callable
from pathlib import Path

ACCENTED, MIRRORED = "en_XA", "ar_XB"
#: What stands for something else: a value put in, markup, an entity.
KEPT = re.compile(r"(%\(\w+\)[sd]|%[sd%]|\{\w+\}|<[^>]+>|&#?\w+;)")
LETTERS = str.maketrans(
    {
        **dict(zip("bcdfghjklmprtvwxyz", "ƀçðƒĝĥĵķļɱþŕţṽŵẋýž", strict=True)),
        **dict(zip("BCDFGHJKLMNPRSTVWXYZ", "ƁÇÐƑĜĤĴĶĻṀÑÞŔŠŢṼŴẊÝŽ", strict=True)),
        # The commonest letters double, which makes words longer and not only sentences.
        **dict(zip("aeiouns", ("åå", "éé", "îî", "öö", "ûû", "ñņ", "šş"), strict=True)),
        **dict(zip("AEIOU", ("ÅÅ", "ÉÉ", "ÎÎ", "ÖÖ", "ÛÛ"), strict=True)),
    }
)
RIGHT_TO_LEFT, END = "\u202e", "\u202c"


def accented(text: str) -> str:
    """`text` longer and accented, with its placeholders and markup untouched."""
    return "".join(part if KEPT.fullmatch(part) else part.translate(LETTERS) for part in KEPT.split(text))


def mirrored(text: str) -> str:
    """`text` word by word from right to left, with its placeholders and markup untouched."""
    return "".join(part if KEPT.fullmatch(part) else _turn(part) for part in KEPT.split(text))


def _turn(text: str) -> str:
    return re.sub(r"[^\W\d_]+", lambda word: f"{RIGHT_TO_LEFT}{word[0]}{END}", text)


def write(directory: Path, catalogue: Path) -> list[Path]:
    """Write the compiled catalogues of both below `directory`, from the texts in `catalogue` (.mo)."""
    texts = sorted(set(texts_of(catalogue.read_bytes())) - {""})
    written = []
    for locale, turn in ((ACCENTED, accented), (MIRRORED, mirrored)):
        path = directory / locale / "LC_MESSAGES" / "django.mo"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(compiled({text: turned(text, turn) for text in texts}))
        written.append(path)
    return written


def turned(text: str, turn: Callable[[str], str]) -> str:
    """The translation of a text as .mo files hold it: "context EOT singular NUL plural"."""
    _context, _eot, forms = text.rpartition("\x04")
    return "\0".join(turn(form) for form in forms.split("\0"))


# --- The .mo format (GNU gettext manual, 10.3) --------------------------------------------------

MAGIC = 0x950412DE
HEADER = "<7I"
PLURAL_FORMS = "Content-Type: text/plain; charset=UTF-8\nPlural-Forms: nplurals=2; plural=(n != 1);\n"


def texts_of(catalogue: bytes) -> list[str]:
    """The original texts in a little-endian .mo file."""
    magic, _revision, count, table, _translations, _size, _hash = struct.unpack_from(HEADER, catalogue)
    if magic != MAGIC:
        raise ValueError("not a little-endian .mo file")
    places = struct.iter_unpack("<2I", catalogue[table : table + 8 * count])
    return [catalogue[offset : offset + length].decode() for length, offset in places]


def compiled(translations: dict[str, str]) -> bytes:
    """A .mo file of `translations`, by original text."""
    entries = sorted({"": PLURAL_FORMS, **translations}.items())
    start = struct.calcsize(HEADER)
    data = b""
    tables: tuple[list[bytes], list[bytes]] = ([], [])
    for entry in entries:
        for table, text in zip(tables, entry, strict=True):
            raw = text.encode()
            table.append(struct.pack("<2I", len(raw), start + 16 * len(entries) + len(data)))
            data += raw + b"\0"
    header = struct.pack(HEADER, MAGIC, 0, len(entries), start, start + 8 * len(entries), 0, 0)
    return header + b"".join(tables[0]) + b"".join(tables[1]) + data
