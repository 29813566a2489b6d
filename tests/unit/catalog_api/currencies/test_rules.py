"""What an amount of one currency is worth in another."""

from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest

from catalog_api.currencies.rules import Rate, missing_rate, rate_table, worth

JANUARY, MARCH = date(2026, 1, 1), date(2026, 3, 1)
RATES = rate_table(
    [
        Rate("EUR", "CHF", MARCH, Decimal("0.95")),
        Rate("EUR", "CHF", JANUARY, Decimal("0.94")),
        Rate("USD", "EUR", JANUARY, Decimal("0.8")),
    ]
)


@pytest.mark.parametrize(
    ("day", "rate"),
    [
        (JANUARY, "0.94"),
        (date(2026, 2, 28), "0.94"),
        (MARCH, "0.95"),
        (date(2027, 1, 1), "0.95"),
    ],
)
def test_the_newest_rate_that_has_begun_holds(day: date, rate: str) -> None:
    assert worth(RATES, "EUR", "CHF", day) == Fraction(rate)


def test_before_its_first_day_a_pair_has_no_rate() -> None:
    assert worth(RATES, "EUR", "CHF", date(2025, 12, 31)) is None


def test_a_rate_is_inverted_exactly() -> None:
    assert worth(RATES, "EUR", "USD", MARCH) == Fraction(5, 4)


def test_a_rate_that_is_given_beats_the_inverse_of_another() -> None:
    rates = rate_table(
        [
            Rate("EUR", "USD", JANUARY, Decimal("1.2")),
            Rate("USD", "EUR", MARCH, Decimal("0.8")),
        ]
    )

    assert worth(rates, "EUR", "USD", MARCH) == Fraction(6, 5)


def test_rates_are_not_chained_over_a_third_currency() -> None:
    assert worth(RATES, "USD", "CHF", MARCH) is None


def test_a_currency_is_worth_itself() -> None:
    assert worth({}, "JPY", "JPY", MARCH) == 1


def test_the_reason_names_pair_and_day() -> None:
    reason = missing_rate("USD", "CHF", MARCH)

    assert reason == "there is no exchange rate from USD to CHF on 2026-03-01"
