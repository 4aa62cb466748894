"""Writes the operator's compliance papers from the inventory: record of processing, agreement, answers."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.template.loader import render_to_string
from django.utils import translation

from onetime import inventory

PAPERS = ("record-of-processing", "data-processing-agreement", "answer-sheet")


class Command(BaseCommand):
    help = "Write the compliance papers into a directory, with the operator's name as the settings have it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("directory", type=Path)
        parser.add_argument(
            "--blank", action="store_true", help="leave places for names instead of the settings'"
        )
        parser.add_argument(
            "--check", action="store_true", help="write nothing; fail where a paper is not current"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        stale = []
        for name in PAPERS:
            path, text = options["directory"] / f"{name}.md", paper(name, blank=options["blank"])
            if options["check"]:
                stale += [] if path.exists() and path.read_text(encoding="utf-8") == text else [path.name]
            else:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")
        if stale:
            raise CommandError(f"Not current: {', '.join(stale)}. Run `manage.py compliance`.")


def paper(name: str, *, blank: bool) -> str:
    """One paper in English. A blank one does not depend on this installation's settings."""
    with translation.override("en"):
        context = {
            "tables": list(inventory.table(inventory.USUAL_NUMBERS if blank else None)),
            "operator": "[operator]" if blank else settings.OPERATOR_NAME or "[operator]",
            "contact": "[contact]" if blank else settings.OPERATOR_EMAIL or "[contact]",
            "jurisdiction": "[country]" if blank else settings.OPERATOR_JURISDICTION or "[country]",
            "site": "[address of the site]" if blank else settings.SITE_ORIGIN,
        }
        return render_to_string(f"compliance/{name}.md", context).strip() + "\n"
