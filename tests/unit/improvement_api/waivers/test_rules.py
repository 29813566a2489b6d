"""When a waiver is in force, and for which criterion."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from improvement_api.gates.rules import CRITERIA, demand_of
from improvement_api.waivers.rules import (
    LONGEST,
    MOVES,
    ApprovedWaiver,
    WaiverState,
    check_expiry,
    in_force,
    state_at,
)
from shared.errors import Invalid
from shared.schemas.improvement import WaiverNote
from tests.support.gates import automated, sign_off

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
(QUIET,) = CRITERIA.validate_python([automated()])


def waiver(hours: float, name: str = "w") -> ApprovedWaiver:
    note = WaiverNote(id=name, risk_owner="rita", expires_at=NOW + timedelta(hours=hours))
    return ApprovedWaiver("quiet", demand_of(QUIET), note)


@given(st.lists(st.floats(-100, 100), max_size=6))
def test_of_several_the_one_that_lasts_longest_counts_and_none_that_is_over(
    hours: list[float],
) -> None:
    waivers = [waiver(one, str(index)) for index, one in enumerate(hours)]

    found = in_force(waivers, [QUIET], NOW)

    ahead = [one.note.expires_at for one in waivers if one.note.expires_at > NOW]
    assert [note.expires_at for note in found.values()] == ([max(ahead)] if ahead else [])


@pytest.mark.parametrize(
    ("fields", "same"),
    [
        ({"title": "Calm", "why": "else", "how": "else", "weight": 7, "required": False}, True),
        ({"expression": "backlog_open <= 0.0"}, False),
        ({"warning": "backlog_open < 9.0"}, False),
        ({"freshness_hours": 3}, False),
        ({"missing": "inconclusive"}, False),
        ({"id": "calm"}, False),
    ],
)
def test_a_waiver_holds_for_the_same_demand_however_it_is_worded(
    fields: dict[str, Any], same: bool
) -> None:
    criteria = CRITERIA.validate_python([automated(**fields), sign_off("owner", "owner")])

    assert bool(in_force([waiver(1)], criteria, NOW)) is same


@pytest.mark.parametrize(
    ("ahead", "fits"),
    [
        (timedelta(0), False),
        (timedelta(seconds=1), True),
        (LONGEST, True),
        (LONGEST + timedelta(seconds=1), False),
    ],
)
def test_a_waiver_ends_within_a_year(ahead: timedelta, fits: bool) -> None:
    if fits:
        check_expiry(NOW + ahead, NOW)
    else:
        with pytest.raises(Invalid):
            check_expiry(NOW + ahead, NOW)


def test_only_an_approved_waiver_expires_and_at_its_moment() -> None:
    for state in WaiverState:
        before = state_at(state, NOW + timedelta(seconds=1), NOW)
        at = state_at(state, NOW, NOW)

        assert before is state
        assert at is (WaiverState.EXPIRED if state is WaiverState.APPROVED else state)


def test_the_moves_are_those_of_the_rules() -> None:
    asked = {state.value: {to.value for to in moves} for state, moves in MOVES.items()}

    assert asked == {
        "requested": {"approved", "rejected"},
        "approved": {"revoked"},
        "rejected": set(),
        "expired": set(),
        "revoked": set(),
    }
