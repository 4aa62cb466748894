"""Write the two pseudo-languages that prove the pages ready for any other language."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from onetime import pseudo


class Command(BaseCommand):
    help = "Write pseudo-translations, accented and right-to-left, for a site started with PSEUDO_LOCALES."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("directory", type=Path, help="where the catalogues go")

    def handle(self, *args: Any, **options: Any) -> None:
        catalogue = Path(settings.LOCALE_PATHS[0]) / "uk" / "LC_MESSAGES" / "django.mo"
        for path in pseudo.write(options["directory"], catalogue):
            self.stdout.write(f"{path}\n")
