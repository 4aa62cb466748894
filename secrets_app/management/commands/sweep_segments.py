"""Erases segments that belong to nothing. There should be none, so a number other than 0 is worth a look."""

from typing import Any

from django.core.management.base import BaseCommand

from secrets_app import segments
from secrets_app.disk import forget_on_disk


class Command(BaseCommand):
    help = "Erase segments that belong to no upload and to no secret. Housekeeping runs it hourly."

    def handle(self, *args: Any, **options: Any) -> None:
        erased = segments.sweep()
        if erased:
            forget_on_disk(wait=True)
        self.stdout.write(f"Erased {erased} orphaned segments.")
