"""Who is signed in, with its type."""

from typing import cast

from django.http import HttpRequest

from accounts.models import User


def person(request: HttpRequest) -> User:
    """The account of a request that login_required or `sensitive` let through."""
    return cast("User", request.user)
