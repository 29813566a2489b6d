"""Dividing sums into figures, and judging them."""

from decimal import Decimal

import pytest

from metrics_api.indicators.kpis import (
    KPIS,
    MICROSECONDS_PER_HOUR,
    Kpi,
    in_range,
    meets,
    quotient,
)
from metrics_api.indicators.rules import SUMS
from shared.schemas.metrics import Comparator, KpiId

MTTR, FCR, BACKLOG = KPIS[KpiId.MTTR], KPIS[KpiId.FCR], KPIS[KpiId.BACKLOG]


def test_there_is_a_definition_of_every_kpi() -> None:
    assert list(KPIS) == list(KpiId)


def test_definitions_name_sums_that_exist() -> None:
    for kpi in KPIS.values():
        named = {kpi.total, kpi.count, *kpi.exclusions.values()}
        assert named <= {*SUMS, "open"}


@pytest.mark.parametrize(
    ("hours", "mean"), [([5, 8], 6.5), ([4, 5.6], 4.8), ([0.1, 0.2], 0.15), ([1, 1, 2], 4 / 3)]
)
def test_a_mean_is_the_nearest_double_to_the_exact_quotient(
    hours: list[float], mean: float
) -> None:
    total = sum(round(hour * MICROSECONDS_PER_HOUR) for hour in hours)
    assert quotient(MTTR, total, len(hours)).value == mean


def test_a_mean_of_nothing_is_nothing() -> None:
    assert quotient(MTTR, 0, 0).value is None
    assert quotient(FCR, 0, 0).value is None


def test_a_count_of_nothing_is_zero() -> None:
    assert quotient(BACKLOG, 0, 0).value == 0


@pytest.mark.parametrize(
    ("comparator", "below", "equal", "above"),
    [
        (Comparator.LTE, True, True, False),
        (Comparator.LT, True, False, False),
        (Comparator.GTE, False, True, True),
        (Comparator.GT, False, False, True),
    ],
)
def test_a_target_is_met_on_the_right_side(
    comparator: Comparator, below: bool, equal: bool, above: bool
) -> None:
    found = [meets(value, comparator, 2.5) for value in (2.4, 2.5, 2.6)]
    assert found == [below, equal, above]


def test_a_third_of_a_decimal_target_is_met_by_the_same_double() -> None:
    assert meets(1 / 10, Comparator.LTE, Decimal("0.1"))


@pytest.mark.parametrize(
    ("kpi", "possible", "impossible"),
    [(MTTR, "0.001", "0"), (FCR, "1", "1.000001"), (FCR, "0", "-0.1"), (BACKLOG, "0", "-1")],
)
def test_a_target_lies_in_the_range_of_its_unit(kpi: Kpi, possible: str, impossible: str) -> None:
    assert in_range(kpi, Decimal(possible))
    assert not in_range(kpi, Decimal(impossible))
