"""Makes the key pair for backups. Run it on another machine than the server, if you can."""

import os
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from onetime.backup_format import new_key_pair


class Command(BaseCommand):
    help = "Write a private backup key to a new file and print the public one, which the server needs."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("path", type=Path, help="a file that does not exist, for the private key")

    def handle(self, *args: Any, **options: Any) -> None:
        private, public = new_key_pair()
        try:
            descriptor = os.open(options["path"], os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except OSError as error:
            raise CommandError(f"{options['path']} cannot be made: {error.strerror}.") from None
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(private + "\n")
        self.stderr.write(
            f"The private key is in {options['path']}. Keep it away from the server, and keep a second copy: "
            "without it no backup can be read. This is the public key, for BACKUP_PUBLIC_KEY:"
        )
        self.stdout.write(public)
