"""Somebody who has signed in, without the mail and the code."""

from typing import Any

from tests.site import Site

SIGN_IN = """
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from accounts.models import User
user = User.objects.filter(email={email!r}).first()
user = user or User.objects.create_user({email!r}, is_staff={staff}, is_superuser={staff})
session = SessionStore()
session[SESSION_KEY] = str(user.pk)
session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
session[HASH_SESSION_KEY] = user.get_session_auth_hash()
session.create()
print(session.session_key)
"""


def cookie(site: Site, email: str, *, staff: bool = False) -> Any:
    """The one cookie of somebody who has signed in; `staff` makes the account an operator's."""
    code = SIGN_IN.format(email=email, staff=staff)
    value = site.manage("shell", "--no-imports", "-c", code).strip()
    return {"name": "session", "value": value, "url": site.origin}
