"""When a signal, or a row of figures, makes a trigger fire, and what cause that is. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from improvement_api.opportunities.rules import Cause, Figure
from improvement_api.periods import end_of, last_day_of, meets
from improvement_api.triggers.definitions import (
    BudgetSpent,
    LineCrossed,
    TargetMissed,
    TrendDegrading,
    TriggerBody,
)
from shared.schemas.common import Day, Timestamp
from shared.schemas.metrics import Comparator, KpiId, PeriodValue

TARGET_MISSED: Final = "target.missed"
TARGET_MET: Final = "target.met"
BUDGET_EXHAUSTED: Final = "slo.budget_exhausted"
ALERT_FIRING: Final = "slo.alert_firing"
TREND_DEGRADING: Final = "trend.degrading"
WATCHED: Final = (TARGET_MISSED, BUDGET_EXHAUSTED, ALERT_FIRING, TREND_DEGRADING)
"""The types of signals that can make a trigger fire."""

M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True)
class Trigger:
    """The version of a trigger that is in force."""

    key: str
    version: int
    body: TriggerBody

    def concerns(self, service: str) -> bool:
        return self.body.enabled and (self.body.services is None or service in self.body.services)


@dataclass(frozen=True)
class Told:
    """A signal as triggers read it. `history` is what was told of a target up to then: the last
    word on each of its periods, in any order."""

    id: str
    type: str
    service: str
    data: Mapping[str, Any]
    occurred_at: datetime
    history: Sequence["Told"] = ()


class _Data(BaseModel):
    """The part of a signal's data that triggers need; the provider may say more."""

    model_config = ConfigDict(extra="ignore", allow_inf_nan=False, frozen=True)


class TargetData(_Data):
    target: str
    kpi: KpiId
    comparator: Comparator
    target_value: float
    period: str
    first_day: Day
    last_day: Day
    value: float | None
    count: int
    streak: int


class BudgetData(_Data):
    slo: str
    objective: int
    remaining_ratio: float | None
    at: Timestamp


class AlertData(_Data):
    slo: str
    objective: int
    severity: str
    factor: float
    long_burn: float | None
    long_window: str
    fired_at: Timestamp


class TrendData(_Data):
    kpi: KpiId
    n: int
    unit: str
    slope_per_month: float
    p_value: float
    first_period: str
    last_period: str
    comparator: Comparator | None
    target_value: float | None
    crossing: str
    crosses_on: Day | None


@dataclass(frozen=True)
class _Missed:
    """A period of a target that was missed, and the signal that told it."""

    event: str
    data: TargetData


def causes_of(triggers: Sequence[Trigger], told: Told) -> list[Cause]:
    """What a signal calls for: one cause for each trigger that fires by it."""
    found = (cause_of(trigger, told) for trigger in triggers if trigger.concerns(told.service))
    return [cause for cause in found if cause is not None]


def cause_of(trigger: Trigger, told: Told) -> Cause | None:
    """What a signal calls for by one trigger; None when that does not fire.

    A signal that says less than it should fires nothing: another release of metrics-api may mean
    something else by it.
    """
    condition = trigger.body.condition
    match condition:
        case TargetMissed() if told.type == TARGET_MISSED:
            return _of_target(trigger, condition, told)
        case BudgetSpent() if told.type == BUDGET_EXHAUSTED:
            return _of_budget(trigger, told)
        case BudgetSpent() if told.type == ALERT_FIRING:
            return _of_alert(trigger, condition, told)
        case TrendDegrading() if told.type == TREND_DEGRADING:
            return _of_trend(trigger, condition, told)
        case _:
            return None


