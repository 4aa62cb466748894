"""Amounts are whole numbers of the smallest unit, everywhere but before people's eyes."""

from decimal import Decimal

import pytest
from django.utils import translation

from billing.money import shown, smallest_unit


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [
        (900, "cad", "9 CAD"),
        (950, "cad", "9.50 CAD"),
        (5, "usd", "0.05 USD"),
        (1_234_500, "eur", "12,345 EUR"),
        (900, "jpy", "900 JPY"),
        (1500, "kwd", "1.500 KWD"),
    ],
)
def test_an_amount_for_people(amount, currency, text):
    with translation.override("en"):
        assert shown(amount, currency) == text


@pytest.mark.parametrize(
    ("value", "currency", "amount"),
    [("9", "cad", 900), ("9.5", "cad", 950), ("0.07", "usd", 7), ("900", "jpy", 900), ("1.5", "kwd", 1500)],
)
def test_an_amount_from_people(value, currency, amount):
    assert smallest_unit(Decimal(value), currency) == amount


@pytest.mark.parametrize(("value", "currency"), [("9.505", "cad"), ("9.5", "jpy"), ("1.0001", "kwd")])
def test_a_fraction_of_the_smallest_unit_is_refused(value, currency):
    with pytest.raises(ValueError, match="more decimals"):
        smallest_unit(Decimal(value), currency)
