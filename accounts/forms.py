"""What is typed on the account pages."""

import json
from typing import TYPE_CHECKING, Any

from django import forms
from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.utils.translation import gettext_lazy as _

from accounts.models import Preferences, User, normalise_email
from onetime.limits import Limits

if TYPE_CHECKING:
    PreferencesModelForm = forms.ModelForm[Preferences]
else:
    PreferencesModelForm = forms.ModelForm

MOST_CREDENTIAL = 20_000  # characters; one with an attestation's certificates has some 4,000
CODE_ATTRIBUTES = {
    "autocomplete": "one-time-code",
    "inputmode": "numeric",
    "autocapitalize": "none",
    "spellcheck": "false",
    "dir": "ltr",
}


def email_field(label: Any, autocomplete: str = "email") -> forms.EmailField:
    return forms.EmailField(
        label=label,
        max_length=254,
        widget=forms.EmailInput(
            attrs={
                "autocomplete": autocomplete,
                "autocapitalize": "none",
                "spellcheck": "false",
                "dir": "ltr",
            }
        ),
        error_messages={
            "required": _("Type your e-mail address."),
            "invalid": _("This is no e-mail address."),
        },
    )


def code_field(label: Any, **attributes: str) -> forms.CharField:
    return forms.CharField(
        label=label,
        max_length=40,
        widget=forms.TextInput(attrs=CODE_ATTRIBUTES | attributes),
        error_messages={"required": _("Type the code.")},
    )


class CredentialField(forms.CharField):
    """What a browser made or answered, as JSON: an object of at most MOST_CREDENTIAL characters."""

    widget = forms.HiddenInput

    def __init__(self) -> None:
        messages = {"required": _("The browser sent no passkey.")}
        super().__init__(max_length=MOST_CREDENTIAL, error_messages=messages)

    def clean(self, value: Any) -> dict[str, Any]:
        text = super().clean(value)
        try:
            credential = json.loads(text)
        except (ValueError, RecursionError):  # deep nesting is junk too
            credential = None
        if not isinstance(credential, dict):
            raise forms.ValidationError(_("The passkey was not accepted."))
        return credential


class EmailForm(forms.Form):
    email = email_field(_("E-mail address"), "username webauthn")

    def clean_email(self) -> str:
        return normalise_email(self.cleaned_data["email"])


class CodeForm(forms.Form):
    code = code_field(_("Code from the mail"))


class PasswordSignInForm(EmailForm):
    password = forms.CharField(
        label=_("Password"),
        strip=False,
        max_length=1000,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )


class PasswordForm(forms.Form):
    password = forms.CharField(
        label=_("Password"),
        strip=False,
        max_length=1000,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )


class NewPasswordForm(forms.Form):
    """A password for `user` that is long enough, not common, and not like the address."""

    password = forms.CharField(
        label=_("New password"),
        help_text=_("At least 10 characters, and not one of the common passwords."),
        strip=False,
        max_length=1000,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def __init__(self, user: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user

    def clean_password(self) -> str:
        password: str = self.cleaned_data["password"]
        validate_password(password, self.user)
        return password


class ChangeEmailForm(EmailForm):
    email = email_field(_("New e-mail address"))

    def __init__(self, user: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user

    def clean_email(self) -> str:
        email = super().clean_email()
        if email == self.user.email:
            raise forms.ValidationError(_("This is your address already."))
        return email


class BothCodesForm(forms.Form):
    old_code = code_field(_("Code from the mail to your present address"), autocomplete="off")
    new_code = code_field(_("Code from the mail to the new address"), autocomplete="off")


class PasskeyForm(forms.Form):
    """A new passkey: its name, and what the browser made (JSON)."""

    name = forms.CharField(
        label=_("Name"),
        help_text=_("To tell it apart, such as “Phone” or “Blue key”."),
        max_length=60,
        required=False,
    )
    credential = CredentialField()


class PreferencesForm(PreferencesModelForm):
    """The choices, as far as `limits` allow them."""

    class Meta:
        model = Preferences
        fields = ("language", "lifetime", "passphrase", "opened_notices")
        labels = {
            "passphrase": _("Require a passphrase for what I create"),
            "opened_notices": _("Send me a mail when a secret of mine is opened"),
        }

    def __init__(self, limits: Limits, durations: list[tuple[int, str]], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["language"] = forms.ChoiceField(
            label=_("Language of mails"),
            choices=[("", _("The site’s")), *settings.LANGUAGES],
            required=False,
        )
        self.fields["lifetime"] = forms.TypedChoiceField(
            label=_("Delete unopened secrets after"),
            choices=[("", _("The site’s usual time")), *durations],
            coerce=int,
            empty_value=None,
            required=False,
        )
        if not limits.opening_notices:
            del self.fields["opened_notices"]
