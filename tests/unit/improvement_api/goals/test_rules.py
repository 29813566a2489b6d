"""Whether a goal is SMART, how history supports it, and when it is reached or missed."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from improvement_api.goals.rules import (
    Attainability,
    GoalState,
    Judgement,
    Wanted,
    impossible,
    judge_attainability,
    measure,
    state_of,
    unsound,
)
from improvement_api.periods import Grain, last_day_of, meets, periods_between
from shared.schemas.metrics import Comparator, KpiFigure, KpiId, KpiMeaning
from tests.support.told import HAPPENED, month

TODAY = date(2026, 3, 15)
SMART = Wanted("mttr", Comparator.LTE, Decimal(4), Grain.MONTH, date(2026, 12, 31), "growth")
values = st.lists(
    st.one_of(st.none(), st.integers(0, 400).map(lambda tenths: tenths / 10)), max_size=24
)
goals = st.integers(0, 400).map(lambda tenths: Decimal(tenths) / 10)
comparators = st.sampled_from(Comparator)
ORDER = [Attainability.UNSUPPORTED, Attainability.AMBITIOUS, Attainability.ATTAINABLE]


def points(figures: Sequence[float | None]) -> list[KpiFigure]:
    return [
        KpiFigure(period=month(n), value=value, count=3, complete=True)
        for n, value in enumerate(figures)
    ]


def judged(figures: Sequence[float | None], goal: str, comparator: str = "lte") -> Judgement:
    return judge_attainability(points(figures), Comparator(comparator), Decimal(goal))


class TestForm:
    def test_a_smart_goal_is_accepted(self) -> None:
        assert unsound(SMART, TODAY) == []

    @pytest.mark.parametrize(
        ("lacking", "pointer", "code"),
        [
            ({"kpi": None}, "/kpi", "not_specific"),
            ({"kpi": "happiness"}, "/kpi", "not_specific"),
            ({"comparator": None}, "/comparator", "not_measurable"),
            ({"value": None}, "/value", "not_measurable"),
            ({"relevant_to": None}, "/relevant_to", "not_relevant"),
            ({"due_on": None}, "/due_on", "not_time_bound"),
            ({"due_on": TODAY}, "/due_on", "not_time_bound"),
            ({"due_on": date(2027, 3, 16)}, "/due_on", "not_time_bound"),
            ({"due_on": date(2026, 3, 30)}, "/due_on", "not_time_bound"),
            ({"due_on": date(2026, 3, 31), "grain": Grain.QUARTER}, None, None),
            ({"due_on": date(2027, 3, 15)}, None, None),
        ],
    )
    def test_what_is_not_smart_is_named_with_its_reason(
        self, lacking: dict[str, Any], pointer: str | None, code: str | None
    ) -> None:
        found = [(each.pointer, each.code) for each in unsound(replace(SMART, **lacking), TODAY)]

        assert found == ([] if pointer is None else [(pointer, code)])

    def test_everything_that_is_lacking_is_told_at_once(self) -> None:
        nothing = Wanted(None, None, None, Grain.MONTH, None, None)

        assert len(unsound(nothing, TODAY)) == 5

    @given(today=st.dates(date(2024, 1, 1), date(2032, 12, 31)), ahead=st.integers(-5, 500))
    def test_an_accepted_due_day_is_within_a_year_and_leaves_a_full_period(
        self, today: date, ahead: int
    ) -> None:
        due = today + timedelta(days=ahead)

        if unsound(replace(SMART, due_on=due), today) == []:
            assert 0 < ahead <= 366
            ends = [last_day_of(each) for each in periods_between(Grain.MONTH, today, due)]
            assert ends
            assert all(today <= end <= due for end in ends)


@pytest.mark.parametrize(
    ("kpi", "comparator", "value", "ceiling", "code"),
    [
        ("mttr", "lte", "4", None, None),
        ("mttr", "gte", "4", None, "not_measurable"),
        ("mttr", "lte", "-1", None, "not_measurable"),
        ("mttr", "lt", "0", None, "not_attainable"),
        ("csat", "gte", "1", None, None),
        ("csat", "gte", "1.01", None, "not_measurable"),
        ("csat", "gt", "1", None, "not_attainable"),
        ("csat", "lte", "0.5", None, "not_measurable"),
        ("nps", "gte", "-100", None, None),
        ("nps", "gte", "101", None, "not_measurable"),
        ("availability", "gte", "0.999", 0.998, "not_attainable"),
        ("availability", "gte", "0.998", 0.998, None),
        ("availability", "gt", "0.998", 0.998, "not_attainable"),
    ],
)
def test_what_no_figure_can_reach_is_refused(
    kpi: str, comparator: str, value: str, ceiling: float | None, code: str | None
) -> None:
    unit = {"mttr": "hours", "nps": "points"}.get(kpi, "ratio")
    better = "lower" if kpi == "mttr" else "higher"
    meaning = KpiMeaning(id=KpiId(kpi), name=kpi, unit=unit, better=better)

    found = impossible(Comparator(comparator), Decimal(value), meaning, ceiling)

    assert [error.code for error in found] == ([] if code is None else [code])


class TestAttainability:
    def test_what_was_sustained_before_is_attainable(self) -> None:
        found = judged([9, 9, 4, 4, 4, 9, 9, 9], "4")

        assert found.attainability is Attainability.ATTAINABLE
        assert (found.best_sustained, found.best_sustained_in) == (
            4,
            ["2026-03", "2026-04", "2026-05"],
        )
        assert (found.current_level, found.change_needed) == (9, -5)
        assert (found.periods_that_met, found.already_met) == (3, False)

    def test_a_level_that_was_always_held_is_attainable_to_the_digit(self) -> None:
        found = judged([0.99] * 24, "0.99", "gte")

        assert found.attainability is Attainability.ATTAINABLE
        assert found.already_met

    def test_what_was_met_and_never_sustained_is_ambitious(self) -> None:
        assert judged([9, 9, 9, 4, 9, 9, 9, 9], "4").attainability is Attainability.AMBITIOUS

    def test_what_lies_within_two_spreads_of_the_best_is_ambitious(self) -> None:
        history = [10, 9, 10, 9, 10, 9, 10, 9]  # moves of 1, so the spread is 1 / 1.128

        near, far = judged(history, "7.6"), judged(history, "7.5")

        assert near.spread == pytest.approx(1 / 1.128)
        assert near.best_sustained == pytest.approx(28 / 3)
        assert near.attainability is Attainability.AMBITIOUS
        assert far.attainability is Attainability.UNSUPPORTED

    def test_figures_that_never_move_support_nothing_better(self) -> None:
        found = judged([9.0] * 8, "8.9")

        assert (found.attainability, found.spread) == (Attainability.UNSUPPORTED, 0)
        assert found.change_in_spreads is None

    @pytest.mark.parametrize(
        "figures", [[], [4.0] * 5, [4.0, None, 4.0, 4.0, None, 4.0, 4.0, None, 4.0]]
    )
    def test_too_little_history_supports_nothing(self, figures: list[float | None]) -> None:
        found = judged(figures, "5")

        assert found.attainability is Attainability.UNSUPPORTED
        assert found.periods_with_figure == sum(each is not None for each in figures)
        assert "history needs 6" in found.explanation

    @given(figures=values, goal=goals, easier=goals, comparator=comparators)
    def test_an_easier_goal_is_never_judged_worse(
        self, figures: list[float | None], goal: Decimal, easier: Decimal, comparator: Comparator
    ) -> None:
        lower = comparator in (Comparator.LTE, Comparator.LT)
        hard, soft = sorted((goal, easier), reverse=not lower)

        ranks = [
            ORDER.index(judge_attainability(points(figures), comparator, each).attainability)
            for each in (hard, soft)
        ]

        assert ranks[0] <= ranks[1]

    @given(figures=values, goal=goals, comparator=comparators)
    def test_it_says_what_it_claims(
        self, figures: list[float | None], goal: Decimal, comparator: Comparator
    ) -> None:
        found = judge_attainability(points(figures), comparator, goal)

        known = [each for each in figures if each is not None]
        assert found.periods_that_met == sum(meets(each, comparator, goal) for each in known)
        if found.attainability is Attainability.ATTAINABLE:
            assert found.best_sustained is not None
            assert found.best_sustained == pytest.approx(float(goal)) or meets(
                found.best_sustained, comparator, goal
            )
            assert len(found.best_sustained_in) == 3
        if found.attainability is Attainability.UNSUPPORTED and len(known) >= 6:
            assert found.best_sustained is None or found.periods_that_met == 0


class TestMeasuring:
    DUE = date(2026, 6, 30)

    def measured(self, figures: Sequence[float | None], today: date) -> Any:
        return measure(points(figures), Comparator.LTE, Decimal(4), self.DUE, today)

    def test_the_first_period_that_meets_it_reaches_it(self) -> None:
        found = self.measured([9, None, 4, 3, 9], date(2026, 6, 2))

        assert found.reached_in.period == "2026-03"
        assert (found.last.period, found.last.value, found.missed) == ("2026-05", 9, False)

    @pytest.mark.parametrize(
        ("figures", "today", "missed"),
        [
            ([9] * 6, date(2026, 6, 30), False),
            ([9] * 6, date(2026, 7, 1), True),
            ([9] * 5 + [4], date(2026, 7, 1), False),
            ([9] * 6 + [4], date(2026, 8, 1), True),
            ([], date(2026, 7, 1), True),
        ],
    )
    def test_it_is_missed_when_it_was_due_and_no_period_by_then_had_met_it(
        self, figures: list[float], today: date, missed: bool
    ) -> None:
        assert self.measured(figures, today).missed is missed

    def test_its_state_follows_from_when_it_was_reached_and_missed(self) -> None:
        states = [
            state_of(reached, missed) for reached in (None, HAPPENED) for missed in (None, HAPPENED)
        ]

        assert states == [
            GoalState.OPEN,
            GoalState.MISSED,
            GoalState.REACHED,
            GoalState.REACHED_LATE,
        ]
