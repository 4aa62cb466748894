"""Codes on their way by mail: the limits, the session, and the mail, in one step."""

from collections.abc import Callable

from django.http import HttpRequest
from django.utils.translation import get_language

from accounts import codes
from onetime import mail, ratelimit
from onetime.mail import MailFailed

SendCode = Callable[..., None]


def mail_code(request: HttpRequest, purpose: str, email: str, send: SendCode = mail.sign_in_code) -> None:
    """Mail a new code for `purpose` to `email` and await it in this session.

    The same is done for every address: nothing here looks whether it has an account.
    Raises RateLimited, or MailFailed; then no code is awaited.
    """
    limit_mails(request, email)
    code = codes.start(request.session, purpose, email)
    minutes = codes.LIFETIME_SECONDS // 60
    try:
        send(email, codes.shown(code), minutes=minutes, language=get_language() or "en")
    except MailFailed:
        codes.forget(request.session, purpose)
        raise


def limit_mails(request: HttpRequest, email: str) -> None:
    """Count one mail to `email` that this client asked for. Raises RateLimited.

    One client soon reaches its own limit for an address; the limit over all clients is higher,
    so that a stranger who asks for codes to an address does not easily keep its owner out.
    """
    ratelimit.check(request, "sign_in")
    ratelimit.check(request, "sign_in_address", subject=f"{email} {ratelimit.client_key(request)}")
    ratelimit.check(request, "sign_in_address_all", subject=email)
