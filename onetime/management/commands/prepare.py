"""Brings an installation up to date: database, static files, default catalogue."""

import hashlib
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from onetime import checks, source_rules


class Command(BaseCommand):
    help = "Migrate the database, collect the static files and read the sources, skipping what is current."

    def handle(self, *args: Any, **options: Any) -> None:
        if connection.vendor == "sqlite":
            Path(connection.settings_dict["NAME"]).parent.mkdir(parents=True, exist_ok=True)
        call_command("migrate", verbosity=0, interactive=False)
        for warning in checks.check_database_log(databases=[connection.alias]):
            self.stderr.write(self.style.WARNING(str(warning)))
        self.collect_static()
        self.scan_sources()

    def collect_static(self) -> None:
        """Collect again only when a source file changed: compressing costs seconds.

        What was collected before stays: pages of the version before still ask for it.
        """
        stamp, current = settings.STATIC_ROOT / ".sources", sources_digest()
        if stamp.exists() and stamp.read_text() == current:
            return
        self.stdout.write("Collecting static files …")
        call_command("collectstatic", verbosity=0, interactive=False)
        stamp.write_text(current)

    def scan_sources(self) -> None:
        """Note which sources keep the promises, so that not every worker reads them all at its start."""
        current = source_rules.digest(settings.BASE_DIR)
        if checks.scanned() == current:
            return
        breaches = checks.check_source()
        if breaches:
            raise CommandError("The privacy promises do not hold. " + " ".join(one.msg for one in breaches))
        checks.scan_stamp().write_text(current)


def sources_digest() -> str:
    """A digest over name, size and time of every static source file."""
    digest = hashlib.sha256()
    for finder in get_finders():
        for name, storage in finder.list([]):
            stat = Path(storage.path(name)).stat()
            digest.update(f"{name}\0{stat.st_size}\0{stat.st_mtime_ns}\n".encode())
    return digest.hexdigest()
