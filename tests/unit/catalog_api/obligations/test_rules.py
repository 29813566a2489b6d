"""Whether an obligation is met, by its evidence and the day."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog_api.obligations.rules import DEFINITIONS, ObligationState, facts, overdue, state_of

TODAY = date(2027, 3, 11)
NOW = datetime(2027, 3, 11, 12, tzinfo=UTC)
some_days = st.none() | st.integers(-100, 100).map(lambda days: TODAY + timedelta(days=days))


@pytest.mark.parametrize(
    ("valid_until", "state"),
    [
        ([], "unmet"),
        ([None], "met"),
        ([date(2027, 3, 10)], "unmet"),
        ([TODAY], "expiring"),
        ([date(2027, 4, 10)], "expiring"),
        ([date(2027, 4, 11)], "met"),
        ([date(2027, 3, 10), date(2027, 4, 11)], "met"),
    ],
)
def test_the_state_follows_the_evidence(valid_until: list[date | None], state: str) -> None:
    assert state_of(valid_until, 30, TODAY) == state


@given(st.lists(some_days, max_size=5), some_days, st.integers(0, 60))
def test_more_evidence_never_makes_it_worse(
    valid_until: list[date | None], more: date | None, warn_days: int
) -> None:
    order = [ObligationState.UNMET, ObligationState.EXPIRING, ObligationState.MET]

    before = state_of(valid_until, warn_days, TODAY)
    after = state_of([*valid_until, more], warn_days, TODAY)

    assert order.index(after) >= order.index(before)


@pytest.mark.parametrize(
    ("state", "due", "late"),
    [
        (ObligationState.UNMET, date(2027, 3, 10), True),
        (ObligationState.UNMET, TODAY, False),
        (ObligationState.UNMET, None, False),
        (ObligationState.EXPIRING, date(2027, 3, 10), False),
    ],
)
def test_only_an_unmet_obligation_is_overdue(
    state: ObligationState, due: date | None, late: bool
) -> None:
    assert overdue(state, due, TODAY) is late


def obligation(*valid_until: str | None, due: str | None = None) -> dict[str, Any]:
    return {"valid_until": list(valid_until), "warn_days": 30, "due": due}


def test_every_state_is_counted() -> None:
    told = facts(
        [
            obligation(None),
            obligation("2027-03-20"),
            obligation("2027-03-01"),
            obligation(due="2027-03-01"),
        ],
        NOW,
    )

    assert {name: fact.value for name, fact in told.items()} == {
        "obligation_count": 4,
        "unmet_obligation_count": 2,
        "overdue_obligation_count": 1,
        "expiring_obligation_count": 1,
    }
    assert told.keys() == {one.name for one in DEFINITIONS}
