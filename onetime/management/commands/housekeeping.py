"""Everything that has to happen regularly, as one command: cron, systemd or `--loop`."""

import signal
import threading
import time
from argparse import ArgumentParser
from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from typing import Any

from django.contrib.admin.models import LogEntry
from django.core.management import call_command, get_commands
from django.core.management.base import BaseCommand, CommandError
from django.db import close_old_connections
from django.utils import timezone

from onetime import inventory, journal

#: Seconds between passes of what needs no hurry, in a loop.
SELDOM = 3600


def command(name: str, *arguments: str) -> Callable[[], str]:
    """A step that is a command; where the app is not installed there is nothing to do."""

    def step() -> str:
        if name not in get_commands():
            return "not installed"
        said = StringIO()
        call_command(name, *arguments, stdout=said)
        return said.getvalue().strip()

    return step


def keep_journal() -> str:
    return f"{journal.keep()} lines dropped"


def prune_admin_log() -> str:
    oldest = timezone.now() - timedelta(days=inventory.ADMIN_LOG_DAYS)
    gone, _by_model = LogEntry.objects.filter(action_time__lt=oldest).delete()
    return f"{gone} entries deleted"


#: In order. The first are what the promise of deletion rests on, and run in every pass.
OFTEN: tuple[tuple[str, Callable[[], str]], ...] = (
    ("secrets", command("purge_secrets")),
    ("journal", keep_journal),
)
RARELY: tuple[tuple[str, Callable[[], str]], ...] = (
    ("orphaned segments", command("sweep_segments")),
    ("unverified accounts", command("prune_accounts")),
    ("sessions", command("clearsessions")),
    ("administration log", prune_admin_log),
    ("billing events", command("billing_purge")),
)


class Command(BaseCommand):
    help = "Erase what is past its time: secrets, unverified accounts, sessions, old events, old journal."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--loop", type=int, metavar="SECONDS", help="go on: secrets at this interval, the rest hourly"
        )
        parser.add_argument("--quiet", action="store_true", help="speak of failures only")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["loop"] is None:
            if not self.steps(OFTEN + RARELY, quiet=options["quiet"]):
                raise CommandError("Some of the housekeeping was not done.")
            return
        if options["loop"] < 1:
            raise CommandError("--loop takes a number of at least 1.")
        self.go_on(options["loop"], quiet=options["quiet"])

    def go_on(self, seconds: int, *, quiet: bool) -> None:
        """Until a signal; a database that is away for a while is tried again at the next pass."""
        stop = threading.Event()
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, lambda _signal, _frame: stop.set())
        seldom_at = 0.0
        while not stop.is_set():
            rare = RARELY if time.monotonic() >= seldom_at else ()
            if rare:
                seldom_at = time.monotonic() + SELDOM
            self.steps(OFTEN + rare, quiet=quiet)
            close_old_connections()
            stop.wait(seconds)

    def steps(self, steps: tuple[tuple[str, Callable[[], str]], ...], *, quiet: bool) -> bool:
        """Every step, whatever became of those before it; whether all were done."""
        done = True
        for title, step in steps:
            try:
                said = step()
            except Exception as error:  # noqa: BLE001 - one broken step must not keep the others from deleting
                done = False
                self.stderr.write(f"{title}: failed ({type(error).__name__}: {error})")
            else:
                if not quiet:
                    self.stdout.write(f"{title}: {said or 'done'}")
        return done
