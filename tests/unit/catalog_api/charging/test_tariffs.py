"""What a month of consumption is charged."""

from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from catalog_api.charging.tariffs import charge_lines, charge_of
from catalog_api.charging.terms import KeptTerms, Terms

TWO_TIERS = {
    "kind": "tiered",
    "unit": "mailbox",
    "tiers": [
        {"above": 0, "up_to": 100, "amount": "2"},
        {"above": 100, "up_to": None, "amount": "1.5"},
    ],
}


def terms(**fields: Any) -> Terms:
    return KeptTerms.model_validate(fields).root


@pytest.mark.parametrize(
    ("fields", "amount"),
    [
        ({"kind": "none"}, 0),
        ({"kind": "flat", "amount": "500"}, 500),
        ({"kind": "per_user", "amount": "12.5"}, 125),
        ({"kind": "per_unit", "amount": "0.02", "unit": "GB"}, Fraction("5.01")),
        (TWO_TIERS, 200 + Fraction("225.75")),
    ],
)
def test_each_kind_charges_what_it_says(fields: dict[str, Any], amount: Fraction) -> None:
    assert charge_of(terms(**fields), users=10, units=Decimal("250.5")) == amount


def test_the_lines_say_how_the_charge_came_about() -> None:
    lines = charge_lines(terms(**TWO_TIERS), users=0, units=Decimal(130))

    assert [(line.quantity, line.price, line.amount) for line in lines] == [
        (100, 2, 200),
        (30, Fraction(3, 2), 45),
    ]


@st.composite
def tiered_terms(draw: st.DrawFn) -> Terms:
    """Contiguous tiers with any prices."""
    bounds = draw(st.lists(st.integers(1, 80), max_size=5, unique=True).map(sorted))
    edges = [0, *bounds, None]
    prices = st.decimals(0, 100, places=4)
    tiers = [
        {"above": above, "up_to": up_to, "amount": draw(prices)} for above, up_to in pairwise(edges)
    ]
    return terms(kind="tiered", unit="unit", tiers=tiers)


@given(tiered_terms(), st.integers(0, 100))
def test_tiers_charge_what_a_loop_over_single_units_charges(tiered: Any, units: int) -> None:
    by_unit = Fraction(0)
    for unit in range(1, units + 1):
        (price,) = [
            tier.amount
            for tier in tiered.tiers
            if tier.above < unit and (tier.up_to is None or unit <= tier.up_to)
        ]
        by_unit += Fraction(price)

    assert charge_of(tiered, users=0, units=Decimal(units)) == by_unit


@given(tiered_terms(), st.decimals(0, 100, places=4), st.decimals(0, 100, places=4))
def test_more_units_never_cost_less(tiered: Any, one: Decimal, other: Decimal) -> None:
    low, high = sorted((one, other))

    assert charge_of(tiered, 0, low) <= charge_of(tiered, 0, high)


@pytest.mark.parametrize(
    "tiers",
    [
        [],
        [{"above": 1, "up_to": None, "amount": 1}],
        [{"above": 0, "up_to": 10, "amount": 1}],
        [{"above": 0, "up_to": 10, "amount": 1}, {"above": 11, "up_to": None, "amount": 1}],
        [{"above": 0, "up_to": 10, "amount": 1}, {"above": 9, "up_to": None, "amount": 1}],
        [{"above": 0, "up_to": None, "amount": 1}, {"above": 5, "up_to": None, "amount": 1}],
        [
            {"above": 0, "up_to": 5, "amount": 1},
            {"above": 5, "up_to": 5, "amount": 1},
            {"above": 5, "up_to": None, "amount": 1},
        ],
    ],
)
def test_tiers_with_a_gap_an_overlap_or_an_end_are_refused(tiers: list[Any]) -> None:
    with pytest.raises(ValidationError):
        terms(kind="tiered", unit="unit", tiers=tiers)


@pytest.mark.parametrize(
    "fields",
    [
        {"kind": "none", "amount": "1"},
        {"kind": "flat"},
        {"kind": "per_user", "amount": "1", "unit": "GB"},
        {"kind": "per_unit", "amount": "1"},
        {"kind": "tiered", "unit": "GB", "amount": "1"},
        {"kind": "auction"},
    ],
)
def test_each_kind_has_its_own_parameters_and_no_others(fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        terms(**fields)
