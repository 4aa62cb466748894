"""Who calls API v1: HTTP Basic with an account's address and API token, or nobody in particular."""

import base64
import binascii

from django.http import HttpRequest

from accounts import tokens
from accounts.models import User
from onetime import ratelimit
from onetime.limits import limits_for


class NotAuthorized(Exception):
    """A header is there and is wrong: refused on every route, and nothing else happens."""


def caller(request: HttpRequest) -> User | None:
    """The account that calls, or None without credentials.

    Raises NotAuthorized; RateLimited for a client that goes on guessing.
    """
    header = request.META.get("HTTP_AUTHORIZATION")
    if header is None:
        return None
    pair = _credentials(header)
    if pair == ("", ""):  # what several clients send when they have been given none
        return None
    user = tokens.user_for_basic(*pair) if pair and all(pair) else None
    if user is None or not limits_for(user).api:
        ratelimit.check(request, "api_token")
        raise NotAuthorized
    return user


def _credentials(header: str) -> tuple[str, str] | None:
    """(address, token) of a Basic header, or None for whatever is not one (RFC 7617)."""
    scheme, _space, encoded = header.strip().partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        text = base64.b64decode(encoded.strip().encode("ascii"), validate=True).decode()
    except (binascii.Error, UnicodeError):
        return None
    email, colon, token = text.partition(":")
    return (email, token) if colon else None
