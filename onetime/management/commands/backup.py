"""Writes one file, encrypted to the operator's public key, which this server cannot read back."""

import os
import re
from argparse import ArgumentParser
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from onetime import backup_format, journal
from onetime.management import backup_content

NAME = re.compile(r"onetime-\d{8}T\d{6}Z\.backup")


class Command(BaseCommand):
    help = "Back up accounts, plans, billing references and receipts to an encrypted file."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("directory", type=Path, help="where the file goes")
        parser.add_argument("--to", help="the public key (default: BACKUP_PUBLIC_KEY)")
        parser.add_argument(
            "--live-secrets",
            action="store_true",
            help="also secrets that nobody has opened, still sealed, useless without their links",
        )
        parser.add_argument(
            "--keep", type=int, metavar="N", help="afterwards delete all but the newest N backups"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        key = self.key(options["to"] or settings.BACKUP_PUBLIC_KEY)
        if options["keep"] is not None and options["keep"] < 1:
            raise CommandError("--keep takes a number of at least 1.")
        if options["live_secrets"]:
            self.begin_journal()
        path = options["directory"] / f"onetime-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.backup"
        try:
            size, counts = self.write(path, key, live=options["live_secrets"])
        except OSError as error:
            raise CommandError(f"{path} cannot be written: {error.strerror or error}.") from None
        rows = ", ".join(f"{count} {name}" for name, count in counts.items())
        self.stdout.write(f"Wrote {path}: {size} bytes, {rows or 'no rows'}.")
        if options["keep"]:
            self.prune(options["directory"], options["keep"])

    def key(self, text: str) -> Any:
        if not text:
            raise CommandError("Give a public key: --to, or BACKUP_PUBLIC_KEY. `backup_keygen` makes a pair.")
        try:
            return backup_format.public_key(text)
        except backup_format.BackupError as error:
            raise CommandError(str(error)) from None

    def begin_journal(self) -> None:
        """Live secrets come back only with a journal that begins before the backup does."""
        try:
            if journal.ensure() is None:
                raise CommandError("Live secrets need a journal to be restorable: set BACKUP_JOURNAL.")
        except (OSError, journal.BadJournal) as error:
            raise CommandError(f"The journal {settings.BACKUP_JOURNAL} cannot be used: {error}.") from None

    def write(self, path: Path, key: Any, *, live: bool) -> tuple[int, Counter[str]]:
        """Write beside the final name, so that there is never half a backup under it."""
        counts: Counter[str] = Counter()
        part = path.with_suffix(".part")
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as file, backup_content.snapshot():
                size = self.fill(file, key, counts, live=live)
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
        return size, counts

    def fill(self, file: BinaryIO, key: Any, counts: Counter[str], *, live: bool) -> int:
        size = backup_format.write(file, backup_content.lines(live=live, counts=counts), key)
        file.flush()
        os.fsync(file.fileno())
        return size

    def prune(self, directory: Path, keep: int) -> None:
        """Delete our own files alone, oldest first."""
        backups = sorted(path for path in directory.iterdir() if NAME.fullmatch(path.name))
        for path in backups[:-keep]:
            path.unlink()
            self.stdout.write(f"Deleted {path}.")