def _of_target(trigger: Trigger, condition: TargetMissed, told: Told) -> Cause | None:
    data = _read(TargetData, told)
    if data is None or not _wanted(condition.kpis, data.kpi):
        return None
    run = missed_run(told)
    periods = [each.data.period for each in run]
    if data.period not in periods or running(run) < condition.periods:
        return None
    newest = run[-1].data
    figures = [
        Figure(
            measure=each.data.kpi,
            period=each.data.period,
            value=each.data.value,
            comparator=each.data.comparator,
            target=each.data.target_value,
            n=each.data.count,
            event=each.event,
        )
        for each in run
    ]
    count = running(run)
    times = "once" if count == 1 else f"in {count} periods running"
    return _cause(
        trigger,
        told,
        f"kpi:{data.kpi}",
        kpi=data.kpi,
        until=end_of(newest.last_day),
        figures=figures,
        title=f"{data.kpi} of {told.service} missed its target {times}",
        problem=f"{data.kpi} of {told.service} missed its target {times}: {_list(figures)}.",
    )


def missed_run(told: Told) -> list[_Missed]:
    """The periods missed one after the other up to the newest of the target, the oldest first.

    A period that is not told of, or was met, ends the run.
    """
    periods = {}
    for each in (*told.history, told):
        data = _read(TargetData, each)
        if data is not None:
            periods[data.first_day] = (each, data)
    run: list[_Missed] = []
    for first in sorted(periods, reverse=True):
        each, data = periods[first]
        adjoins = not run or data.last_day + timedelta(days=1) == run[0].data.first_day
        if each.type != TARGET_MISSED or not adjoins:
            break
        run.insert(0, _Missed(each.id, data))
    return run


def running(run: Sequence[_Missed]) -> int:
    """For how many periods the target has been missed: also those of which we heard nothing, as
    the first signal that we have counts them."""
    return run[0].data.streak + len(run) - 1 if run else 0


def _of_budget(trigger: Trigger, told: Told) -> Cause | None:
    data = _read(BudgetData, told)
    if data is None:
        return None
    left = Figure(
        measure="error_budget_remaining",
        period=data.at.isoformat(),
        value=data.remaining_ratio,
        comparator="gt",
        target=0.0,
        n=None,
        event=told.id,
    )
    return _cause(
        trigger,
        told,
        _objective(data.slo, data.objective),
        until=data.at,
        figures=[left],
        title=f"The error budget of {data.slo} is spent",
        problem=f"The error budget of the objective {data.slo} of {told.service} was spent at"
        f" {data.at.isoformat()}: {_share(data.remaining_ratio)} of it remained.",
    )


def _of_alert(trigger: Trigger, condition: BudgetSpent, told: Told) -> Cause | None:
    data = _read(AlertData, told)
    if data is None or data.severity not in condition.severities:
        return None
    burn = Figure(
        measure="burn_rate",
        period=f"{data.long_window} to {data.fired_at.isoformat()}",
        value=data.long_burn,
        comparator="lt",
        target=data.factor,
        n=None,
        event=told.id,
    )
    return _cause(
        trigger,
        told,
        _objective(data.slo, data.objective),
        until=data.fired_at,
        figures=[burn],
        title=f"The error budget of {data.slo} burns fast",
        problem=f"An alert of the severity {data.severity} fired for the objective {data.slo} of"
        f" {told.service}: over {data.long_window} its budget burnt at {data.long_burn} times the"
        f" rate that lasts for the window, and {data.factor} is the limit.",
    )


def _of_trend(trigger: Trigger, condition: TrendDegrading, told: Told) -> Cause | None:
    data = _read(TrendData, told)
    if data is None or not _wanted(condition.kpis, data.kpi) or data.n < condition.minimum_n:
        return None
    if not _soon_enough(condition.breach_within_days, data, told.occurred_at.date()):
        return None
    period = f"{data.first_period} to {data.last_period}"
    slope = Figure(
        measure=f"{data.kpi} slope per month",
        period=period,
        value=data.slope_per_month,
        comparator=data.comparator,
        target=data.target_value,
        n=data.n,
        event=told.id,
    )
    ahead = f" It breaches its target on {data.crosses_on}." if data.crossing == "breach" else ""
    return _cause(
        trigger,
        told,
        f"kpi:{data.kpi}",
        kpi=data.kpi,
        until=told.occurred_at,
        figures=[slope],
        title=f"{data.kpi} of {told.service} gets worse",
        problem=f"{data.kpi} of {told.service} changed by {data.slope_per_month:+.4g} {data.unit} a"
        f" month from {period} (n = {data.n}, p = {data.p_value:.2g}).{ahead}",
    )


