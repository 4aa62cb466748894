"""Reads a backup into a fresh database, of either kind. Checks all of it before it changes anything."""

from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from onetime import backup_format
from onetime.backup_format import BackupError
from onetime.journal import BadJournal, Journal, read_all
from onetime.management import restoring
from onetime.management.restoring import Result
from secrets_app.restoring import Outcome


class Command(BaseCommand):
    help = "Restore a backup. Secrets that were opened, burned or expired since never come back."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--key", type=Path, required=True, help="the file with the private key")
        parser.add_argument(
            "--journal",
            type=Path,
            action="append",
            help="the journal, once for each host that had one (default: BACKUP_JOURNAL, if it is there)",
        )
        parser.add_argument("--without-live-secrets", action="store_true", help="leave them out in any case")
        parser.add_argument("--check", action="store_true", help="read and check everything, change nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            self.run(options)
        except BackupError as error:
            raise CommandError(f"{error} Nothing was changed.") from None
        except (OSError, BadJournal) as error:
            raise CommandError(f"{error}. Nothing was changed.") from None

    def run(self, options: dict[str, Any]) -> None:
        key = backup_format.private_key(options["key"].read_text(encoding="ascii", errors="replace"))
        journal = self.journal(options["journal"])
        live = not options["without_live_secrets"]
        with chunks(options["file"], key) as content:
            result = restoring.check(content, journal, live=live)
        if not options["check"]:
            restoring.check_target()
            with chunks(options["file"], key) as content:
                result = restoring.restore(content, journal, live=live)
        self.report(result, journal, done=not options["check"])

    def journal(self, paths: list[Path] | None) -> Journal | None:
        default = Path(settings.BACKUP_JOURNAL or "/nonexistent")
        return read_all(paths or ([default] if default.is_file() else []))

    def report(self, result: Result, journal: Journal | None, *, done: bool) -> None:
        rows = ", ".join(f"{count} {label}" for label, count in result.rows.items()) or "no rows"
        self.stdout.write(
            f"{'Restored' if done else 'Good:'} the backup of {result.made_at:%Y-%m-%d %H:%M} UTC: {rows}."
        )
        outcomes = ", ".join(f"{result.secrets[each]} {each}" for each in Outcome)
        self.stdout.write(f"Secrets: {outcomes}.")
        if result.closed_accounts:
            self.stdout.write(f"{result.closed_accounts} accounts were closed since and stay closed.")
        if result.secrets[Outcome.LOST]:
            self.stdout.write(
                "Live secrets were left out, and their receipts say so. They come back only with a journal "
                "that is complete since the backup was made: nobody else knows which have been opened."
            )
        if journal is None:
            self.stdout.write("Without a journal, accounts that were closed since the backup are open again.")


@contextmanager
def chunks(path: Path, key: Any) -> Iterator[Iterator[bytes]]:
    with path.open("rb") as file:
        yield backup_format.read(file, key)
