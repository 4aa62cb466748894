"""What operators type in."""

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User, normalise_email
from billing.models import BASE_PLANS, BillingAccount, Interval, Plan, currency_code
from billing.money import smallest_unit
from billing.templatetags.limits_in_words import lifetime
from onetime.limits import LIFETIMES

if TYPE_CHECKING:
    AccountModelForm = forms.ModelForm[BillingAccount]
    PlanModelForm = forms.ModelForm[Plan]
else:
    AccountModelForm = PlanModelForm = forms.ModelForm
MOST = Decimal(999_999)


class PlanForm(PlanModelForm):
    """A plan; its longest lifetime is one of those that the create page offers."""

    max_ttl = forms.TypedChoiceField(label=gettext_lazy("Longest lifetime"), coerce=int)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        own = {self.instance.max_ttl} if self.instance.pk else set()
        choices = [(seconds, lifetime(seconds)) for seconds in sorted({*LIFETIMES, *own})]
        self.fields["max_ttl"].choices = choices  # type: ignore[attr-defined]
        for name in ("max_text_bytes", "max_files_bytes"):
            self.fields[name].widget.attrs["class"] = "vBigIntegerField"


class PriceForm(forms.Form):
    """A price as people say it: 9.50 CAD a month."""

    amount = forms.DecimalField(
        label=gettext_lazy("Amount"),
        min_value=Decimal("0.01"),
        max_value=MOST,
        help_text=gettext_lazy("In whole units of the currency, such as 9.50."),
    )
    currency = forms.CharField(label=gettext_lazy("Currency"), min_length=3, max_length=3)
    interval = forms.ChoiceField(label=gettext_lazy("For a"), choices=Interval.choices)

    def clean_currency(self) -> str:
        currency: str = self.cleaned_data["currency"].lower()
        currency_code(currency)
        return currency

    def clean(self) -> dict[str, Any]:
        given = self.cleaned_data
        if "amount" in given and "currency" in given:
            try:
                given["unit_amount"] = smallest_unit(given["amount"], given["currency"])
            except ValueError:
                self.add_error("amount", _("The currency has fewer decimals."))
        return given

    def chosen(self) -> tuple[str, str, int]:
        """Interval, currency and amount in the smallest unit, once the form is valid."""
        given = self.cleaned_data
        return str(given["interval"]), str(given["currency"]), int(given["unit_amount"])


class ComplimentaryForm(AccountModelForm):
    """The one thing that operators set about a person: a plan for nothing, until when, and why."""

    email = forms.EmailField(label=gettext_lazy("E-mail address of the account"), required=False)

    class Meta:
        model = BillingAccount
        fields = ("comp_plan", "comp_until", "comp_reason")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        worth_giving = Plan.objects.exclude(slug__in=BASE_PLANS)
        self.fields["comp_plan"].queryset = worth_giving  # type: ignore[attr-defined]

    def clean_email(self) -> str:
        email = normalise_email(self.cleaned_data["email"])
        if self.instance.pk:
            return email
        user = User.objects.filter(email=email).first()
        if user is None:
            raise forms.ValidationError(_("There is no account with this address."))
        if BillingAccount.objects.filter(user=user).exists():
            raise forms.ValidationError(_("This account is in the list already: change it there."))
        self.instance.user = user
        return email

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        if given.get("comp_plan"):
            for name in ("comp_until", "comp_reason"):
                if not given.get(name) and name not in self.errors:
                    self.add_error(name, _("A plan for nothing needs an end and a reason."))
        return given
