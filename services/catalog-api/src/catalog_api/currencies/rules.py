"""What an amount of one currency is worth in another. Pure."""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple


class Rate(NamedTuple):
    """One unit of the first currency is worth so much of the second, from a day on."""

    from_currency: str
    to_currency: str
    valid_from: date
    rate: Decimal


RateTable = Mapping[tuple[str, str], Sequence[tuple[date, Fraction]]]


def rate_table(rates: Iterable[Rate]) -> RateTable:
    """Rates by pair, in the order of the days they hold from."""
    table: dict[tuple[str, str], list[tuple[date, Fraction]]] = {}
    for one in sorted(rates):
        pair = (one.from_currency, one.to_currency)
        table.setdefault(pair, []).append((one.valid_from, Fraction(one.rate)))
    return table


def worth(rates: RateTable, from_currency: str, to_currency: str, on: date) -> Fraction | None:
    """What one unit is worth on a day, exactly; None without a rate.

    A rate that was given the other way round is inverted. Rates are not chained over a third
    currency: nobody has agreed to that figure.
    """
    if from_currency == to_currency:
        return Fraction(1)
    direct = _valid_on(rates.get((from_currency, to_currency), ()), on)
    if direct is not None:
        return direct
    inverse = _valid_on(rates.get((to_currency, from_currency), ()), on)
    return None if inverse is None else 1 / inverse


def missing_rate(from_currency: str, to_currency: str, on: date) -> str:
    """Why there is no value."""
    return f"there is no exchange rate from {from_currency} to {to_currency} on {on.isoformat()}"


def _valid_on(series: Sequence[tuple[date, Fraction]], on: date) -> Fraction | None:
    position = bisect_right(series, on, key=lambda entry: entry[0])
    return series[position - 1][1] if position else None
