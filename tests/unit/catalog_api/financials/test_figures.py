"""The figures of a service in a period."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog_api.benchmarks.rules import Measure
from catalog_api.charging.rules import ChargeState
from catalog_api.dependencies.rules import Edge, Node, NodeKind, Strength
from catalog_api.financials.books import Published
from catalog_api.financials.comparisons import compared
from catalog_api.financials.figures import Charged, Consumed, CostFigures, Ledger, figures_of
from catalog_api.financials.periods import Period, last_months, months_of, plus_months
from catalog_api.financials.rules import Entry, Money

TODAY = date(2026, 3, 15)
YEAR = last_months(12, TODAY)
SHOP = Node(NodeKind.SERVICE, "shop")
CLOUD = Node(NodeKind.VENDOR_PRODUCT, "cloud")
EMPTY = Ledger(SHOP, [Edge("shop", CLOUD, Strength.HARD, Decimal("0.3"))], [], [], [], rates={})


def entry(node: Node, month: date, amount: int, parts: int) -> Entry:
    return Entry(node, "labour", "EUR", month, Decimal(amount), parts)


def of(ledger: Ledger, period: Period = YEAR) -> CostFigures:
    return figures_of(ledger, period, "EUR", "")


entries = st.lists(
    st.builds(
        entry,
        st.sampled_from([SHOP, CLOUD]),
        st.sampled_from(list(months_of(YEAR))),
        st.integers(0, 10**6),
        st.sampled_from([28, 30, 31, 90, 365]),
    ),
    max_size=20,
)


@given(entries)
def test_the_months_of_a_year_sum_to_the_year_exactly(entries: list[Entry]) -> None:
    ledger = replace(EMPTY, entries=entries)

    months = [
        of(ledger, Period("month", month, plus_months(month, 1), complete=True)).full.value
        for month in months_of(YEAR)
    ]

    assert sum((value or 0 for value in months), Fraction(0)) == of(ledger).full.value


def test_only_what_was_recovered_counts_for_the_ratio() -> None:
    month = YEAR.first
    charged = [
        Charged(state, Money(month, "EUR", Fraction(amount)))
        for state, amount in (
            (ChargeState.INVOICED, 40),
            (ChargeState.RECOVERED, 60),
            (ChargeState.CANCELLED, 500),
        )
    ]

    figures = of(replace(EMPTY, entries=[entry(SHOP, month, 120, 1)], charged=charged))

    assert (figures.invoiced.value, figures.recovered.value) == (100, 60)
    assert figures.recovery_ratio.value == Fraction(1, 2)


def test_consumption_that_no_model_prices_leaves_no_computed_charge() -> None:
    month = YEAR.first
    priced = Consumed(month, 1, Decimal(0), Money(month, "EUR", Fraction(5)))

    figures = of(replace(EMPTY, consumed=[priced, priced._replace(charge=None)]))

    assert figures.computed.reason == "no charging model holds in 2025-03"
    assert figures.users == 2


def test_a_month_costs_a_part_of_the_period() -> None:
    figures = of(replace(EMPTY, entries=[entry(SHOP, YEAR.first, 120, 1)]))

    assert figures.month_cost.value == 10


@pytest.mark.parametrize(
    ("measure", "currency", "difference"),
    [
        (Measure.MONTH_COST, "EUR", 2),
        (Measure.RECOVERY_RATIO, None, -8),
        (Measure.MONTH_COST, "USD", None),
        (Measure.UNIT_COST, "EUR", None),
    ],
)
def test_a_benchmark_is_compared_with_the_figure_of_its_measure(
    measure: Measure, currency: str | None, difference: Any
) -> None:
    figures = of(replace(EMPTY, entries=[entry(SHOP, YEAR.first, 120, 1)]))
    fields = {"id": "0" * 32, "unit": "u", "source": "s", "url": None, "value": 8}
    published = Published.model_validate(
        {**fields, "measure": measure, "currency": currency, "published_on": TODAY}
    )

    found = compared(published, figures, rates={})

    assert found.difference.value == difference
    assert (found.difference.reason is None) == (difference is not None)
