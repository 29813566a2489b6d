"""When signals and figures make a trigger fire, and which figures it names."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from improvement_api.opportunities.rules import Cause
from improvement_api.periods import Grain, last_day_of, last_full_periods, meets
from improvement_api.triggers.definitions import (
    DEFAULTS,
    BudgetSpent,
    Condition,
    LineCrossed,
    TargetMissed,
    TrendDegrading,
    TriggerBody,
    TriggerKind,
)
from improvement_api.triggers.rules import (
    Told,
    Trigger,
    cause_of,
    cause_of_line,
    causes_of,
)
from shared.schemas.metrics import Comparator, KpiId, PeriodValue
from tests.support.told import alert_data, budget_data, month, said, target_data, trend_data


def trigger(condition: Condition, **more: Any) -> Trigger:
    return Trigger("it", 1, TriggerBody(title="t", benefit="b", condition=condition, **more))


def missed_running(periods: int, **more: Any) -> TargetMissed:
    return TargetMissed(kind=TriggerKind.TARGET_MISSED, periods=periods, **more)


def story(verdicts: Sequence[bool | None]) -> list[Told]:
    """What is told of a target month by month: missed, met, or (None) nothing."""
    told: list[Told] = []
    streak = 0
    for number, missed in enumerate(verdicts):
        again = number > 0 and missed == verdicts[number - 1]
        streak = streak + 1 if again else 1
        if missed is not None:
            kind = "target.missed" if missed else "target.met"
            data = target_data(month(number), streak)
            told.append(said(kind, data, f"e{number}", history=tuple(told)))
    return told


class TestTargetMissed:
    @given(
        verdicts=st.lists(st.sampled_from([True, True, False, None]), max_size=12),
        needed=st.integers(1, 4),
    )
    def test_it_fires_at_each_period_that_makes_the_run_long_enough(
        self, verdicts: list[bool | None], needed: int
    ) -> None:
        fired = {
            each.id for each in story(verdicts) if cause_of(trigger(missed_running(needed)), each)
        }

        expected = {
            f"e{last}"
            for last in range(needed - 1, len(verdicts))
            if all(verdicts[last - back] is True for back in range(needed))
        }
        assert fired == expected

    @given(verdicts=st.lists(st.sampled_from([True, False]), min_size=3, max_size=12))
    def test_the_order_in_which_the_history_is_given_does_not_matter(
        self, verdicts: list[bool]
    ) -> None:
        last = story(verdicts)[-1]
        turned = Told(**{**vars(last), "history": tuple(reversed(last.history))})

        watching = trigger(missed_running(2))
        assert cause_of(watching, last) == cause_of(watching, turned)

    def test_it_names_the_figures_of_every_period_of_the_run(self) -> None:
        cause = cause_of(trigger(missed_running(3)), story([False, True, True, True])[-1])

        assert cause is not None
        assert [
            (each.period, each.value, each.comparator, each.target, each.n, each.event)
            for each in cause.figures
        ] == [
            ("2026-02", 9.0, "lte", 5.0, 12, "e1"),
            ("2026-03", 9.0, "lte", 5.0, 12, "e2"),
            ("2026-04", 9.0, "lte", 5.0, 12, "e3"),
        ]
        assert cause.until == datetime(2026, 5, 1, tzinfo=UTC)
        assert (cause.subject, cause.identity) == ("kpi:mttr", "e3")
        assert "in 3 periods running" in cause.title
        assert "2026-02 9 instead of lte 5 (n = 12)" in cause.problem

    def test_periods_that_were_judged_before_we_listened_are_counted_by_the_streak(self) -> None:
        alone = said("target.missed", target_data("2026-03", streak=3))

        assert cause_of(trigger(missed_running(3)), alone)
        assert cause_of(trigger(missed_running(4)), alone) is None

    def test_a_period_in_the_middle_that_is_judged_late_makes_the_run(self) -> None:
        first, third = (
            said("target.missed", target_data("2026-01"), "e1"),
            said("target.missed", target_data("2026-03"), "e3"),
        )
        late = said("target.missed", target_data("2026-02", 2), "e2", history=(first, third))

        cause = cause_of(trigger(missed_running(3)), late)

        assert cause is not None
        assert [each.event for each in cause.figures] == ["e1", "e2", "e3"]

    def test_the_last_word_on_a_period_counts(self) -> None:
        now_met = said("target.met", target_data("2026-02"), "e2b")
        history = (said("target.missed", target_data("2026-01"), "e1"), now_met)

        latest = said("target.missed", target_data("2026-03"), "e3", history=history)

        assert cause_of(trigger(missed_running(2)), latest) is None

    def test_news_of_a_period_long_ago_does_not_tell_the_present_run_again(self) -> None:
        history = tuple(story([True, True, None, None, True, True, True]))
        old = said("target.missed", target_data("2025-06"), "late", history=history)

        assert cause_of(trigger(missed_running(2)), old) is None

    def test_only_the_kpis_that_are_asked_for_count(self) -> None:
        told = said("target.missed", target_data("2026-03"))

        assert cause_of(trigger(missed_running(1, kpis=[KpiId.CSAT])), told) is None
        assert cause_of(trigger(missed_running(1, kpis=[KpiId.MTTR])), told)


class TestBudgetsAndTrends:
    def test_a_spent_budget_and_its_alerts_are_one_cause(self) -> None:
        watching = trigger(BudgetSpent(kind=TriggerKind.BUDGET_SPENT, severities=["page"]))

        spent = cause_of(watching, said("slo.budget_exhausted", budget_data()))
        burning = cause_of(watching, said("slo.alert_firing", alert_data(), "e2"))
        ticket = cause_of(watching, said("slo.alert_firing", alert_data(severity="ticket")))

        assert spent is not None
        assert burning is not None
        assert ticket is None
        assert spent.key == burning.key == "it:vpn:slo:vpn-up/0"
        assert (spent.figures[0].value, spent.figures[0].event) == (-0.25, "e1")
        assert (burning.figures[0].value, burning.figures[0].target) == (20.0, 14.4)

    @pytest.mark.parametrize(
        ("limits", "data", "fires"),
        [
            ({}, {}, True),
            ({"minimum_n": 25}, {}, False),
            ({"breach_within_days": 60}, {}, True),
            ({"breach_within_days": 59}, {}, False),
            ({"breach_within_days": 0}, {"crossing": "already"}, True),
            ({"breach_within_days": 900}, {"crossing": "never"}, False),
            ({"breach_within_days": 900}, {"crosses_on": None}, False),
            ({"kpis": ["csat"]}, {}, False),
        ],
    )
    def test_a_degrading_trend_fires_within_the_limits(
        self, limits: dict[str, Any], data: dict[str, Any], fires: bool
    ) -> None:
        watching = trigger(TrendDegrading(kind=TriggerKind.TREND_DEGRADING, **limits))

        cause = cause_of(watching, said("trend.degrading", trend_data(**data)))

        assert (cause is not None) == fires
        if cause is not None:
            figure = cause.figures[0]
            assert (figure.value, figure.n, figure.target) == (0.2, 24, 5.0)
            assert "p = 0.004" in cause.problem


@pytest.mark.parametrize(
    "told",
    [
        said("target.missed", {}),
        said("target.missed", target_data("2026-03", value="much")),
        said("target.missed", target_data("2026-03", kpi="unheard-of")),
        said("target.missed", target_data("2026-03", first_day="0001-01-01")),
        said("slo.budget_exhausted", budget_data(at="2026-03-01T00:00:00")),
        said("slo.alert_firing", alert_data(factor=None)),
        said("trend.degrading", trend_data(p_value=[])),
        said("clock.breached", {"service": "vpn"}),
    ],
)
def test_a_signal_that_says_something_else_fires_nothing(told: Told) -> None:
    every = [Trigger(key, 1, body) for key, body in DEFAULTS.items()]

    assert causes_of(every, told) == []


def test_a_trigger_concerns_its_services_while_it_is_enabled() -> None:
    told = said("target.missed", target_data("2026-03"))
    watching = [
        trigger(missed_running(1)),
        trigger(missed_running(1), services=["vpn", "mail"]),
        trigger(missed_running(1), services=["mail"]),
        trigger(missed_running(1), enabled=False),
    ]

    assert [len(causes_of([each], told)) for each in watching] == [1, 1, 0, 0]


class TestLine:
    @given(
        values=st.lists(st.one_of(st.none(), st.floats(0, 1)), min_size=3, max_size=3),
        line=st.floats(0, 1),
        comparator=st.sampled_from(Comparator),
    )
    def test_it_fires_when_every_period_lies_beyond_the_line(
        self, values: list[float | None], line: float, comparator: Comparator
    ) -> None:
        cause = self.cause_of(values, line, comparator)

        beyond = all(each is not None and meets(each, comparator, line) for each in values)
        assert (cause is not None) == beyond
        if cause is not None:
            assert cause.identity == "2026-03"
            assert [figure.value for figure in cause.figures] == values
            assert {figure.target for figure in cause.figures} == {line}

    @pytest.mark.parametrize(("count", "complete"), [(4, True), (5, False)])
    def test_few_records_and_unfinished_periods_do_not_count(
        self, count: int, complete: bool
    ) -> None:
        values: list[float | None] = [0.5, 0.5, 0.5]

        assert self.cause_of(values, 0.2, Comparator.GT)
        assert self.cause_of(values, 0.2, Comparator.GT, count, complete) is None

    def cause_of(
        self,
        values: Sequence[float | None],
        line: float,
        comparator: Comparator,
        count: int = 5,
        complete: bool = True,
    ) -> Cause | None:
        condition = LineCrossed(
            kind=TriggerKind.LINE_CROSSED,
            kpi=KpiId.BOUNCING_RATE,
            comparator=comparator,
            line=line,
            periods=3,
        )
        figures = [
            PeriodValue(period=month(number), value=value, count=count, complete=complete)
            for number, value in enumerate(values)
        ]
        return cause_of_line(trigger(condition), "vpn", figures)


class TestPeriods:
    @given(
        grain=st.sampled_from(Grain),
        count=st.integers(1, 40),
        today=st.dates(date(1990, 1, 1), date(2190, 1, 1)),
    )
    def test_they_are_the_last_full_ones_without_a_gap(
        self, grain: Grain, count: int, today: date
    ) -> None:
        now = datetime.combine(today, time(), UTC)
        labels = last_full_periods(grain, count, now)

        days = [last_day_of(label) for label in labels]
        longest = 31 if grain is Grain.MONTH else 92
        assert len(labels) == count
        assert days[-1] < today <= days[-1] + timedelta(days=longest)
        assert all(28 <= (after - before).days <= longest for before, after in pairwise(days))

    def test_labels_are_those_of_the_reports(self) -> None:
        now = datetime(2026, 2, 15, tzinfo=UTC)

        assert last_full_periods(Grain.MONTH, 2, now) == ["2025-12", "2026-01"]
        assert last_full_periods(Grain.QUARTER, 2, now) == ["2025-Q3", "2025-Q4"]
        assert last_day_of("2024-02") == date(2024, 2, 29)
        assert last_day_of("2025-Q4") == date(2025, 12, 31)


def test_each_kind_of_trigger_has_a_default_and_no_two_defaults_tell_of_the_same_miss() -> None:
    assert {body.condition.kind for body in DEFAULTS.values()} == set(TriggerKind)
    for kpi in KpiId:
        told = said("target.missed", target_data("2026-03", 3, kpi=kpi.value))
        every = [Trigger(key, 1, body) for key, body in DEFAULTS.items()]
        assert len(causes_of(every, told)) == 1
