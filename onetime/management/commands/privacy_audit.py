"""Visits a running site as a stranger and reports what it leaves and loads."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from onetime import audit
from onetime.audit import Report

KINDS = {
    "cookie": "Cookies",
    "third party": "Requests to others",
    "storage": "Storage in the browser",
    "header": "Headers",
    "unreachable": "Unreachable",
}


class Command(BaseCommand):
    help = "Visit URL without cookies, page by page; exit code 1 if it breaks a privacy promise."
    requires_system_checks: list[str] = []  # it looks at a site, which need not be this installation

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("url", help="the site's address, such as https://secrets.example.com")
        parser.add_argument("--json", action="store_true", help="the whole report as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        url = options["url"]
        if not url.startswith(("http://", "https://")):
            raise CommandError("The address must begin with http:// or https://.", returncode=2)
        try:
            report = audit.visit(url)
        except OSError as error:
            raise CommandError(f"{url} does not answer: {error}", returncode=2) from None
        if options["json"]:
            self.stdout.write(json.dumps(report.as_json(), indent=2))
        else:
            self.show(report)
        if report.findings:
            raise SystemExit(1)

    def show(self, report: Report) -> None:
        self.stdout.write(f"{report.origin}: {len(report.visited)} pages, {len(report.assets)} other files\n")
        for kind, title in KINDS.items():
            found = [finding for finding in report.findings if finding.kind == kind]
            self.stdout.write(f"{title:<24} {len(found) or 'none'}")
            for finding in found:
                self.stdout.write(f"    {finding.where.removeprefix(report.origin)}: {finding.what}")
        if report.outgoing_links:
            self.stdout.write(
                f"\nLinks to others, which only a click follows: {', '.join(report.outgoing_links)}"
            )
