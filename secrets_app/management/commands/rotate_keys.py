"""Seals every live secret again with the newest key of SECRET_ENCRYPTION_KEYS.

Put the new key first, restart the site, run this, then drop the old key.
"""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from accounts import reseal
from accounts.sealing import CannotUnseal
from secrets_app import segments, services
from secrets_app.envelope import SecretId
from secrets_app.keyring import KeyRingError
from secrets_app.models import Secret


class Command(BaseCommand):
    help = "Re-seal live secrets with the newest key, in batches; may be stopped and run again."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--batch", type=int, default=500, help="rows in one transaction (default 500)")
        parser.add_argument("--dry-run", action="store_true", help="only count")

    def handle(self, *args: Any, **options: Any) -> None:
        resealed = current = 0
        last = None
        while True:
            rows = Secret.objects.filter(content__isnull=False).order_by("pk")
            if last is not None:
                rows = rows.filter(pk__gt=last)
            ids = list(rows.values_list("pk", flat=True)[: options["batch"]])
            if not ids:
                break
            changed = self.reseal(ids, dry_run=options["dry_run"])
            resealed, current, last = resealed + changed, current + len(ids) - changed, ids[-1]
        verb = "would be re-sealed" if options["dry_run"] else "re-sealed"
        self.stdout.write(f"{resealed} secrets {verb}, {current} were sealed with the newest key already.")
        self.reseal_the_rest(dry_run=options["dry_run"])

    def reseal(self, ids: list[Any], *, dry_run: bool) -> int:
        """Re-seal those rows of `ids` that need it and still hold content; how many."""
        ring, changed = services.keyring(), 0
        with transaction.atomic():
            for secret in Secret.objects.select_for_update().filter(pk__in=ids, content__isnull=False):
                try:
                    changed += self.reseal_one(ring, secret, dry_run=dry_run)
                except KeyRingError as error:
                    raise CommandError(f"A secret cannot be opened with any key given: {error}") from error
        return changed

    def reseal_one(self, ring: Any, secret: Secret, *, dry_run: bool) -> int:
        secret_id, content = services.as_secret_id(secret.pk), bytes(secret.content or b"")
        label = bytes(secret.label) if secret.label is not None else None
        if ring.is_current(content) and (label is None or ring.is_current(label)):
            return 0
        secret.content = ring.seal(secret_id, 0, ring.open(secret_id, 0, content))
        if label is not None:
            number = services.LABEL_NUMBER
            secret.label = ring.seal(secret_id, number, ring.open(secret_id, number, label))
        if not dry_run:
            secret.save(update_fields=["content", "label"])
        return 1

    def reseal_the_rest(self, *, dry_run: bool) -> None:
        """The labels of tombstones, and the second factors of accounts."""
        ring, number, labels = services.keyring(), services.LABEL_NUMBER, 0
        ended = Secret.objects.filter(content__isnull=True, label__isnull=False).only("label")
        try:
            for secret in ended.iterator(chunk_size=500):
                secret_id, label = services.as_secret_id(secret.pk), bytes(secret.label or b"")
                if not ring.is_current(label):
                    sealed = ring.seal(secret_id, number, ring.open(secret_id, number, label))
                    labels += 1 if dry_run else Secret.objects.filter(pk=secret.pk).update(label=sealed)
            factors = reseal.second_factors(dry_run=dry_run)
        except (KeyRingError, CannotUnseal) as error:
            raise CommandError(
                f"A label or a second factor cannot be opened with any key given: {error}"
            ) from error
        parts = self.reseal_segments(dry_run=dry_run)
        verb = "would be re-sealed" if dry_run else "re-sealed"
        self.stdout.write(f"{labels} labels, {parts} segments and {factors} second factors {verb}.")

    def reseal_segments(self, *, dry_run: bool) -> int:
        """The segments of secrets and of uploads, one at a time, for each is 1 MiB; how many."""
        ring, changed = services.keyring(), 0

        def again(secret_id: SecretId, number: int, sealed: bytes) -> bytes | None:
            if ring.is_current(sealed):
                return None
            return ring.seal(secret_id, number, ring.open(secret_id, number, sealed))

        try:
            for place in segments.places():
                changed += segments.replace(place, again, dry_run=dry_run)
        except KeyRingError as error:
            raise CommandError(f"A segment cannot be opened with any key given: {error}") from error
        return changed
