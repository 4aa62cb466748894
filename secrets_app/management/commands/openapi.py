"""Print the OpenAPI document of API v2: `manage.py openapi > docs/openapi.json` keeps the copy current."""

from typing import Any

from django.core.management.base import BaseCommand

from secrets_app.openapi import document


class Command(BaseCommand):
    help = "Print the OpenAPI document of API v2."
    requires_system_checks: list[str] = []

    def handle(self, **options: Any) -> None:
        self.stdout.write(document().decode(), ending="")
