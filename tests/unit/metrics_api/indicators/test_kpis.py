"""Dividing sums into figures, and judging them."""

from decimal import Decimal

import pytest

from metrics_api.indicators.definitions import Kpi
from metrics_api.indicators.figures import MICROSECONDS_PER_HOUR, in_range, meets, quotient
from metrics_api.indicators.kpis import KPIS
from metrics_api.indicators.rules import DERIVED, SUMS
from shared.schemas.metrics import Comparator, KpiId

MTTR, FCR, BACKLOG, NPS = (KPIS[KpiId(kpi)] for kpi in ("mttr", "fcr", "backlog", "nps"))


def test_there_is_a_definition_of_every_kpi() -> None:
    assert list(KPIS) == list(KpiId)


def test_definitions_of_incidents_name_sums_that_exist() -> None:
    for kpi in KPIS.values():
        named = {kpi.total, kpi.count, kpi.records, *kpi.exclusions.values()}
        assert named <= {*SUMS, *DERIVED} or not kpi.of_incidents


def test_what_is_derived_is_added_up_of_sums() -> None:
    assert {part for parts in DERIVED.values() for part in parts} <= set(SUMS)


def test_points_are_a_hundred_times_the_difference_of_shares() -> None:
    assert quotient(NPS, 5 - 2, 10).value == 30
    assert quotient(NPS, 0 - 3, 3).value == -100


def test_a_share_of_time_is_of_its_records() -> None:
    figure = quotient(KPIS[KpiId.HOLD_SHARE], 30, 120, records=2)
    assert (figure.value, figure.count) == (0.25, 2)


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
    [
        (MTTR, "0.001", "0"),
        (FCR, "1", "1.000001"),
        (FCR, "0", "-0.1"),
        (BACKLOG, "0", "-1"),
        (NPS, "-100", "100.1"),
    ],
)
def test_a_target_lies_in_the_range_of_its_unit(kpi: Kpi, possible: str, impossible: str) -> None:
    assert in_range(kpi, Decimal(possible))
    assert not in_range(kpi, Decimal(impossible))
