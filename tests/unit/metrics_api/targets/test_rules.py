"""Ending a target."""

from datetime import date

import pytest

from metrics_api.targets.rules import ended

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
