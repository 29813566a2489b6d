"""What an incident adds to which sums."""

from datetime import UTC, date, datetime, timedelta, timezone
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics_api.incidents.rules import OPEN, FoldedIncident, Transition
from metrics_api.indicators.rules import (
    DURATION_SUMS,
    MOVES_BETWEEN,
    SUMS,
    Contributions,
    accumulate,
    amount,
    contributions,
)
from tests.support.incidents import incidents, make_incident, resolved_incident

MONDAY = datetime(2016, 3, 7, 23, tzinfo=UTC)
ANY = incidents("network", datetime(2016, 1, 1, tzinfo=UTC), datetime(2016, 2, 1, tzinfo=UTC))


def total(incident: FoldedIncident) -> dict[str, int]:
    """The sums of an incident over all days."""
    sums = dict.fromkeys(SUMS, 0)
    for cell in contributions(incident).values():
        for name, added in cell.items():
            sums[name] += added
    return sums


def test_each_sum_falls_on_the_utc_day_of_its_own_stamp() -> None:
    found = contributions(resolved_incident("network", MONDAY + timedelta(hours=2), 2))
    assert found == {
        ("network", date(2016, 3, 7)): {"opened": 1, "unacknowledged": 1, "move_opened": 1},
        ("network", date(2016, 3, 8)): {
            "resolved": 1,
            "resolved_us": 7_200_000_000,
            "first_contact_base": 1,
            "first_contact": 1,
            "no_business_time": 1,
            "no_hold_time": 1,
            "no_hold_time_us": 7_200_000_000,
            "move_resolved": 1,
        },
    }


def test_a_stamp_of_another_offset_falls_on_its_utc_day() -> None:
    kathmandu = timezone(timedelta(hours=5, minutes=45))
    incident = make_incident(opened_at=datetime(2016, 3, 8, 5, tzinfo=kathmandu))
    assert {day for _, day in contributions(incident)} == {date(2016, 3, 7)}


def test_durations_are_whole_microseconds() -> None:
    incident = make_incident(
        opened_at=MONDAY, acknowledgement_at=MONDAY + timedelta(days=3, microseconds=1)
    )
    assert total(incident)["acknowledged_us"] == 3 * 86_400_000_000 + 1


@pytest.mark.parametrize(
    ("facts", "counts"),
    [
        ({}, (1, 1)),
        ({"channel": "phone"}, (1, 1)),
        ({"channel": "monitoring"}, (0, 0)),
        ({"reassignment_count": 1}, (1, 0)),
        ({"reopened": True}, (1, 0)),
        ({"reassignment_count": 3, "first_contact": True}, (1, 1)),
        ({"first_contact": False}, (1, 0)),
    ],
)
def test_first_contact_is_the_flag_else_no_bouncing(
    facts: dict[str, Any], counts: tuple[int, int]
) -> None:
    sums = total(resolved_incident("network", MONDAY, 1)._replace(**facts))
    assert (sums["first_contact_base"], sums["first_contact"]) == counts


@pytest.mark.parametrize(
    ("facts", "sums"),
    [
        ({"business_us": 5}, {"business_us": 5, "no_business_time": 0}),
        ({}, {"business_us": 0, "no_business_time": 1, "sla_met": 0, "sla_breached": 0}),
        ({"resolution_met": True}, {"sla_met": 1, "sla_breached": 0}),
        ({"resolution_met": False}, {"sla_met": 0, "sla_breached": 1}),
        ({"reassignment_count": 1}, {"bounced": 0}),
        ({"reassignment_count": 2}, {"bounced": 1}),
        ({"hold_us": 7}, {"hold_us": 7, "no_hold_time": 0, "no_hold_time_us": 0}),
        ({"hold_us": None}, {"hold_us": 0, "no_hold_time": 1, "no_hold_time_us": 3_600_000_000}),
        ({"reopened": True}, {"reworked": 1}),
    ],
)
def test_the_course_of_a_resolved_incident_is_summed(
    facts: dict[str, Any], sums: dict[str, int]
) -> None:
    found = total(resolved_incident("network", MONDAY, 1)._replace(**facts))
    assert {name: found[name] for name in sums} == sums


@pytest.mark.parametrize(
    ("states", "reworked"),
    [
        (["new", "in_progress", "on_hold", "in_progress", "resolved"], 0),
        (["new", "in_progress", "new", "in_progress", "resolved"], 1),
        (["new", "on_hold", "new", "resolved"], 1),
    ],
)
def test_work_that_is_handed_back_is_rework(states: list[str], reworked: int) -> None:
    moves = tuple(Transition(MONDAY, before, after) for before, after in pairwise([None, *states]))
    incident = resolved_incident("network", MONDAY, 1)._replace(transitions=moves)
    assert total(incident)["reworked"] == reworked


@given(ANY)
def test_a_resolution_is_counted_or_excluded_for_one_reason(incident: FoldedIncident) -> None:
    sums = total(incident)
    reasons = ("resolved", "resolved_negative_duration", "resolved_no_opening_time")
    counted = sum(sums[name] for name in (*reasons, "no_resolution_time"))
    assert counted == (incident.state in {"resolved", "closed"})


@given(ANY)
def test_the_moves_leave_open_exactly_what_is_open(incident: FoldedIncident) -> None:
    assert amount("open", total(incident)) == (incident.state in OPEN)


def test_every_pair_of_states_changes_the_backlog_by_whether_it_is_open() -> None:
    for (before, after), moves in MOVES_BETWEEN.items():
        sums = dict.fromkeys(SUMS, 0) | {move: moves.count(move) for move in moves}
        assert amount("open", sums) == (after in OPEN) - (before in OPEN)


def test_each_move_is_counted_however_often_it_is_made() -> None:
    states = [None, "new", "resolved", "in_progress", "resolved", "on_hold", "closed"]
    moves = tuple(Transition(MONDAY, before, after) for before, after in pairwise(states) if after)
    sums = total(make_incident(state="closed", transitions=moves))
    assert (sums["move_resolved"], sums["move_reopened"], sums["move_closed_unresolved"]) == (
        2,
        2,
        1,
    )


@given(ANY, ANY)
def test_the_difference_of_two_states_turns_the_one_into_the_other(
    before: FoldedIncident, after: FoldedIncident
) -> None:
    difference: Contributions = {}
    accumulate(difference, contributions(after))
    accumulate(difference, contributions(before), -1)
    accumulate(difference, contributions(before))
    changed = {
        key: {name: added for name, added in cell.items() if added}
        for key, cell in difference.items()
    }
    # A sum of no time at all is nothing to add.
    wanted = {
        key: {name: added for name, added in cell.items() if added}
        for key, cell in contributions(after).items()
    }
    assert {key: cell for key, cell in changed.items() if cell} == wanted


@given(st.none() | st.just("network"))
def test_unattributed_records_are_kept_apart(service: str | None) -> None:
    found = contributions(resolved_incident("x", MONDAY, 1)._replace(service=service))
    assert {key for key, _ in found} == {service or ""}


def test_the_duration_sums_are_sums() -> None:
    assert set(DURATION_SUMS) < set(SUMS)
