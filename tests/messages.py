"""`make messages`: new and changed texts into each catalogue, then the compiled catalogues.

Locations are left out and lines are not wrapped, so that a difference shows nothing but texts.
"""

import os
import sys
from pathlib import Path

import tests.environment  # noqa: F401 - the settings need an environment

ROOT = Path(__file__).resolve().parent.parent
LOCALE = ROOT / "onetime" / "locale"
NOT_OURS = ("tests/*", "faults/*", "perf/*", "var/*", "staticfiles/*", "build/*", "node_modules/*")


def languages() -> list[str]:
    """The languages that have a catalogue; the texts themselves are English."""
    return sorted(path.name for path in LOCALE.iterdir() if (path / "LC_MESSAGES").is_dir())


def extract(into: Path, names: list[str]) -> None:
    """Bring the catalogues below `into` up to date with the sources. Needs xgettext."""
    from django.conf import settings
    from django.core.management import call_command

    settings.LOCALE_PATHS = [into]
    call_command(
        "makemessages",
        locale=names,
        extensions=["html", "txt", "py"],
        # Django would put what it finds beside a locale directory into that one.
        ignore_patterns=[*NOT_OURS, "onetime/locale"],
        no_location=True,
        no_wrap=True,
        no_obsolete=True,
        verbosity=0,
    )


def compile_one(catalogue: Path) -> None:
    """Write the compiled catalogue beside a .po file, the same bytes from the same texts everywhere."""
    import polib

    polib.pofile(str(catalogue)).save_as_mofile(str(catalogue.with_suffix(".mo")))


def extract_in_place(into: str | Path) -> None:
    """As `extract`, for every language, in a process of its own."""
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "onetime.settings")
    os.chdir(ROOT)
    django.setup()
    extract(Path(into), languages())


def main() -> int:
    extract_in_place(LOCALE)
    for name in languages():
        compile_one(LOCALE / name / "LC_MESSAGES" / "django.po")
    return 0


if __name__ == "__main__":
    sys.exit(main())
