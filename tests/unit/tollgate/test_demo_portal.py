"""The incidents of the demo's story: what they say before and after the initiative."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, time
from statistics import fmean

import pytest

from tollgate.demo.content import Update
from tollgate.demo.improvement import portal

ANY_DAYS = [date(2026, 11, 26), date(2026, 11, 30), date(2027, 1, 1), date(2028, 2, 29)]


def hours_of(updates: Iterable[Update]) -> list[float]:
    """Of each incident that was resolved, by its last update."""
    last = {update["external_id"]: update for update in updates}
    return [
        (moment(one["resolved_at"]) - moment(one["opened_at"])).total_seconds() / 3600
        for one in last.values()
        if one["resolved_at"] is not None
    ]


def moment(stamp: str) -> datetime:
    return datetime.fromisoformat(stamp)


@pytest.mark.parametrize("until", ANY_DAYS)
def test_the_target_is_missed_before_and_met_since(until: date) -> None:
    target = float(portal.PORTAL.target_hours or 0)

    before = hours_of(portal.incidents_before(until))
    weeks_since = portal.ENDED * portal.A_WEEK
    since = hours_of(portal.incidents_since(until))[-weeks_since:]

    assert fmean(before) > target > fmean(since)


@pytest.mark.parametrize("until", ANY_DAYS)
def test_the_acts_part_where_the_initiative_began_and_nothing_lies_ahead(until: date) -> None:
    began = datetime.combine(portal.monday_before(until, portal.BEGAN), time(), UTC)
    first, second = list(portal.incidents_before(until)), list(portal.incidents_since(until))

    assert all(moment(one["updated_at"]) < began for one in first)
    assert all(began <= moment(one["opened_at"]) for one in second)
    assert all(moment(one["updated_at"]).date() < until for one in second)


def test_the_last_of_an_act_is_known_by_its_id() -> None:
    until = ANY_DAYS[0]

    assert portal.last_before() in {one["external_id"] for one in portal.incidents_before(until)}
    assert portal.last_since() in {one["external_id"] for one in portal.incidents_since(until)}
