"""The codes that are mailed and typed in: what a session remembers of one that is on its way.

A code is bound to the browser that asked for it, so a mail scanner that follows a link or a
stranger who reads it over a shoulder can sign in nowhere else. The code itself is not stored.
"""

import secrets
import time
from collections.abc import MutableMapping
from typing import Any, TypedDict

from django.utils.crypto import constant_time_compare, salted_hmac

#: 100 million codes. With TRIES for each code and the limit on mails to one address, a day of
#: guessing from everywhere finds one with a chance of about 1 in 28,000.
DIGITS = 8
LIFETIME_SECONDS = 15 * 60
TRIES = 5
RESEND_SECONDS = 60  # before another mail may be asked for

Session = MutableMapping[str, Any]


class WrongCode(Exception):
    """Not the code that was mailed; it may be tried again."""


class NoCode(Exception):
    """No code is awaited: none was asked for, it is too old, used, or was guessed at too often."""


class Awaited(TypedDict):
    """A code on its way; times are seconds of the epoch."""

    email: str
    digest: str
    sent_at: float
    tries: int


def start(session: Session, purpose: str, email: str) -> str:
    """A new code for `email`, to be mailed; the one before it no longer counts."""
    code = f"{secrets.randbelow(10**DIGITS):0{DIGITS}d}"
    session[_key(purpose)] = Awaited(
        email=email, digest=_digest(purpose, email, code), sent_at=time.time(), tries=0
    )
    return code


def awaited(session: Session, purpose: str) -> Awaited | None:
    """The code that is awaited for `purpose`, if one still is."""
    waiting: Awaited | None = session.get(_key(purpose))
    if waiting is None or time.time() >= waiting["sent_at"] + LIFETIME_SECONDS:
        return None
    return waiting


def check(session: Session, purpose: str, typed: str) -> str:
    """The address that `typed` proves. A right code is still good until `forget`.

    Raises WrongCode, or NoCode when no further try is possible.
    """
    waiting = awaited(session, purpose)
    if waiting is None:
        raise NoCode
    if constant_time_compare(_digest(purpose, waiting["email"], normalise(typed)), waiting["digest"]):
        return waiting["email"]
    tries = waiting["tries"] + 1
    if tries >= TRIES:
        forget(session, purpose)
        raise NoCode
    session[_key(purpose)] = {**waiting, "tries": tries}
    raise WrongCode


def use(session: Session, purpose: str, typed: str) -> str:
    """As `check`, and the code is spent."""
    email = check(session, purpose, typed)
    forget(session, purpose)
    return email


def forget(session: Session, purpose: str) -> None:
    session.pop(_key(purpose), None)


def resend_wait(waiting: Awaited) -> int:
    """Whole seconds until another mail may be asked for; 0 when it may."""
    return max(0, int(waiting["sent_at"] + RESEND_SECONDS - time.time() + 0.999))


def normalise(typed: str) -> str:
    """The digits alone: the mail shows them in two groups, and people copy spaces."""
    return "".join(char for char in typed if char.isdecimal() and char.isascii())


def shown(code: str) -> str:
    """As the mail shows it: two groups of four."""
    return f"{code[:4]} {code[4:]}"


def _key(purpose: str) -> str:
    return f"code:{purpose}"


def _digest(purpose: str, email: str, code: str) -> str:
    return salted_hmac(f"accounts.codes.{purpose}", f"{email}\0{code}", algorithm="sha256").hexdigest()