def _soon_enough(within: int | None, data: TrendData, today: date) -> bool:
    if within is None or data.crossing == "already":
        return True
    if data.crossing != "breach" or data.crosses_on is None:
        return False
    return (data.crosses_on - today).days <= within


def cause_of_line(trigger: Trigger, service: str, values: Sequence[PeriodValue]) -> Cause | None:
    """What the last full periods of a KPI call for; None unless each lies beyond the line.

    `values` are the last `periods` full ones in order. The occurrence is the newest of them.
    """
    condition = trigger.body.condition
    assert isinstance(condition, LineCrossed), "only a line is asked for figures"
    if not trigger.concerns(service) or len(values) != condition.periods:
        return None
    if not all(_beyond(condition, each) for each in values):
        return None
    figures = [
        Figure(
            measure=condition.kpi,
            period=each.period,
            value=each.value,
            comparator=_OPPOSITE[condition.comparator],
            target=condition.line,
            n=each.count,
            event=None,
        )
        for each in values
    ]
    newest = values[-1].period
    return Cause(
        trigger=trigger.key,
        trigger_version=trigger.version,
        service=service,
        subject=f"kpi:{condition.kpi}",
        identity=newest,
        kpi=condition.kpi,
        until=end_of(last_day_of(newest)),
        figures=figures,
        title=f"{condition.kpi} of {service} is beyond the line",
        problem=f"{condition.kpi} of {service} was beyond its line in {len(values)} full periods:"
        f" {_list(figures)}.",
        benefit=trigger.body.benefit,
        impacts=trigger.body.impacts,
        owner=trigger.body.owner,
        quiet=timedelta(days=trigger.body.quiet_days),
    )


_OPPOSITE: Final = {
    Comparator.LT: Comparator.GTE,
    Comparator.LTE: Comparator.GT,
    Comparator.GT: Comparator.LTE,
    Comparator.GTE: Comparator.LT,
}
"""A figure is shown with what it should have been, as targets are."""


def _beyond(condition: LineCrossed, each: PeriodValue) -> bool:
    if each.value is None or not each.complete or each.count < condition.minimum_count:
        return False
    return meets(each.value, condition.comparator, condition.line)


def _cause(trigger: Trigger, told: Told, subject: str, **facts: Any) -> Cause:
    return Cause(
        trigger=trigger.key,
        trigger_version=trigger.version,
        service=told.service,
        subject=subject,
        identity=told.id,
        benefit=trigger.body.benefit,
        impacts=trigger.body.impacts,
        owner=trigger.body.owner,
        quiet=timedelta(days=trigger.body.quiet_days),
        **facts,
    )


def _read(model: type[M], told: Told) -> M | None:
    try:
        return model.model_validate(told.data)
    except ValidationError:
        return None


def _wanted(kpis: Sequence[KpiId] | None, kpi: KpiId) -> bool:
    return kpis is None or kpi in kpis


def _objective(slo: str, objective: int) -> str:
    return f"slo:{slo}/{objective}"


def _share(ratio: float | None) -> str:
    return "nothing" if ratio is None else f"{ratio:.1%}"


def _list(figures: Sequence[Figure]) -> str:
    return "; ".join(
        f"{each.period} {_rounded(each.value)} instead of {each.comparator} {each.target:g}"
        f" (n = {each.n})"
        for each in figures
    )


def _rounded(value: float | None) -> str:
    return "no value" if value is None else f"{value:.4g}"
