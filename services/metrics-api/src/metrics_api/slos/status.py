"""The status of an SLO on the wire, of the sums of its objectives."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import Any, Final

from metrics_api.as_of.rules import NO_RECORDS, Wanted
from metrics_api.measures.rules import Look, Stretch
from metrics_api.slos import rules
from metrics_api.slos.durations import Window, calendar_of, length_of, minute_of, window_at
from metrics_api.slos.rules import BudgetingMethod, Limits, Sums
from metrics_api.slos.schemas import (
    BudgetOut,
    BurnOut,
    CompositeReadingOut,
    CompositeStatusOut,
    IntervalOut,
    ObjectiveStatusOut,
    ReadingOut,
    SloStatusOut,
    Unit,
)
from metrics_api.slos.standing import (
    COMPOSITE,
    NO_ANSWER,
    Answer,
    Answers,
    Question,
    Slot,
    answers_to,
    method_of,
    records_against,
    unit_of,
)
from shared.kit.database import Session

WINDOW: Final = "window"
"""The name of the stretch that decides; lookbacks are named by their duration."""


@dataclass(frozen=True)
class Moment:
    """When SLOs are asked about, over which lookbacks, and what time it is; with `as_of`, which is
    then the time, as they were known then."""

    at: datetime
    lookbacks: tuple[str, ...]
    now: datetime
    as_of: datetime | None = None


async def statuses(
    session: Session,
    slos: Sequence[Any],
    moment: Moment,
    period: Stretch | None = None,
    beside: Wanted = NO_RECORDS,
) -> list[SloStatusOut]:
    """How these SLOs (rows) stand, in their order, each in its window or all in one `period`.

    As of a moment the records `beside` can be read in the session afterwards.
    """
    windows = [_window(slo, moment.at, period) for slo in slos]
    questions = [
        Question(slo, _stretches(window, moment)) for slo, window in zip(slos, windows, strict=True)
    ]
    answers, looks = await answers_to(session, questions, moment.now, moment.as_of, beside)
    return [
        _status(slo, window, looks.get(slo.key, ()), answers, moment)
        for slo, window in zip(slos, windows, strict=True)
    ]


async def bad_records(
    session: Session, slos: Sequence[Any], moment: Moment, period: Stretch, limit: int
) -> Sequence[Any]:
    """Up to so many records that spoke against each of these SLOs (rows, `owner`) in a period,
    worst first; as of a moment after their statuses, in the same session."""
    questions = [Question(slo, _stretches(_window(slo, moment.at, period), moment)) for slo in slos]
    return await records_against(session, questions, moment.now, moment.as_of, limit)


def _window(slo: Any, at: datetime, period: Stretch | None) -> Window | None:
    if period is not None:
        end = min(period.end, minute_of(at))
        return Window(period.start, end, period.end) if period.start < end else None
    return window_at(slo.time_window["duration"], calendar_of(slo.time_window), at)


def _stretches(window: Window | None, moment: Moment) -> dict[str, Stretch]:
    if window is None:
        return {}
    end = window.end
    lookbacks = {name: Stretch(end - length_of(name), end) for name in moment.lookbacks}
    return {WINDOW: Stretch(window.start, end), **lookbacks}


def limits_of(slo: Any) -> Limits:
    return Limits(slo.minimum_events, Fraction(slo.at_risk_below))


def target_of(objective: Mapping[str, Any]) -> Fraction:
    return Fraction(str(objective["target"]))


def weight_of(objective: Mapping[str, Any]) -> Fraction:
    return Fraction(str(objective["weight"]))


def _status(
    slo: Any, window: Window | None, looks: Sequence[Look], answers: Answers, moment: Moment
) -> SloStatusOut:
    objectives = [
        _objective(slo, number, look, answers, moment.lookbacks)
        for number, look in enumerate(looks)
    ]
    composite = _composite(slo, answers, moment.lookbacks) if slo.sli is None else None
    decisive = [composite] if composite is not None else objectives
    level = rules.worst([one.level for one in decisive])
    reason = next((one.reason for one in decisive if one.level is level), None)
    return SloStatusOut(
        slo=slo.key,
        service=slo.service,
        name=slo.name,
        budgeting_method=method_of(slo),
        at=minute_of(moment.at),
        as_of=moment.as_of,
        window_start=None if window is None else window.start,
        window_end=None if window is None else window.ends_at,
        complete=window is not None and window.complete,
        level=level,
        reason="not_begun" if window is None else reason,
        objectives=objectives,
        composite=composite,
    )


def _objective(
    slo: Any, number: int, look: Look, answers: Answers, lookbacks: Sequence[str]
) -> ObjectiveStatusOut:
    objective = slo.objectives[number]
    target = target_of(objective)
    answer = answers.get(Slot(slo.key, number, WINDOW), NO_ANSWER)
    limits, total = limits_of(slo), answer.corrected.total
    budget = rules.budget_of(answer.corrected, target)
    unit = unit_of(slo, look)
    return ObjectiveStatusOut(
        number=number,
        name=objective["name"],
        sli=objective["sli"] or slo.sli,
        target=float(target),
        weight=float(weight_of(objective)),
        unit=unit,
        level=rules.level_of(total, budget.remaining_ratio if budget else None, limits),
        reason=rules.reason_of(total, limits),
        corrected=_reading(answer.corrected, target, unit, look),
        uncorrected=_reading(answer.uncorrected, target, unit, look),
        burn_rates=[
            _burn(name, answers.get(Slot(slo.key, number, name), NO_ANSWER).corrected, target)
            for name in lookbacks
        ],
    )


def _number(fraction: Fraction | None) -> float | None:
    return None if fraction is None else float(fraction)


def _reading(sums: Sums, target: Fraction, unit: Unit, look: Look) -> ReadingOut:
    budget, interval = rules.budget_of(sums, target), rules.wilson(sums)
    return ReadingOut(
        value=_number(rules.value_of(sums)),
        good=float(sums.good),
        bad=float(sums.bad),
        total=float(sums.total),
        interval=None if interval is None else IntervalOut(low=interval[0], high=interval[1]),
        budget=None if budget is None else _budget(budget, unit, look),
    )


def _budget(budget: rules.Budget, unit: Unit, look: Look) -> BudgetOut:
    minutes = {Unit.MINUTES: 1, Unit.SLICES: look.slice_minutes}.get(unit)
    return BudgetOut(
        total=float(budget.total),
        spent=float(budget.spent),
        remaining=float(budget.remaining),
        remaining_minutes=None if minutes is None else float(budget.remaining * minutes),
        remaining_ratio=float(budget.remaining_ratio),
    )


def _burn(name: str, sums: Sums, target: Fraction) -> BurnOut:
    return BurnOut(
        lookback=name,
        burn_rate=_number(rules.burn_rate(sums, target)),
        good=float(sums.good),
        total=float(sums.total),
    )


@dataclass(frozen=True)
class Whole:
    """A composite over a stretch: its burn rate is spent ÷ budget."""

    sums: Sums | None
    target: Fraction | None
    burn: Fraction | None
    events: Fraction

    @property
    def remaining_ratio(self) -> Fraction | None:
        return None if self.burn is None else 1 - self.burn


def whole_of(slo: Any, answers: Answers, stretch: str, *, corrected: bool) -> Whole:
    """A composite as a whole over the stretch of a name."""
    targets = [target_of(objective) for objective in slo.objectives]
    if method_of(slo) is not BudgetingMethod.OCCURRENCES:
        sums = _sums(answers, Slot(slo.key, COMPOSITE, stretch), corrected=corrected)
        target = rules.composite_target(targets)
        return Whole(sums, target, rules.burn_rate(sums, target), sums.total)
    members = [
        _sums(answers, Slot(slo.key, number, stretch), corrected=corrected)
        for number in range(len(targets))
    ]
    rates = [rules.burn_rate(one, target) for one, target in zip(members, targets, strict=True)]
    weights = [weight_of(objective) for objective in slo.objectives]
    burn = rules.composite_burn(list(zip(rates, weights, strict=True)))
    return Whole(None, None, burn, sum((one.total for one in members), Fraction(0)))


def _sums(answers: Answers, slot: Slot, *, corrected: bool) -> Sums:
    answer: Answer = answers.get(slot, NO_ANSWER)
    return answer.corrected if corrected else answer.uncorrected


def _composite(slo: Any, answers: Answers, lookbacks: Sequence[str]) -> CompositeStatusOut:
    corrected = whole_of(slo, answers, WINDOW, corrected=True)
    limits = limits_of(slo)
    return CompositeStatusOut(
        target=_number(corrected.target),
        level=rules.level_of(corrected.events, corrected.remaining_ratio, limits),
        reason=rules.reason_of(corrected.events, limits),
        corrected=_whole_reading(corrected),
        uncorrected=_whole_reading(whole_of(slo, answers, WINDOW, corrected=False)),
        burn_rates=[
            _whole_burn(name, whole_of(slo, answers, name, corrected=True)) for name in lookbacks
        ],
    )


def _whole_reading(whole: Whole) -> CompositeReadingOut:
    sums = whole.sums
    return CompositeReadingOut(
        value=None if sums is None else _number(rules.value_of(sums)),
        good=None if sums is None else float(sums.good),
        total=None if sums is None else float(sums.total),
        remaining_ratio=_number(whole.remaining_ratio),
    )


def _whole_burn(name: str, whole: Whole) -> BurnOut:
    sums = whole.sums
    return BurnOut(
        lookback=name,
        burn_rate=_number(whole.burn),
        good=None if sums is None else float(sums.good),
        total=None if sums is None else float(sums.total),
    )
