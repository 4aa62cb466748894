"""The visitors' forms: creating and opening a secret without script."""

from datetime import timedelta
from typing import Any

from django import forms
from django.utils.formats import number_format
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from onetime.limits import DEFAULT_LIFETIME, Limits
from secrets_app import envelope

MOST_PASSPHRASE = 1000  # characters; a passphrase is stretched, so its length costs the server nothing
MOST_LINK = 2048  # characters; room for what mail programs wrap around a link
KILO, MEGA = 1000, 1_000_000  # bytes
NO_HELP = {"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}


def duration(seconds: int) -> str:
    """A lifetime in the reader's words: "5 minutes", "1 hour", "7 days"."""
    span = timedelta(seconds=seconds)
    if span.days:
        return ngettext("%(count)s day", "%(count)s days", span.days) % {"count": span.days}
    hours, minutes = seconds // 3600, seconds // 60
    if hours:
        return ngettext("%(count)s hour", "%(count)s hours", hours) % {"count": hours}
    return ngettext("%(count)s minute", "%(count)s minutes", minutes) % {"count": minutes}


def size(count: int) -> str:
    """Bytes in the reader's words, in thousands as the script says them: "273 bytes", "100 kB"."""
    if count < KILO:
        return ngettext("%(count)s byte", "%(count)s bytes", count) % {"count": count}
    if count < MEGA:
        return gettext("%(number)s kB") % {"number": short(count / KILO)}
    return gettext("%(number)s MB") % {"number": short(count / MEGA)}


def short(number: float) -> str:
    """At most one decimal, written the reader's way."""
    return number_format(round(number, 1), 0 if round(number, 1) == round(number) else 1)


def passphrase_field(help_text: Any) -> forms.CharField:
    # It is shown again with an error: losing what somebody typed is worse than its way back over TLS.
    widget = forms.PasswordInput(attrs=NO_HELP, render_value=True)
    return forms.CharField(
        label=_("Passphrase"),
        help_text=help_text,
        required=False,
        strip=False,
        max_length=MOST_PASSPHRASE,
        widget=widget,
    )


class CreateForm(forms.Form):
    """A secret, as far as `limits` allow."""

    text = forms.CharField(
        label=_("Your secret"),
        help_text=_("A password, a key, a private note. Do not say what it opens."),
        strip=False,
        widget=forms.Textarea(attrs={"rows": 6, "class": "secret", "dir": "auto", **NO_HELP}),
        error_messages={"required": _("Write or paste the secret first.")},
    )
    passphrase = passphrase_field(
        _("Needed to open it. Tell it by another way than the link: by phone, say.")
    )
    ttl = forms.TypedChoiceField(
        label=_("Delete it unopened after"), coerce=int, help_text=_("Once opened, it is deleted.")
    )
    file = forms.FileField(label=_("File"), required=False, widget=forms.FileInput())

    def __init__(self, limits: Limits, *args: Any, with_file: bool = False, **kwargs: Any) -> None:
        """`with_file`: one comes after the fields, so that a text need not be there."""
        super().__init__(*args, **kwargs)
        self.limits = limits
        self.fields["text"].required = not with_file
        if limits.max_files_bytes:
            self.fields["file"].help_text = gettext("Beside the text, or instead of it. Up to %(limit)s.") % {
                "limit": size(limits.max_files_bytes)
            }
        else:
            del self.fields["file"]
        lifetimes = limits.lifetimes()
        lifetime: forms.ChoiceField = self.fields["ttl"]  # type: ignore[assignment]
        lifetime.choices = [(seconds, duration(seconds)) for seconds in lifetimes]
        lifetime.initial = max((each for each in lifetimes if each <= DEFAULT_LIFETIME), default=None)

    def prefer(self, lifetime: int, *, passphrase: bool) -> None:
        """Begin with an account's own lifetime (seconds), and ask for a passphrase where it said so."""
        lifetimes = self.limits.lifetimes()
        fitting = max((each for each in lifetimes if each <= lifetime), default=None)
        self.fields["ttl"].initial = fitting or self.fields["ttl"].initial
        self.fields["passphrase"].required = passphrase
        self.fields["passphrase"].error_messages["required"] = _(
            "Type a passphrase: your preferences ask for one."
        )

    def clean_text(self) -> str:
        # A form sends line ends as CR LF, whatever was typed; script sends what was typed.
        text = str(self.cleaned_data["text"]).replace("\r\n", "\n")
        if len(text.encode()) > self.limits.max_text_bytes:
            raise forms.ValidationError(
                _("The secret is too long. Shorten it, or share it in parts."), code="long"
            )
        return text


class OpenForm(forms.Form):
    """A pasted link and, where needed, its passphrase. `link` cleans to the key in it."""

    link = forms.CharField(
        label=_("Secret link"),
        help_text=_("The whole link, down to its last character."),
        widget=forms.TextInput(attrs={**NO_HELP, "inputmode": "url", "dir": "ltr"}),
        max_length=MOST_LINK,
        error_messages={"required": _("Paste the link first.")},
    )
    passphrase = passphrase_field(_("Only if the sender told you one. A wrong one costs nothing: try again."))

    def clean_link(self) -> envelope.LinkKey:
        try:
            return envelope.parse_link(self.cleaned_data["link"])
        except envelope.IncompleteLink:
            raise forms.ValidationError(
                _("This link looks cut off. Copy the whole link; the secret has not been touched."),
                code="cut",
            ) from None
