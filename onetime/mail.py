"""All mail goes through here: one function for each mail that the site may send.

There is no other mail. Each is text and HTML, in the language given, without images and without
links that count who follows them. A function that somebody waits for raises MailFailed; a notice
that nobody waits for goes through the outbox and never holds up what it tells about.
"""

import enum
import smtplib
import sys
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage, EmailMultiAlternatives
from django.core.mail.backends.base import BaseEmailBackend
from django.core.mail.backends.filebased import EmailBackend as FileBackend
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from onetime.outbox import Outbox

#: RFC 3834: no vacation notice or other automatic answer is wanted.
HEADERS = {"Auto-Submitted": "auto-generated", "X-Auto-Response-Suppress": "All"}
#: A mail server that is restarting drops one connection; a second try at once gets through.
TRIES = 2

outbox = Outbox()


class MailFailed(OSError):
    """The mail was not handed over to a mail server; nothing about it was kept."""


class MailNotConfigured(OSError):
    """EMAIL_URL is not set, so nothing can be sent; shown to whoever waits for the mail."""


class Change(enum.StrEnum):
    """What a notice of a security change may be about."""

    PASSWORD_SET = "password_set"  # noqa: S105 - the name of a notice
    PASSWORD_REMOVED = "password_removed"  # noqa: S105
    PASSKEY_ADDED = "passkey_added"
    PASSKEY_REMOVED = "passkey_removed"
    TOTP_ADDED = "totp_added"
    TOTP_REMOVED = "totp_removed"
    RECOVERY_CODES = "recovery_codes"
    TOKEN_MADE = "token_made"  # noqa: S105


CHANGES = {
    Change.PASSWORD_SET: gettext_lazy("A password was set."),
    Change.PASSWORD_REMOVED: gettext_lazy("The password was removed."),
    Change.PASSKEY_ADDED: gettext_lazy("A passkey was added."),
    Change.PASSKEY_REMOVED: gettext_lazy("A passkey was removed."),
    Change.TOTP_ADDED: gettext_lazy("Codes from an authenticator app are now needed to sign in."),
    Change.TOTP_REMOVED: gettext_lazy("Codes from an authenticator app are no longer needed to sign in."),
    Change.RECOVERY_CODES: gettext_lazy("New recovery codes were made; the old ones no longer work."),
    Change.TOKEN_MADE: gettext_lazy("An API token was made."),
}


# --- Mails that a person waits for: they raise MailFailed ---------------------------------------


def sign_in_code(email: str, code: str, *, minutes: int, language: str) -> None:
    """The code that signs in, or opens an account: the same words for both."""
    with translation.override(language):
        subject = _("Your sign-in code for %(site)s") % {"site": settings.SITE_NAME}
        _send(_message("sign_in_code", email, subject, code=code, minutes=minutes))


def address_confirmation(email: str, code: str, *, minutes: int, language: str) -> None:
    """The code that confirms one end of a change of address; both ends get one of their own."""
    with translation.override(language):
        subject = _("Confirm the change of your e-mail address")
        _send(_message("address_confirmation", email, subject, code=code, minutes=minutes))


def secret_link(
    recipient: str, link: str, *, sender: str, expires_at: datetime, passphrase: bool, language: str
) -> None:
    """A secret link, because its maker `sender` (an e-mail address) asked for just this mail.

    The link is in this call and in the mail, and nowhere else: a second try is made from here.
    """
    with translation.override(language):
        subject = _("A secret was shared with you")
        context = {"link": link, "sender": sender, "expires_at": expires_at, "passphrase": passphrase}
        _send(_message("secret_link", recipient, subject, reply_to=sender, **context))


def feedback(text: str, *, reply_to: str = "") -> None:
    """What a visitor wrote to the operator; `reply_to` only if they gave an address for an answer."""
    if not settings.OPERATOR_EMAIL:
        raise MailFailed("OPERATOR_EMAIL is not set")
    with translation.override(settings.LANGUAGE_CODE):
        subject = _("Feedback about %(site)s") % {"site": settings.SITE_NAME}
        _send(_message("feedback", settings.OPERATOR_EMAIL, subject, reply_to=reply_to, feedback=text))


# --- Notices that nobody waits for ----------------------------------------------------------------


def address_changed(old_email: str, *, language: str) -> None:
    """To the old address, which may by now be somebody else's: the new one is not named."""
    with translation.override(language):
        _later(_message("address_changed", old_email, _("Your e-mail address was changed")))


def security_change(email: str, change: Change, *, language: str) -> None:
    """That a way to sign in was changed."""
    with translation.override(language):
        subject = _("The security of your account was changed")
        _later(_message("security_change", email, subject, change=str(CHANGES[change])))


def account_closed(email: str, *, language: str) -> None:
    with translation.override(language):
        _later(_message("account_closed", email, _("Your account was closed")))


def opened_notice(email: str, *, created_at: datetime, opened_at: datetime, language: str) -> None:
    """To the owner of a secret who asked for such notices: that it was opened, and which by its time."""
    with translation.override(language):
        subject = _("A secret of yours was opened")
        _later(_message("opened_notice", email, subject, created_at=created_at, opened_at=opened_at))


def payment_failed(email: str, *, plan: str, until: datetime | None, language: str) -> None:
    """That a payment for `plan` failed; `until` is when the plan ends unless it is paid."""
    with translation.override(language):
        subject = _("A payment for your plan failed")
        _later(_message("payment_failed", email, subject, plan=plan, until=until))


def subscription_ended(email: str, *, plan: str, language: str) -> None:
    """That the subscription to `plan` is over, and what holds now."""
    with translation.override(language):
        _later(_message("subscription_ended", email, _("Your subscription has ended"), plan=plan))


# --- Making and sending ----------------------------------------------------------------------------


def _message(
    name: str, to: str, subject: str, *, reply_to: str = "", **context: Any
) -> EmailMultiAlternatives:
    """One mail from templates/emails/`name`.txt and .html, in the language that is active."""
    context |= {
        "subject": subject,
        "site_name": settings.SITE_NAME,
        "site_origin": settings.SITE_ORIGIN,
        "language": translation.get_language(),
    }
    message = EmailMultiAlternatives(
        subject,
        render_to_string(f"emails/{name}.txt", context).strip() + "\n",
        to=[to],
        reply_to=[reply_to] if reply_to else None,
        headers=HEADERS,
    )
    message.attach_alternative(render_to_string(f"emails/{name}.html", context), "text/html")
    return message


def _send(message: EmailMessage) -> None:
    """Hand `message` over to the mail server. Raises MailFailed."""
    for left in reversed(range(TRIES)):
        try:
            message.send()
        except (OSError, smtplib.SMTPException) as error:
            if not left or isinstance(error, MailNotConfigured | smtplib.SMTPRecipientsRefused):
                # From None, and the kind only: the server's answer quotes the address.
                raise MailFailed(type(error).__name__) from None
        else:
            return


def _later(message: EmailMessage) -> None:
    outbox.put(message.send)


# --- Backends ----------------------------------------------------------------------------------------


class UnconfiguredBackend(BaseEmailBackend):
    """Fails as an unreachable server would, so nobody is told that a mail is on its way."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        raise MailNotConfigured("EMAIL_URL is not set")


class FileAndTerminalBackend(FileBackend):
    """The embedded site's mail: into a directory, and onto the terminal so that codes are seen."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> Any:
        for message in email_messages:
            sys.stderr.write(
                f"\n--- mail to {', '.join(message.to)}: {message.subject}\n{message.body}\n---\n"
            )
        return super().send_messages(email_messages)
