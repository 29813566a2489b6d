"""Outcomes against examples worked by hand, and what must hold for all of them."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from improvement_api.outcomes.rules import (
    NOT_TWO_QUARTERS,
    Cost,
    Outcome,
    Point,
    change,
    cost_change,
    nothing,
    retention,
    share_of,
    total,
    window_of,
)
from improvement_api.periods import months_later


def point(value: float | None, count: int = 10, period: str = "2026-Q1") -> Point:
    return Point(period, value, count, None)


def cost(first: str | None, last: str | None, currency: str = "EUR") -> Cost:
    amounts = [None if one is None else Decimal(one) for one in (first, last)]
    return Cost("p", currency, *amounts)


@pytest.mark.parametrize(
    ("today", "months", "first", "quarters"),
    [
        (
            date(2026, 11, 26),
            18,
            date(2025, 5, 1),
            ["2025-Q3", "2025-Q4", "2026-Q1", "2026-Q2", "2026-Q3"],
        ),
        (date(2026, 10, 1), 6, date(2026, 4, 1), ["2026-Q2", "2026-Q3"]),
        (date(2026, 9, 30), 6, date(2026, 3, 1), ["2026-Q2"]),
        (date(2026, 3, 1), 1, date(2026, 2, 1), []),
    ],
)
def test_a_window_is_of_whole_months_and_knows_its_whole_quarters(
    today: date, months: int, first: date, quarters: list[str]
) -> None:
    window = window_of(today, months)

    assert (window.first, window.until) == (first, today.replace(day=1))
    assert window.quarters == quarters


@given(st.dates(date(1990, 1, 1), date(2150, 1, 1)), st.integers(1, 60))
def test_the_quarters_of_a_window_lie_within_it(today: date, months: int) -> None:
    window = window_of(today, months)

    assert max(months - 4, 0) // 3 <= len(window.quarters) <= months // 3
    for label in window.quarters:
        start = date(int(label[:4]), int(label[6]) * 3 - 2, 1)
        assert window.first <= start
        assert months_later(start, 3) <= window.until


def test_satisfaction_changes_from_the_first_to_the_last_quarter() -> None:
    found = change([point(0.70, 40), point(0.82, 60)])

    assert found.value == pytest.approx(0.12)
    assert (found.n, found.first, found.last) == (100, 0.70, 0.82)


def test_a_quarter_without_answers_is_named_and_nothing_put_in_its_place() -> None:
    found = change([point(None, 0, "2025-Q3"), point(0.8)])

    assert (found.value, found.first, found.last) == (None, None, 0.8)
    assert found.reason == "nobody answered in 2025-Q3"
    assert change([point(0.8)]).reason == NOT_TWO_QUARTERS


def test_delivery_cost_is_compared_over_the_portfolios_that_have_both_quarters() -> None:
    found = cost_change([cost("100.00", "80.00"), cost("300.00", "320.00"), cost(None, "50.00")])

    assert (found.value, found.n) == (0.0, 2)
    assert cost_change([cost("400.00", "300.00")]).value == -0.25


@pytest.mark.parametrize(
    ("costs", "reason"),
    [
        ([], "no portfolio"),
        ([cost(None, "1")], "no portfolio"),
        ([cost("1", "2"), cost("1", "2", "USD")], "EUR, USD"),
        ([cost("0.00", "5.00")], "cost nothing"),
    ],
)
def test_costs_that_cannot_be_compared_say_why(costs: list[Cost], reason: str) -> None:
    found = cost_change(costs)

    assert found.value is None
    assert reason in (found.reason or "")


def test_shares_are_summed_before_they_are_divided() -> None:
    assert share_of([(1, 2), (0, 8)], "none") == Outcome(0.1, 10, None, None, None)
    assert share_of([(0, 0)], "none") == nothing("none")


@given(st.lists(st.integers(0, 1000).flatmap(lambda d: st.tuples(st.integers(0, d), st.just(d)))))
def test_a_share_lies_between_0_and_1_or_says_why_not(parts: list[tuple[int, int]]) -> None:
    found = share_of(parts, "none")

    assert found.n == sum(of for _, of in parts)
    if found.value is None:
        assert found.reason == "none"
    else:
        assert 0 <= found.value <= 1


def test_a_month_without_a_figure_is_not_taken_for_zero() -> None:
    found = total([point(2.0), point(None), point(3.0)])

    assert (found.value, found.n) == (5.0, 2)
    assert total([point(None)]).reason == "no month has a figure"


def test_retention_is_what_the_catalog_says() -> None:
    said = {"ratio": 0.75, "engaged": 4, "retained": 3, "reason": None}

    assert retention(said) == Outcome(0.75, 4, None, None, None)
