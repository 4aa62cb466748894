"""An account is an e-mail address, and nothing else about a person."""

from collections.abc import Iterator
from typing import Any, ClassVar

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _


def normalise_email(email: str) -> str:
    """The one form in which an address is stored and looked up: trimmed, lower case."""
    return email.strip().lower()


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """An account; without a password none will ever match, and a code signs in."""
        if not email:
            raise ValueError("An account needs an e-mail address.")
        user = self.model(email=normalise_email(email), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email=normalise_email(username or ""))


class User(AbstractBaseUser, PermissionsMixin):
    """E-mail only. `last_login` is left out: nobody needs to know when you came."""

    email = models.EmailField(_("e-mail address"), unique=True)
    is_staff = models.BooleanField(_("operator"), default=False)
    is_active = models.BooleanField(_("active"), default=True)
    created_at = models.DateTimeField(_("opened on"), default=timezone.now)
    # When a code from the mailbox was first typed in; an account that never gets one is pruned.
    verified_at = models.DateTimeField(_("address confirmed on"), null=True, blank=True)
    # Part of what a session is checked against: raising it ends every session of the account.
    session_version = models.PositiveIntegerField(default=0, editable=False)
    last_login = None

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        verbose_name = _("account")
        verbose_name_plural = _("accounts")
        constraints = [models.UniqueConstraint(Lower("email"), name="user_email_ignoring_case")]

    def __str__(self) -> str:
        return self.email

    def get_session_auth_hash(self) -> str:
        """What a session must know to live on: it ends with a change of password, address or version."""
        return self._hash_of_sign_in(settings.SECRET_KEY)

    def get_session_auth_fallback_hash(self) -> Iterator[str]:
        for key in settings.SECRET_KEY_FALLBACKS:
            yield self._hash_of_sign_in(key)

    def _hash_of_sign_in(self, key: str | bytes) -> str:
        state = f"{self.password}\0{self.email}\0{self.session_version}"
        return salted_hmac("accounts.User.session", state, secret=key, algorithm="sha256").hexdigest()


class Preferences(models.Model):
    """What a person chose; there is a row only for those who chose something."""

    user = models.OneToOneField(User, models.CASCADE, primary_key=True, related_name="preferences")
    language = models.CharField(max_length=10, blank=True, default="")  # of mails; "" is the site's
    lifetime = models.PositiveIntegerField(null=True, blank=True)  # seconds; None is the site's default
    passphrase = models.BooleanField(default=False)  # whether the create page asks for one
    opened_notices = models.BooleanField(default=False)  # a mail when a secret was opened

    class Meta:
        verbose_name = _("preferences")
        verbose_name_plural = _("preferences")

    def __str__(self) -> str:
        return f"preferences {self.pk}"


class ApiToken(models.Model):
    """What an API client signs in with. Only its SHA-256 is here: accounts/tokens.py makes and checks it."""

    user = models.ForeignKey(User, models.CASCADE, related_name="api_tokens")
    token_hash = models.BinaryField(max_length=32, unique=True)
    created_at = models.DateTimeField(_("made"), default=timezone.now)
    last_used_on = models.DateField(_("last used"), null=True)  # the day, never the time

    class Meta:
        verbose_name = _("API token")
        verbose_name_plural = _("API tokens")

    def __str__(self) -> str:
        return f"API token {self.pk}"
