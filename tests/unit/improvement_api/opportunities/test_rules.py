"""When a cause that occurs again opens another opportunity, moves, suggestions."""

from datetime import UTC, date, datetime, timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from improvement_api.opportunities.rules import (
    BACKLOG,
    Cause,
    Former,
    Handling,
    OpportunityState,
    check_move,
    ended_at,
    handle,
    suggested_criticality,
)
from improvement_api.plans.rules import FINAL, PlanState
from shared.errors import Conflict
from shared.schemas.metrics import KpiId, TrendCrossingSummary, TrendSummary

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
days = st.integers(-400, 400).map(lambda count: NOON + timedelta(days=count))


def cause(
    until: datetime = NOON,
    quiet: int = 90,
    name: tuple[str, str, str] = ("target-missed", "vpn", "kpi:mttr"),
) -> Cause:
    trigger, service, subject = name
    return Cause(
        trigger=trigger,
        service=service,
        subject=subject,
        identity="e1",
        until=until,
        figures=(),
        title="t",
        problem="p",
        benefit="b",
        quiet=timedelta(days=quiet),
    )


def former(state: OpportunityState, ended: datetime | None) -> Former:
    return Former("target-missed", state, ended)


def trend(state: str, on: date | None = None, direction: str | None = "degrading") -> TrendSummary:
    return TrendSummary(
        kpi=KpiId.MTTR,
        n=24,
        direction=direction,
        p_value=0.01,
        slope_per_month=0.1,
        crossing=TrendCrossingSummary(state=state, on=on),
    )


class TestHandling:
    def test_the_first_occurrence_opens(self) -> None:
        assert handle(cause(), None, NOON) is Handling.OPENED

    @given(state=st.sampled_from(OpportunityState), until=days, now=days)
    def test_nothing_opens_while_the_former_one_is_open(
        self, state: OpportunityState, until: datetime, now: datetime
    ) -> None:
        assert handle(cause(until), former(state, None), now) is Handling.APPENDED

    @given(state=st.sampled_from(OpportunityState), until=days, ended=days, now=days)
    def test_what_tells_of_a_time_before_the_end_never_opens(
        self, state: OpportunityState, until: datetime, ended: datetime, now: datetime
    ) -> None:
        handling = handle(cause(until), former(state, ended), now)

        assert (handling is Handling.OLD) == (until <= ended)

    @given(ended=days, waited=st.integers(0, 200), quiet=st.integers(0, 200))
    def test_after_a_rejection_it_opens_again_only_when_the_quiet_time_is_over(
        self, ended: datetime, waited: int, quiet: int
    ) -> None:
        now = ended + timedelta(days=waited)
        rejected = former(OpportunityState.REJECTED, ended)

        handling = handle(cause(now + timedelta(days=1), quiet), rejected, now)

        assert handling is (Handling.QUIET if waited < quiet else Handling.OPENED)

    @given(ended=days, waited=st.integers(0, 200))
    def test_after_a_plan_has_ended_a_new_occurrence_opens_at_once(
        self, ended: datetime, waited: int
    ) -> None:
        now = ended + timedelta(days=waited)

        handling = handle(
            cause(now + timedelta(days=1)), former(OpportunityState.PLANNED, ended), now
        )

        assert handling is Handling.OPENED

    @pytest.mark.parametrize("state", list(OpportunityState))
    @pytest.mark.parametrize("plan", [None, *PlanState])
    def test_it_ends_as_it_is_rejected_or_as_its_plan_ends(
        self, state: OpportunityState, plan: PlanState | None
    ) -> None:
        later = NOON + timedelta(days=9)

        found = ended_at(state, NOON, None if plan is None else (plan, later))

        if state is OpportunityState.REJECTED:
            assert found == NOON
        else:
            over = state is OpportunityState.PLANNED and plan in FINAL
            assert found == (later if over else None)


@given(
    first=st.tuples(*[st.sampled_from(["a", "a-b", "b", "kpi"])] * 3),
    second=st.tuples(*[st.sampled_from(["a", "a-b", "b", "kpi"])] * 3),
)
def test_two_causes_have_one_key_only_if_they_are_the_same(
    first: tuple[str, str, str], second: tuple[str, str, str]
) -> None:
    keys = [cause(name=each).key for each in (first, second)]

    assert (keys[0] == keys[1]) == (first == second)


def possible(state: OpportunityState, to: OpportunityState) -> bool:
    try:
        check_move(state, to)
    except Conflict:
        return False
    return True


def test_a_move_by_hand_is_accepting_or_rejecting() -> None:
    found = {pair for pair in product(OpportunityState, OpportunityState) if possible(*pair)}

    open_ones = (*BACKLOG, OpportunityState.PLANNED)
    rejected = {(state, OpportunityState.REJECTED) for state in open_ones}
    assert found == rejected | {(OpportunityState.ASSESSED, OpportunityState.ACCEPTED)}


class TestSuggestion:
    @pytest.mark.parametrize(
        ("days_ahead", "points"),
        [(0, 13), (30, 13), (31, 8), (90, 8), (180, 5), (365, 3), (366, 2)],
    )
    def test_a_breach_that_is_nearer_is_more_critical(self, days_ahead: int, points: int) -> None:
        today = NOON.date()

        found = suggested_criticality(trend("breach", today + timedelta(days=days_ahead)), today)

        assert found.points == points

    @pytest.mark.parametrize(
        "found",
        [
            None,
            trend("unknown", direction=None),
            trend("breach", NOON.date(), direction="none"),
            trend("breach", NOON.date(), direction="improving"),
            trend("no_target"),
            trend("never"),
        ],
    )
    def test_nothing_is_suggested_where_figures_say_nothing(
        self, found: TrendSummary | None
    ) -> None:
        suggested = suggested_criticality(found, NOON.date())

        assert suggested.points is None
        assert suggested.reason
