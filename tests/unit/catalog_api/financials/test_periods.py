"""Periods of accounts."""

from datetime import date
from fractions import Fraction

import pytest

from catalog_api.financials.periods import (
    Period,
    last_months,
    month_count,
    month_range,
    months_of,
    parse_period,
    recent_periods,
)
from shared.errors import Invalid

TODAY = date(2026, 11, 22)


@pytest.mark.parametrize(
    ("label", "first", "end"),
    [
        ("2025", date(2025, 1, 1), date(2026, 1, 1)),
        ("2026-Q1", date(2026, 1, 1), date(2026, 4, 1)),
        ("2025-Q4", date(2025, 10, 1), date(2026, 1, 1)),
        ("2026-02", date(2026, 2, 1), date(2026, 3, 1)),
        ("2025-12", date(2025, 12, 1), date(2026, 1, 1)),
    ],
)
def test_a_label_names_whole_months(label: str, first: date, end: date) -> None:
    assert parse_period(label, TODAY) == Period(label, first, end, complete=True)


def test_a_running_period_ends_with_today() -> None:
    period = parse_period("2026", TODAY)

    assert (period.end, period.complete, period.begun) == (date(2026, 11, 23), False, True)


def test_a_period_that_has_not_begun_has_no_day() -> None:
    period = parse_period("2027-Q1", TODAY)

    assert (period.begun, list(months_of(period))) == (False, [])


@pytest.mark.parametrize(
    "label", ["", "2026-W05", "2026-03-01", "2026-13", "2026-00", "2026-Q5", "1899", "2200", "٢٠٢٦"]
)
def test_what_is_no_period_of_accounts_is_refused(label: str) -> None:
    with pytest.raises(Invalid):
        parse_period(label, TODAY)


def test_the_last_months_are_whole_ones() -> None:
    period = last_months(12, TODAY)

    assert (period.first, period.end) == (date(2025, 11, 1), date(2026, 11, 1))
    assert len(list(months_of(period))) == 12


def test_a_range_has_each_month_once() -> None:
    months = month_range(date(2025, 11, 1), date(2026, 2, 1), TODAY)

    assert [month.label for month in months] == ["2025-11", "2025-12", "2026-01", "2026-02"]


@pytest.mark.parametrize("last", [date(2025, 10, 1), date(2030, 11, 1)])
def test_a_range_that_runs_backwards_or_too_long_is_refused(last: date) -> None:
    with pytest.raises(Invalid):
        month_range(date(2025, 11, 1), last, TODAY)


def test_a_running_month_counts_by_its_days() -> None:
    assert month_count(parse_period("2026-Q4", TODAY)) == 1 + Fraction(22, 30)


@pytest.mark.parametrize(
    ("today", "labels"),
    [
        (date(2026, 11, 30), ["2025-11/2026-10", "2026-10", "2026-Q3", "2025"]),
        (date(2026, 1, 1), ["2025-01/2025-12", "2025-12", "2025-Q4", "2025"]),
        (date(2026, 4, 1), ["2025-04/2026-03", "2026-03", "2026-Q1", "2025"]),
        (date(2026, 3, 31), ["2025-03/2026-02", "2026-02", "2025-Q4", "2025"]),
    ],
)
def test_recent_periods_are_the_last_whole_ones(today: date, labels: list[str]) -> None:
    found = recent_periods(today)

    assert [one.label for one in found] == labels
    assert [parse_period(one.label, today) for one in found[1:]] == found[1:]
    assert all(one.complete for one in found)
