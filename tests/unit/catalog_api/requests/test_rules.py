"""How a request walks its steps."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog_api.requests import rules
from shared.errors import Conflict, NotFound
from shared.kit.states import check_move
from shared.schemas.catalog import RequestState

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
SUBMITTED, IN_FULFILMENT, FULFILLED, CANCELLED, REJECTED = RequestState
ALLOWED = {
    (SUBMITTED, IN_FULFILMENT),
    (SUBMITTED, CANCELLED),
    (SUBMITTED, REJECTED),
    (IN_FULFILMENT, FULFILLED),
    (IN_FULFILMENT, CANCELLED),
    (IN_FULFILMENT, REJECTED),
}


@dataclass(frozen=True)
class Step:
    step: str
    target_minutes: int = 10
    started_at: datetime | None = None
    completed_at: datetime | None = None


DONE = {"started_at": NOON, "completed_at": NOON + timedelta(minutes=10)}
WALKED = [Step("check", **DONE), Step("order", started_at=NOON), Step("hand-over")]


@pytest.mark.parametrize("state", RequestState)
@pytest.mark.parametrize("to", RequestState)
def test_a_request_moves_as_the_rules_say(state: RequestState, to: RequestState) -> None:
    if (state, to) in ALLOWED:
        check_move("request", rules.MOVES, state, to)
        return
    with pytest.raises(Conflict) as refused:
        check_move("request", rules.MOVES, state, to)
    assert set(refused.value.extra["allowed"]) == {b.value for a, b in ALLOWED if a is state}


def test_what_is_open_can_still_move() -> None:
    assert set(rules.OPEN) == {state for state, moves in rules.MOVES.items() if moves}


@pytest.mark.parametrize(
    ("wanted", "code"),
    [("check", "step_not_next"), ("order", "step_started"), ("hand-over", "step_not_next")],
)
def test_only_the_next_step_is_started_and_once(wanted: str, code: str) -> None:
    with pytest.raises(Conflict) as refused:
        rules.startable(WALKED, wanted)

    assert (refused.value.code, refused.value.extra["next"]) == (code, "order")


def test_only_the_step_under_way_is_completed() -> None:
    assert rules.completable(WALKED, "order") is WALKED[1]
    with pytest.raises(Conflict) as refused:
        rules.completable(WALKED, "hand-over")
    assert refused.value.extra["next"] == "order"


def test_a_step_is_started_before_it_is_completed() -> None:
    with pytest.raises(Conflict) as refused:
        rules.completable([Step("check")], "check")

    assert refused.value.code == "step_not_started"


def test_an_unknown_step_is_not_found() -> None:
    with pytest.raises(NotFound):
        rules.startable(WALKED, "fly")


@given(st.integers(1, 8))
def test_walking_every_step_in_order_leaves_none(count: int) -> None:
    steps = [Step(f"s{place}") for place in range(count)]
    for place in range(count):
        following = rules.next_step(steps)
        assert following is steps[place]
        assert rules.startable(steps, f"s{place}") is following
        steps[place] = Step(f"s{place}", **DONE)

    assert rules.next_step(steps) is None


@pytest.mark.parametrize(
    ("step", "minutes", "met"),
    [
        (Step("a"), None, None),
        (Step("a", started_at=NOON), None, None),
        (Step("a", 10, **DONE), 10.0, True),
        (Step("a", 9, **DONE), 10.0, False),
    ],
)
def test_a_step_meets_its_target_up_to_the_last_minute(
    step: Step, minutes: float | None, met: bool | None
) -> None:
    assert (rules.minutes_taken(step), rules.step_met(step)) == (minutes, met)


def test_a_request_is_due_when_its_steps_are_one_after_the_other() -> None:
    assert rules.due_at(NOON, [30, 90]) == NOON + timedelta(hours=2)


@pytest.mark.parametrize("state", RequestState)
def test_only_what_is_open_is_overdue(state: RequestState) -> None:
    late = NOON + timedelta(minutes=1)

    assert rules.is_overdue(state, NOON, late) == (state in (SUBMITTED, IN_FULFILMENT))
    assert not rules.is_overdue(state, NOON, NOON)


@given(st.integers(1, 10**12 - 1))
def test_a_number_is_read_as_it_was_written(number: int) -> None:
    assert rules.read_number(rules.number_of(number)) == number


@pytest.mark.parametrize("name", ["REQ-", "REQ-1x", "req-1", "", "REQ-1234567890123"])
def test_other_words_are_no_number(name: str) -> None:
    assert rules.read_number(name) is None


def counted(**counts: int) -> dict[str, object]:
    section = {
        "submitted": 2,
        "in_fulfilment": 3,
        "fulfilled": 9,
        "cancelled": 1,
        "rejected": 1,
        "overdue": 1,
        "fulfilled_lately": 4,
        "met_lately": 3,
    } | counts
    return {name: fact.value for name, fact in rules.facts(section, NOON).items()}


def test_facts_count_the_requests() -> None:
    assert counted() == {
        "open_request_count": 5,
        "overdue_request_count": 1,
        "fulfilled_request_count": 4,
        "request_on_time_share": 0.75,
    }
    assert set(counted()) == {one.name for one in rules.DEFINITIONS}


def test_without_a_fulfilled_request_no_share_is_known() -> None:
    assert counted(fulfilled_lately=0, met_lately=0)["request_on_time_share"] is None
