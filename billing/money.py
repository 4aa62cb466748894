"""Amounts for people. Everywhere else they are whole numbers of the currency's smallest unit."""

from decimal import Decimal

from django.utils.formats import number_format

#: Currencies without, or with three, decimals (docs.stripe.com/currencies).
NO_DECIMALS = frozenset([
    "bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf", "ugx", "vnd", "vuv", "xaf", "xof",
    "xpf",
])  # fmt: skip
THREE_DECIMALS = frozenset(("bhd", "jod", "kwd", "omr", "tnd"))


def decimals(currency: str) -> int:
    """How many decimals Stripe's smallest unit of `currency` (three small letters) stands for."""
    return 0 if currency in NO_DECIMALS else 3 if currency in THREE_DECIMALS else 2


def shown(amount: int, currency: str) -> str:
    """`amount`, in the smallest unit, as in "9 CAD" or "9.50 CAD", written as the reader's language does."""
    value = Decimal(amount).scaleb(-decimals(currency))
    places = 0 if value == value.to_integral_value() else decimals(currency)
    return f"{number_format(value, places, use_l10n=True, force_grouping=True)} {currency.upper()}"


def smallest_unit(value: Decimal, currency: str) -> int:
    """`value` in the smallest unit. Raises ValueError for a fraction of it."""
    amount = value.scaleb(decimals(currency))
    if amount != amount.to_integral_value():
        raise ValueError("more decimals than the currency has")
    return int(amount)
