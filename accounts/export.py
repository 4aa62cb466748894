"""Everything that is held about an account, as one JSON file, written as it is read."""

import json
from collections.abc import Iterator
from typing import Any

from allauth.mfa.models import Authenticator
from django.core.serializers.json import DjangoJSONEncoder
from django.utils import timezone

from accounts import preferences
from accounts.models import User
from accounts.signals import exporting

FORMAT = "onetime export 1"


def stream(user: User) -> Iterator[str]:
    """The file in pieces. A section may be an iterator, so that long lists need no memory."""
    yield f'{{\n"format": {dumps(FORMAT)},\n"made_at": {dumps(timezone.now())}'
    for name, data in sections(user):
        yield f",\n{dumps(name)}: "
        yield from _pieces(data)
    yield "\n}\n"


def sections(user: User) -> Iterator[tuple[str, Any]]:
    """Our own part, then what every other app holds."""
    yield "account", own_part(user)
    parts: Any = exporting.send(sender=User, user=user)
    for _receiver, part in parts:
        if part:
            yield from part.items()


def own_part(user: User) -> dict[str, Any]:
    chosen = preferences.of(user)
    return {
        "email": user.email,
        "opened_at": user.created_at,
        "address_confirmed_at": user.verified_at,
        "operator": user.is_staff,
        "has_password": user.has_usable_password(),
        "preferences": {
            "language": chosen.language,
            "lifetime_seconds": chosen.lifetime,
            "require_passphrase": chosen.passphrase,
            "opened_notices": chosen.opened_notices,
        },
        "second_factors": [_second_factor(one) for one in Authenticator.objects.filter(user=user)],
        "api_tokens": list(user.api_tokens.order_by("pk").values("created_at", "last_used_on")),
    }


def _second_factor(authenticator: Authenticator) -> dict[str, Any]:
    """What a passkey or an app is called and when it was added: no key of it."""
    name = authenticator.data.get("name", "")
    last_used = authenticator.last_used_at
    return {
        "type": authenticator.type,
        "name": name,
        "added_at": authenticator.created_at,
        "last_used_on": last_used.date() if last_used else None,
    }


def _pieces(data: Any) -> Iterator[str]:
    if not isinstance(data, Iterator):
        yield dumps(data)
        return
    separator = "[\n"
    for item in data:
        yield separator + dumps(item)
        separator = ",\n"
    yield "\n]" if separator != "[\n" else "[]"


def dumps(data: Any) -> str:
    return json.dumps(data, cls=DjangoJSONEncoder, ensure_ascii=False)
