"""Erases expired and held-over contents, and tombstones past their time.

Expired secrets cannot be read even if this never runs; it is what takes them off the disk.
"""

import signal
import sys
import threading
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import OperationalError, close_old_connections

from accounts.services import forget_sessions
from secrets_app import housekeeping
from secrets_app.disk import forget_on_disk
from secrets_app.housekeeping import Purged


class Command(BaseCommand):
    help = "Erase what is past its time. Safe to run many times at once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--batch", type=int, default=1000, help="rows in one transaction (default 1000)")
        parser.add_argument(
            "--loop", type=int, metavar="SECONDS", help="go on, pausing so long between passes"
        )
        parser.add_argument("--dry-run", action="store_true", help="only say how many rows are due")
        parser.add_argument("--quiet", action="store_true", help="say nothing when nothing was due")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["batch"] < 1 or (options["loop"] is not None and options["loop"] < 1):
            raise CommandError("--batch and --loop take a number of at least 1.")
        if options["dry_run"]:
            due = housekeeping.due().count() + housekeeping.due_uploads().count()
            self.stdout.write(f"{due} rows are due.")
            return
        stop = threading.Event()
        if options["loop"]:
            for name in (signal.SIGTERM, signal.SIGINT):
                signal.signal(name, lambda _signal, _frame: stop.set())
        self.one_pass(options, stop)
        while options["loop"] and not stop.wait(options["loop"]):
            self.one_pass(options, stop)

    def one_pass(self, options: dict[str, Any], stop: threading.Event) -> None:
        """Purge until nothing is due. A loop outlives a database that is away for a while."""
        try:
            done = self.purge_all(options["batch"], stop)
        except OperationalError:
            if not options["loop"]:
                raise
            close_old_connections()
            self.stderr.write("purge_secrets: the database does not answer; trying again later.")
            return
        if any(done) or not options["quiet"]:
            uploads = f", and erased {done.abandoned} unfinished uploads" if done.abandoned else ""
            self.stdout.write(f"Erased {done.erased} contents, forgot {done.forgotten} receipts{uploads}.")

    def purge_all(self, batch: int, stop: threading.Event) -> Purged:
        total = Purged()
        while not stop.is_set():
            done = housekeeping.purge_batch(batch)
            if not any(done):
                break
            total += done
            if sys.stderr.isatty() and sum(total) > batch:
                self.stderr.write(f"\r{sum(total)} rows …", ending="")
        while not stop.is_set() and any(done := housekeeping.purge_uploads()):
            total += done
        forget_sessions()
        forget_on_disk(wait=True)
        return total
