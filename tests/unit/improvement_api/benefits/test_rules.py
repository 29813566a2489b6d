"""What measured effects mean for guard-rails and for how a plan ends."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from improvement_api.benefits.rules import (
    Better,
    GoalReport,
    GuardRailReport,
    GuardRailStanding,
    InitiativeReport,
    Verdict,
    Worsening,
    closing_of,
    missing_data,
    standing_of,
    verdict_of,
    worsening_of,
)
from improvement_api.plans.rules import PlanOutcome

TODAY = date(2026, 6, 1)
NEXT, LAST = date(2026, 9, 1), date(2027, 3, 1)
LATER = LAST + timedelta(days=1)
SHOWN = InitiativeReport("Base", False, Verdict.IMPROVED, NEXT, LAST)
NOT_SHOWN = replace(SHOWN, verdict=Verdict.NOT_SHOWN)
REACHED = GoalReport("Goal", True, False, date(2026, 5, 1))
OPEN = GoalReport("Goal", False, False, date(2026, 8, 1))
HELD = GuardRailReport("Rail", GuardRailStanding.HELD, NEXT, LAST)

numbers = st.floats(-100, 100)


@pytest.mark.parametrize(
    ("low", "high", "better", "verdict"),
    [
        (-2, -1, Better.LOWER, Verdict.IMPROVED),
        (1, 2, Better.LOWER, Verdict.WORSENED),
        (-2, -1, Better.HIGHER, Verdict.WORSENED),
        (1, 2, Better.HIGHER, Verdict.IMPROVED),
        (-1, 2, Better.LOWER, Verdict.NOT_SHOWN),
        (-1, 0, Better.LOWER, Verdict.NOT_SHOWN),
        (0, 0, Better.HIGHER, Verdict.NOT_SHOWN),
    ],
)
def test_an_effect_is_shown_where_the_interval_lies_on_one_side(
    low: float, high: float, better: Better, verdict: Verdict
) -> None:
    assert verdict_of(worsening_of(low, high, better)) is verdict


def test_without_an_interval_nothing_is_concluded() -> None:
    assert verdict_of(None) is Verdict.INCONCLUSIVE
    assert standing_of(None, 1.0) is GuardRailStanding.UNCLEAR


@pytest.mark.parametrize(
    ("at_least", "at_most", "standing"),
    [
        (0.6, 0.9, GuardRailStanding.WORSE),
        (0.5, 0.9, GuardRailStanding.UNCLEAR),
        (0.4, 0.6, GuardRailStanding.UNCLEAR),
        (0.1, 0.5, GuardRailStanding.HELD),
        (-3, -2, GuardRailStanding.HELD),
    ],
)
def test_a_guard_rail_is_judged_by_the_whole_interval(
    at_least: float, at_most: float, standing: GuardRailStanding
) -> None:
    assert standing_of(Worsening(at_least, at_most), 0.5) is standing


@given(numbers, numbers, st.floats(0, 100))
def test_a_wider_tolerance_never_makes_a_guard_rail_worse(
    one: float, other: float, tolerance: float
) -> None:
    order = [GuardRailStanding.WORSE, GuardRailStanding.UNCLEAR, GuardRailStanding.HELD]
    worsening = Worsening(min(one, other), max(one, other))

    strict, lenient = (standing_of(worsening, width) for width in (tolerance, tolerance + 1))

    assert order.index(lenient) >= order.index(strict)


def test_what_is_missing_is_named() -> None:
    assert missing_data(24, 12, 12, "week") == []
    assert missing_data(23, 5, 12, "month") == [
        "24 months with a figure before, there are 23",
        "6 months with a figure after, there are 5",
    ]
    assert missing_data(24, 0, None, "week") == ["weeks after, until the effect is first judged"]


def test_success_takes_goals_reached_an_effect_shown_no_harm_and_no_guard_rail_worse() -> None:
    found = closing_of([SHOWN, NOT_SHOWN], [REACHED], [HELD], TODAY)

    assert (found.outcome, found.missing) == (PlanOutcome.SUCCESSFUL, [])
    assert found.reasons == ["Base improved its KPI", "Goal is reached", "Rail is held"]


@pytest.mark.parametrize(
    ("initiatives", "goals", "guard_rails"),
    [
        ([SHOWN, replace(SHOWN, verdict=Verdict.WORSENED)], [REACHED], [HELD]),
        ([SHOWN], [REACHED, replace(REACHED, missed=True)], [HELD]),
        ([SHOWN], [REACHED], [replace(HELD, standing=GuardRailStanding.WORSE)]),
        ([replace(NOT_SHOWN, judged_on=None)], [REACHED], [HELD]),
    ],
)
def test_one_that_failed_for_good_makes_a_plan_unsuccessful(
    initiatives: list[InitiativeReport],
    goals: list[GoalReport],
    guard_rails: list[GuardRailReport],
) -> None:
    found = closing_of(initiatives, goals, guard_rails, TODAY)

    assert found.outcome is PlanOutcome.UNSUCCESSFUL
    assert len(found.reasons) == 1


@pytest.mark.parametrize(
    ("initiatives", "goals", "guard_rails", "when"),
    [
        ([], [], [], None),
        ([replace(SHOWN, verdict=None)], [], [], NEXT),
        ([replace(SHOWN, unfinished=True)], [], [], NEXT),
        ([NOT_SHOWN], [], [], NEXT),
        ([SHOWN, replace(SHOWN, verdict=Verdict.INCONCLUSIVE)], [], [], NEXT),
        ([SHOWN], [OPEN], [], OPEN.due_on),
        ([SHOWN], [], [replace(HELD, standing=GuardRailStanding.NOT_MEASURED)], NEXT),
    ],
)
def test_what_cannot_be_told_yet_says_when(
    initiatives: list[InitiativeReport],
    goals: list[GoalReport],
    guard_rails: list[GuardRailReport],
    when: date | None,
) -> None:
    found = closing_of(initiatives, goals, guard_rails, TODAY)

    assert found.outcome is None
    assert [one.on for one in found.missing] == [when]


def test_once_the_last_day_to_judge_has_passed_what_is_missing_will_never_be_shown() -> None:
    too_little = replace(SHOWN, verdict=Verdict.INCONCLUSIVE, judged_on=None)

    before, after = (closing_of([too_little], [], [], day) for day in (LAST, LATER))

    assert before.outcome is None
    assert after.outcome is PlanOutcome.UNSUCCESSFUL


def test_an_initiative_under_way_is_waited_for_however_long() -> None:
    assert closing_of([replace(SHOWN, unfinished=True)], [], [], LATER).outcome is None


def test_a_goal_that_is_due_is_waited_for_until_its_last_period_was_judged() -> None:
    assert closing_of([SHOWN], [OPEN], [HELD], LATER).outcome is None


initiatives = st.lists(
    st.builds(
        InitiativeReport,
        name=st.just("Base"),
        unfinished=st.booleans(),
        verdict=st.none() | st.sampled_from(Verdict),
        judged_on=st.none() | st.just(NEXT),
        last_judged_on=st.none() | st.just(LAST),
    ),
    max_size=3,
)
goals = st.lists(
    st.builds(
        GoalReport,
        st.just("Goal"),
        st.booleans(),
        st.booleans(),
        st.sampled_from([TODAY, NEXT, date(2026, 1, 1)]),
    ),
    max_size=2,
)
guard_rails = st.lists(
    st.builds(
        GuardRailReport,
        st.just("Rail"),
        st.sampled_from(GuardRailStanding),
        st.none() | st.just(NEXT),
        st.none() | st.just(LAST),
    ),
    max_size=2,
)


@given(initiatives, goals, guard_rails, st.sampled_from([TODAY, LATER]))
def test_a_plan_is_told_an_outcome_with_reasons_or_what_is_missing_never_both(
    made: list[InitiativeReport],
    promised: list[GoalReport],
    guarded: list[GuardRailReport],
    today: date,
) -> None:
    found = closing_of(made, promised, guarded, today)

    assert bool(found.reasons) == (found.outcome is not None)
    assert bool(found.missing) == (found.outcome is None)
    if found.outcome is PlanOutcome.SUCCESSFUL:
        verdicts = [one.verdict for one in made]
        assert Verdict.IMPROVED in verdicts
        assert Verdict.WORSENED not in verdicts
        assert all(goal.reached and not goal.missed for goal in promised)
        assert all(one.standing is not GuardRailStanding.WORSE for one in guarded)
        assert not any(one.unfinished for one in made)
