"""Values of targets, and ending a target."""

from datetime import date
from decimal import Decimal

import pytest

from metrics_api.indicators.kpis import KPIS
from metrics_api.targets.rules import UNITS, ended, reachable
from shared.schemas.metrics import Comparator, KpiId

TODAY = date(2016, 7, 10)


@pytest.mark.parametrize(
    ("first", "last", "ends"),
    [
        ("2016-01-01", None, "2016-07-09"),
        ("2016-01-01", "2016-12-31", "2016-07-09"),
        ("2016-01-01", "2016-03-31", "2016-03-31"),
        ("2016-07-10", None, "2016-07-09"),
        ("2017-01-01", "2017-12-31", "2016-12-31"),
    ],
)
def test_a_target_ends_yesterday_or_when_it_had_ended_or_before_it_begins(
    first: str, last: str | None, ends: str
) -> None:
    target = {
        "valid_from": date.fromisoformat(first),
        "valid_to": None if last is None else date.fromisoformat(last),
    }
    assert ended(target, TODAY) == date.fromisoformat(ends)


def test_every_kpi_has_a_unit_and_it_is_the_one_of_its_figures() -> None:
    assert set(UNITS) == set(KpiId)
    assert {kpi: UNITS[kpi].name for kpi in KPIS} == {kpi: KPIS[kpi].unit for kpi in KPIS}


@pytest.mark.parametrize(
    ("kpi", "good", "bad"),
    [
        (KpiId.NPS, ["-100", "0", "100"], ["-100.1", "101"]),
        (KpiId.MTBF, ["0.000001", "9000"], ["0", "-1"]),
        (KpiId.AVAILABILITY, ["0", "0.999", "1"], ["-0.001", "1.001"]),
        (KpiId.UNPLANNED_OUTAGES, ["0", "7"], ["-1"]),
    ],
)
def test_a_target_lies_in_the_range_of_its_unit(
    kpi: KpiId, good: list[str], bad: list[str]
) -> None:
    assert all(UNITS[kpi].holds(Decimal(value)) for value in good)
    assert not any(UNITS[kpi].holds(Decimal(value)) for value in bad)


@pytest.mark.parametrize(
    ("kpi", "comparator", "value", "possible"),
    [
        (KpiId.FCR, Comparator.GT, "1", False),
        (KpiId.FCR, Comparator.GTE, "1", True),
        (KpiId.BACKLOG, Comparator.LT, "0", False),
        (KpiId.BACKLOG, Comparator.LTE, "0", True),
        (KpiId.BACKLOG, Comparator.GT, "100000", True),
        (KpiId.NPS, Comparator.LT, "-100", False),
    ],
)
def test_nothing_is_beyond_the_end_of_a_range(
    kpi: KpiId, comparator: Comparator, value: str, possible: bool
) -> None:
    assert reachable(kpi, comparator, Decimal(value)) is possible
