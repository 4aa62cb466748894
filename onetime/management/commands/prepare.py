"""Brings an installation up to date: database, static files, default catalogue."""

import hashlib
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.db import connection


class Command(BaseCommand):
    help = "Migrate the database and collect the static files, skipping what is current."

    def handle(self, *args: Any, **options: Any) -> None:
        if connection.vendor == "sqlite":
            Path(connection.settings_dict["NAME"]).parent.mkdir(parents=True, exist_ok=True)
        call_command("migrate", verbosity=0, interactive=False)
        self.collect_static()

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


def sources_digest() -> str:
    """A digest over name, size and time of every static source file."""
    digest = hashlib.sha256()
    for finder in get_finders():
        for name, storage in finder.list([]):
            stat = Path(storage.path(name)).stat()
            digest.update(f"{name}\0{stat.st_size}\0{stat.st_mtime_ns}\n".encode())
    return digest.hexdigest()
