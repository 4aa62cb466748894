"""The SHA-256 of every script that the site sends, as `sha256sum` writes it, or compared with such a list."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from onetime import client_code


class Command(BaseCommand):
    help = "Print the SHA-256 of every collected script, one a line; with --check compare them with a file."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--check", type=Path, metavar="FILE", help="a list that this command printed")
        parser.add_argument("--integrity", action="store_true", help="sums as Subresource Integrity has them")

    def handle(self, *args: Any, **options: Any) -> None:
        lines = {line(script, integrity=options["integrity"]) for script in client_code.scripts()}
        if options["check"] is None:
            self.stdout.write("\n".join(sorted(lines, key=address)))
            return
        self.compare(lines, options["check"])

    def compare(self, lines: set[str], path: Path) -> None:
        try:
            listed = set(filter(None, path.read_text("utf-8").splitlines()))
        except (OSError, UnicodeDecodeError) as error:
            raise CommandError(f"{path} cannot be read: {type(error).__name__}.") from None
        if wrong := sorted(lines ^ listed, key=address):
            said = "\n".join(f"{'here ' if each in lines else 'list '} {each}" for each in wrong)
            raise CommandError(f"The scripts here are not those of the list:\n{said}")
        self.stdout.write(f"{len(lines)} scripts are those of the list.")


def line(script: client_code.Script, *, integrity: bool) -> str:
    """`sha256sum -c` reads it in a directory into which the site was downloaded."""
    return f"{script.integrity if integrity else script.sha256}  {script.url.lstrip('/')}"


def address(text: str) -> str:
    return text.partition("  ")[2]
