"""What people are told of an effect agrees with the interval that judged it."""

from datetime import date

from improvement_api.benefits.effects import Observed
from improvement_api.benefits.measuring import Measured, measured
from improvement_api.benefits.periods import Grain, first_day, position_of
from improvement_api.benefits.rules import JUDGING_LEVEL, Better, MixBy, Verdict
from improvement_api.benefits.schemas import CellFigure, MeasurementInputs, PeriodFigure
from shared.schemas.metrics import KpiId
from tests.support.effects import World, simulated

MONDAY = position_of(date(2024, 1, 1), Grain.WEEK)


def figure(one: Observed) -> PeriodFigure:
    year, week, _ = first_day(MONDAY + one.position, Grain.WEEK).isocalendar()
    groups = {
        name: CellFigure(value=cell.value, count=cell.count) for name, cell in one.cells.items()
    }
    return PeriodFigure(
        period=f"{year}-W{week:02}", value=one.value, count=one.count, groups=groups
    )


def measurement_of(series: list[Observed], world: World) -> Measured:
    last_before = MONDAY + world.before
    return measured(
        MeasurementInputs(
            service="vpn",
            kpi=KpiId.MTTR,
            kpi_name="MTTR",
            unit="hours",
            better=Better.LOWER,
            grain=Grain.WEEK,
            mix_by=MixBy.PRIORITY,
            start=first_day(last_before, Grain.WEEK),
            end=first_day(last_before + world.washout - 1, Grain.WEEK),
            look=12,
            others=[],
            before=[figure(one) for one in series if not one.after],
            after=[figure(one) for one in series if one.after],
        )
    )


def test_where_one_look_would_show_an_effect_and_three_do_not_both_intervals_are_told() -> None:
    world = World(before=40, effect=-1.2)
    found = (measurement_of(series, world) for series in simulated(world, 200, seed=9))

    between = next(one for one in found if 1 - JUDGING_LEVEL < (one.result.p_value or 0) < 0.05)

    result = between.result
    assert result.average is not None
    assert result.judged is not None
    assert between.verdict is Verdict.NOT_SHOWN
    assert result.average.low * result.average.high > 0 > result.judged.low * result.judged.high
    assert result.sentence.startswith("No effect on MTTR is shown: ")
    judged = f"{result.judged.low:+.3g} to {result.judged.high:+.3g}"
    assert f"looked at three times it is judged by that of 97.79 %, {judged})" in result.sentence


def test_an_effect_that_is_shown_is_told_with_its_95_percent_interval_alone() -> None:
    world = World(before=40, effect=-6.0)

    found = measurement_of(next(simulated(world, 1, seed=9)), world)

    average = found.result.average
    assert average is not None
    assert found.verdict is Verdict.IMPROVED
    interval = f"(95 % interval {average.low:+.3g} to {average.high:+.3g})"
    assert f"became better with the intervention: {average.value:+.3g} hours {interval}" in (
        found.result.sentence
    )
