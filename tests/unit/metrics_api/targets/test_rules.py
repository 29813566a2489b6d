"""Values of targets, and ending a target."""

from datetime import date
from decimal import Decimal

import pytest

from metrics_api.targets.rules import check_target, ended, reachable
from shared.errors import Invalid
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
    terms = {"kpi": kpi, "comparator": "lte", "valid_from": TODAY, "valid_to": None}
    for value in good:
        check_target({**terms, "value": value})
    for value in bad:
        with pytest.raises(Invalid):
            check_target({**terms, "value": value})


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
