"""Money is rounded once, half-even."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog_api.money import rounded


@pytest.mark.parametrize(
    ("exact", "shown"),
    [("0.125", "0.12"), ("0.135", "0.14"), ("-0.125", "-0.12"), ("2", "2.00"), ("1/3", "0.33")],
)
def test_ties_go_to_the_even_cent(exact: str, shown: str) -> None:
    assert str(rounded(Fraction(exact))) == shown


@given(st.fractions(), st.integers(0, 8))
def test_rounding_moves_by_half_a_place_at_most(exact: Fraction, places: int) -> None:
    assert abs(Fraction(rounded(exact, places)) - exact) <= Fraction(1, 2 * 10**places)


def test_a_sum_of_any_size_keeps_its_cents() -> None:
    assert rounded(Fraction(10**60) + Fraction(1, 100)) == Decimal(f"1{'0' * 60}.01")
