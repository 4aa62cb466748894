"""What happens to an account: opened, confirmed, changed, closed."""

from datetime import timedelta

from django.contrib.auth import update_session_auth_hash
from django.contrib.sessions.models import Session
from django.db import IntegrityError, transaction
from django.db.models import F
from django.http import HttpRequest
from django.utils import timezone

from accounts import preferences
from accounts.models import User
from accounts.signals import address_changed, closing, erasing
from onetime import journal, mail
from onetime.mail import Change

#: Days after which an account whose address nobody confirmed goes.
UNVERIFIED_DAYS = 30


class AddressTaken(Exception):
    """Another account has that address; said only to whoever proved to own it."""


def account_for(email: str) -> User:
    """The account of `email`, whose owner has just proven to be; opened if there was none.

    `email` is normalised.
    """
    user = User.objects.filter(email=email).first() or _open(email)
    if user.verified_at is None:
        user.verified_at = timezone.now()
        user.save(update_fields=["verified_at"])
    return user


def _open(email: str) -> User:
    try:
        with transaction.atomic():
            return User.objects.create_user(email, verified_at=timezone.now())
    except IntegrityError:  # two browsers of one person, at once
        return User.objects.get(email=email)


def end_sessions(user: User) -> None:
    """Sign `user` out everywhere: no session that exists is accepted any more."""
    User.objects.filter(pk=user.pk).update(session_version=F("session_version") + 1)
    user.refresh_from_db(fields=["session_version"])


def security_changed(request: HttpRequest, user: User, change: Change) -> None:
    """After a way to sign in was changed: all other sessions end, this one gets a new key, a mail tells."""
    end_sessions(user)
    update_session_auth_hash(request, user)
    mail.security_change(user.email, change, language=preferences.mail_language(user))


def set_password(request: HttpRequest, user: User, password: str | None) -> None:
    """Set a checked password, or with None take it away."""
    user.set_password(password)
    user.save(update_fields=["password"])
    security_changed(request, user, Change.PASSWORD_SET if password else Change.PASSWORD_REMOVED)


def change_email(request: HttpRequest, user: User, email: str) -> None:
    """Give `user` the address `email`, which both ends have confirmed. Raises AddressTaken."""
    old = user.email
    try:
        with transaction.atomic():
            User.objects.filter(pk=user.pk).update(email=email, verified_at=timezone.now())
    except IntegrityError:
        raise AddressTaken from None
    user.email = email
    end_sessions(user)
    update_session_auth_hash(request, user)
    mail.address_changed(old, language=preferences.mail_language(user))
    address_changed.send(sender=User, user=user)


def close(user: User, *, tell: bool = True) -> None:
    """Close an account at once: what lives elsewhere first, then everything here in one transaction.

    Raises CannotClose, with nothing deleted, where something elsewhere (a subscription) cannot be ended.
    """
    email, language = user.email, preferences.mail_language(user)
    closing.send(sender=User, user=user)
    with transaction.atomic():
        erasing.send(sender=User, user=user)
        number, opened_on = user.pk, user.created_at
        user.delete()
        # Last, and still before the commit: a restored backup must not bring the account back.
        journal.closed(number, opened_on)
    if tell:
        mail.account_closed(email, language=language)


def forget_sessions() -> int:
    """Delete sessions that have ended, by index; how many. One that never signed in may hold an address."""
    deleted, _by_model = Session.objects.filter(expire_date__lte=timezone.now()).delete()
    return deleted


def prune(days: int = UNVERIFIED_DAYS, *, dry_run: bool = False) -> int:
    """Delete accounts that were made `days` ago and whose address nobody confirmed; how many.

    Operators are spared: theirs are made on the command line and may never get a code.
    """
    old = timezone.now() - timedelta(days=days)
    unconfirmed = User.objects.filter(
        verified_at=None, created_at__lte=old, is_staff=False, is_superuser=False
    )
    if dry_run:
        return unconfirmed.count()
    users = list(unconfirmed)
    for user in users:
        close(user, tell=False)
    return len(users)
