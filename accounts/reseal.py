"""Second factors under the newest key, for `manage.py rotate_keys`."""

from allauth.mfa.models import Authenticator
from django.db import transaction

from accounts import sealing

#: What allauth seals through our adapter, by the kind of second factor.
SEALED = {Authenticator.Type.TOTP: "secret", Authenticator.Type.RECOVERY_CODES: "seed"}


def second_factors(*, dry_run: bool = False) -> int:
    """Seal every app key and recovery seed again with the newest key; how many. Raises CannotUnseal."""
    pks = list(Authenticator.objects.filter(type__in=SEALED).order_by("pk").values_list("pk", flat=True))
    return sum(_one(pk, dry_run=dry_run) for pk in pks)


@transaction.atomic
def _one(pk: int, *, dry_run: bool) -> int:
    authenticator = Authenticator.objects.select_for_update().filter(pk=pk).first()
    if authenticator is None:
        return 0
    name = SEALED[authenticator.type]
    authenticator.data[name] = sealing.reseal(authenticator.data[name])
    if not dry_run:
        authenticator.save(update_fields=["data"])
    return 1
