"""Which harder target is proposed (Records 17), and who decides on it when."""

from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from metrics_api.indicators.figures import meets
from metrics_api.indicators.periods import Grain
from metrics_api.target_proposals.rules import (
    check_may_decide,
    check_start,
    next_period_starts,
    proposed_value,
)
from shared.errors import Conflict, Forbidden, Invalid
from shared.schemas.metrics import Comparator, KpiId

LOWER = (Comparator.LTE, Comparator.LT)
values = st.decimals(Decimal("0.01"), Decimal(500), places=3)
figures = st.lists(st.floats(0.01, 500), min_size=3, max_size=3)
comparators = st.sampled_from(list(Comparator))


def harder(comparator: Comparator, new: Decimal, old: Decimal) -> bool:
    return new < old if comparator in LOWER else new > old


@pytest.mark.parametrize(
    ("kpi", "comparator", "old", "met", "proposed"),
    [
        (KpiId.MTTR, Comparator.LTE, "5", [4.0, 4.0, 4.0], "4.5"),
        (KpiId.MTTR, Comparator.LTE, "5", [4.8, 3.9, 4.2], "4.6"),  # midpoint 4.65, half-even
        (KpiId.MTTR, Comparator.LT, "240", [100.0, 110.0, 120.0], "180"),  # midpoint 175
        (KpiId.FCR, Comparator.GTE, "0.7", [0.8, 0.9, 0.85], "0.78"),  # midpoint 0.775
        (KpiId.NPS, Comparator.GTE, "-20", [-10.0, -10.0, -10.0], "-15"),
        (KpiId.MTTR, Comparator.LTE, "5", [5.0, 5.0, 5.0], None),  # no harder
        (KpiId.MTTR, Comparator.LTE, "4.56", [4.55, 4.55, 4.55], None),  # rounded: 4.6, easier
        (KpiId.FCR, Comparator.GT, "0.99", [1.0, 1.0, 1.0], None),  # nothing is above 1
    ],
)
def test_the_midpoint_is_proposed_with_two_significant_digits(
    kpi: KpiId, comparator: Comparator, old: str, met: list[float], proposed: str | None
) -> None:
    value = proposed_value(kpi, comparator, Decimal(old), met)

    assert value == (None if proposed is None else Decimal(proposed))


@given(values, figures, comparators)
def test_a_proposal_is_harder_and_has_two_significant_digits(
    old: Decimal, found: list[float], comparator: Comparator
) -> None:
    value = proposed_value(KpiId.MTTR, comparator, old, found)

    assume(value is not None)
    assert value is not None
    assert harder(comparator, value, old)
    assert len(value.normalize().as_tuple().digits) <= 2


@given(values, figures, st.floats(0, 10), comparators)
def test_better_figures_never_bring_an_easier_proposal(
    old: Decimal, found: list[float], better: float, comparator: Comparator
) -> None:
    change = -better if comparator in LOWER else better
    improved = [max(figure + change, 0.001) for figure in found]

    before = proposed_value(KpiId.MTTR, comparator, old, found)
    after = proposed_value(KpiId.MTTR, comparator, old, improved)

    if before is not None:
        assert after is not None
        assert after == before or harder(comparator, after, before)


@given(values, figures, comparators)
def test_only_rounding_takes_a_proposal_of_met_periods_away(
    old: Decimal, found: list[float], comparator: Comparator
) -> None:
    assume(all(meets(figure, comparator, old) for figure in found))
    midpoint = (old + sum(map(Decimal, found)) / 3) / 2

    if abs(midpoint - old) > abs(old) / 10:
        assert proposed_value(KpiId.MTTR, comparator, old, found) is not None


@pytest.mark.parametrize(
    ("grain", "first_day"),
    [
        (Grain.DAY, date(2026, 1, 1)),
        (Grain.WEEK, date(2026, 1, 5)),
        (Grain.MONTH, date(2026, 1, 1)),
        (Grain.QUARTER, date(2026, 1, 1)),
        (Grain.YEAR, date(2026, 1, 1)),
    ],
)
def test_the_next_period_starts_after_the_present_one(grain: Grain, first_day: date) -> None:
    new_years_eve = datetime(2025, 12, 31, 12, tzinfo=UTC)

    assert next_period_starts(grain, ZoneInfo("UTC"), new_years_eve) == first_day


def test_the_owner_of_the_target_or_a_service_owner_decides() -> None:
    check_may_decide(None, "bob", ())
    check_may_decide("ada", "ada", ())
    check_may_decide("ada", "bob", ("service_owner",))
    with pytest.raises(Forbidden):
        check_may_decide("ada", "bob", ("auditor",))


def test_the_harder_target_begins_while_the_old_one_holds_and_not_in_the_past() -> None:
    first, today, last = date(2026, 1, 1), date(2026, 3, 1), date(2026, 12, 31)

    check_start(today, first, last, today)
    with pytest.raises(Invalid):
        check_start(date(2026, 2, 28), first, last, today)
    for day in (today, date(2027, 1, 1)):
        with pytest.raises(Conflict):
            check_start(day, today, last, today)
