"""Opens an account from the command line; its owner signs in by a mailed code."""

from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.core.validators import validate_email
from django.db import IntegrityError

from accounts.models import User, normalise_email


class Command(BaseCommand):
    help = "Open an account for EMAIL. It has no password; a mailed code signs in."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email")

    def handle(self, *args: Any, **options: Any) -> None:
        email = normalise_email(options["email"])
        try:
            validate_email(email)
            User.objects.create_user(email)
        except ValidationError:
            raise CommandError(f"{email} is no e-mail address.") from None
        except IntegrityError:
            raise CommandError(f"{email} has an account already.") from None
        self.stdout.write(f"Opened an account for {email}.")
