"""File names are what a stranger wrote: shown so that nothing in them hides, and saved harmless.

`names.js` does the same in the browser.
"""

import re
import unicodedata

MOST_BYTES = 200  # file systems take 255, and what saves may add " (1)" or ".part"
#: Joiners and variation selectors build letters and emoji.
_BUILDERS = frozenset("\u200c\u200d\ufe0e\ufe0f")
_UNSEEN_KINDS = {"Cc", "Cf", "Cs", "Zl", "Zp"}
#: Of no shape, whatever their kind: Unicode's Default_Ignorable_Code_Point, and the empty Braille cell.
_UNSEEN = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2060-\u206f\u2800\u3164\ufe00-\ufe0d\uffa0\ufff0-\ufff8"
    "\U000e0000-\U000e0fff]"
)
_DEVICE = re.compile(r"(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\.|$)", re.IGNORECASE)


def _unseen(character: str) -> bool:
    if character in _BUILDERS:
        return False
    return unicodedata.category(character) in _UNSEEN_KINDS or bool(_UNSEEN.match(character))


def visible(name: str) -> str:
    """The name with every character in sight: "cod⟨U+202E⟩exe.txt"."""
    return "".join(f"⟨U+{ord(c):04X}⟩" if _unseen(c) else c for c in name)


def safe(name: str) -> str:
    """A name to save by: the last part of a path, without what systems take for something else."""
    last = re.split(r"[/\\]", name)[-1]
    plain = re.sub(r'[<>:"|?*]', "_", "".join(c for c in last if not _unseen(c))).strip().rstrip(". ")
    return _short("_" + plain if _DEVICE.match(plain) else plain) or "file"


def _short(name: str) -> str:
    """The beginning of the stem, and the ending whole where it is one."""
    stem, dot, ending = name.rpartition(".")
    if not stem or len(ending.encode()) > MOST_BYTES // 2:
        stem, dot, ending = name, "", ""
    room = MOST_BYTES - len((dot + ending).encode())
    return stem.encode()[:room].decode(errors="ignore") + dot + ending
