"""Secret links that an account asks API v1 to mail. The addresses are used for that and kept nowhere."""

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.http import HttpRequest

from accounts.models import User
from onetime import mail, ratelimit
from secrets_app import services
from secrets_app.mail_link import send_link
from secrets_app.services import CreatedHere


class Undeliverable(Exception):
    """No mail can go to `address`."""

    def __init__(self, address: str) -> None:
        super().__init__(address)
        self.address = address


def check_addresses(request: HttpRequest, owner: User, addresses: tuple[str, ...]) -> None:
    """Refuse what is no address, and more mails than one account may send.

    Raises Undeliverable or RateLimited.
    """
    for address in addresses:
        try:
            validate_email(address)
        except ValidationError:
            raise Undeliverable(address) from None
    for _address in addresses:
        ratelimit.check(request, "mail_link", subject=f"account:{owner.pk}")


def send_links(made: CreatedHere, owner: User, addresses: tuple[str, ...]) -> None:
    """Mail the link to each. If one mail fails the secret is burned, so that no unsent link is left behind.

    Raises Undeliverable.
    """
    for address in addresses:
        try:
            send_link(owner, made.link, made.secret, address)
        except mail.MailFailed:
            services.burn_found(made.secret)
            raise Undeliverable(address) from None
