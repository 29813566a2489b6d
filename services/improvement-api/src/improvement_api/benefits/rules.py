"""What a measured effect means: for an initiative, for a guard-rail, for a plan. Pure.

Judged three times at set times, each at 97.79 % (Pocock 1977): of initiatives without any effect
that are looked at all three times, at most one in twenty is said to have had one.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Final

from improvement_api.plans.rules import PlanOutcome
from shared.errors import Conflict
from shared.schemas.metrics import KpiId

JUDGING_LEVEL: Final = 1 - 0.0221
LEAST_BEFORE: Final = 24
LEAST_AFTER: Final = 6
"""Periods with a figure. The domain in which the 95 % interval was measured to hold."""

_NOT_OF_RECORDS: Final = frozenset(
    {
        KpiId.INCIDENT_COUNT,
        KpiId.BACKLOG,
        KpiId.UNPLANNED_OUTAGES,
        KpiId.AVAILABILITY,
        KpiId.MTBF,
    }
)


class Better(StrEnum):
    LOWER = "lower"
    HIGHER = "higher"


class MixBy(StrEnum):
    """By what the records are divided to hold their mix fixed."""

    PRIORITY = "priority"
    CHANNEL = "channel"
    TOUCHPOINT = "touchpoint"


class Verdict(StrEnum):
    IMPROVED = "improved"
    WORSENED = "worsened"
    NOT_SHOWN = "not_shown"
    INCONCLUSIVE = "inconclusive"


class GuardRailStanding(StrEnum):
    HELD = "held"
    WORSE = "worse"
    UNCLEAR = "unclear"
    NOT_MEASURED = "not_measured"


def is_of_records(kpi: KpiId) -> bool:
    """Whether a figure is a mean or share of the records it is of, so that more of them make it
    more precise and their mix and number can explain it."""
    return kpi not in _NOT_OF_RECORDS


def mix_of(kpi: KpiId) -> MixBy:
    """The division that is usual for the records of a KPI."""
    return MixBy.TOUCHPOINT if kpi in (KpiId.CSAT, KpiId.NPS) else MixBy.PRIORITY


def missing_data(before: int, after: int, look: int | None, unit: str) -> list[str]:
    """What there is too little of for an effect to be told at all."""
    missing = []
    if before < LEAST_BEFORE:
        missing.append(f"{LEAST_BEFORE} {unit}s with a figure before, there are {before}")
    if look is None:
        missing.append(f"{unit}s after, until the effect is first judged")
    elif after < LEAST_AFTER:
        missing.append(f"{LEAST_AFTER} {unit}s with a figure after, there are {after}")
    return missing


@dataclass(frozen=True)
class Worsening:
    """The interval of a judgement, turned so that more is worse: negative is an improvement."""

    at_least: float
    at_most: float


def worsening_of(low: float, high: float, better: Better) -> Worsening:
    return Worsening(low, high) if better is Better.LOWER else Worsening(-high, -low)


def verdict_of(worsening: Worsening | None) -> Verdict:
    """Which way the interval of the judgement lies wholly."""
    if worsening is None:
        return Verdict.INCONCLUSIVE
    if worsening.at_least > 0:
        return Verdict.WORSENED
    return Verdict.IMPROVED if worsening.at_most < 0 else Verdict.NOT_SHOWN


def standing_of(worsening: Worsening | None, tolerance: float) -> GuardRailStanding:
    """A guard-rail: worse wholly beyond the tolerance, held wholly within.

    Non-inferiority (Piaggio et al. 2012): what cannot be told from the tolerance is unclear.
    """
    if worsening is None:
        return GuardRailStanding.UNCLEAR
    if worsening.at_least > tolerance:
        return GuardRailStanding.WORSE
    return GuardRailStanding.HELD if worsening.at_most <= tolerance else GuardRailStanding.UNCLEAR


def check_cancellable(verdict: Verdict | None) -> None:
    """An initiative counts once its effect was judged, whatever that was (409)."""
    if verdict is not None and verdict is not Verdict.INCONCLUSIVE:
        raise Conflict(
            f"The effect of the initiative was judged ({verdict}), so it is cancelled no more",
            code="effect_judged",
            verdict=verdict.value,
        )


Tolerances = Mapping[tuple[str, str], Decimal]
"""Of guard-rails, by service and KPI."""


def check_kept(
    before: Tolerances, after: Tolerances, measured: Collection[tuple[str, str]]
) -> None:
    """A guard-rail that was measured is neither taken away nor loosened (409, naming it)."""
    lost = [
        f"{kpi} of {service}"
        for (service, kpi), tolerance in before.items()
        if (service, kpi) in measured and after.get((service, kpi), tolerance + 1) > tolerance
    ]
    if lost:
        raise Conflict(
            f"What was measured stays guarded at least as tightly: {', '.join(lost)}",
            code="guard_rail_measured",
            guard_rails=lost,
        )


@dataclass(frozen=True)
class InitiativeReport:
    """`verdict` is None until it was measured as it now stands; `judged_on`: the next look."""

    name: str
    unfinished: bool
    verdict: Verdict | None
    judged_on: date | None
    last_judged_on: date | None


@dataclass(frozen=True)
class GuardRailReport:
    name: str
    standing: GuardRailStanding
    judged_on: date | None
    last_judged_on: date | None


@dataclass(frozen=True)
class GoalReport:
    """`missed`: it was due and not reached by then, whatever came later."""

    name: str
    reached: bool
    missed: bool
    due_on: date


@dataclass(frozen=True)
class Missing:
    """What is not conclusive yet and when it can be judged; `on` None: when somebody acts."""

    what: str
    on: date | None


@dataclass(frozen=True)
class Closing:
    """An outcome with its reasons, or what it still takes."""

    outcome: PlanOutcome | None
    reasons: list[str]
    missing: list[Missing]


def closing_of(
    initiatives: Sequence[InitiativeReport],
    goals: Sequence[GoalReport],
    guard_rails: Sequence[GuardRailReport],
    today: date,
) -> Closing:
    """How a plan ends, if that can be told.

    Successful: every goal reached, an effect shown in the good direction, no harm shown, no
    guard-rail worse. Unsuccessful: one of these has failed for good, or the last day on which
    what is missing could have been judged has passed. Cancelled initiatives do not count.
    """
    failed = list(_failed(initiatives, goals, guard_rails))
    if failed:
        return Closing(PlanOutcome.UNSUCCESSFUL, failed, [])
    missing = list(_missing(initiatives, goals, guard_rails))
    if not missing:
        return _settled(initiatives, goals, guard_rails)
    last = _last_day(initiatives, goals, guard_rails)
    if last is not None and last < today:
        late = [f"Not shown by {last}, the last day it could be: {one.what}" for one in missing]
        return Closing(PlanOutcome.UNSUCCESSFUL, late, [])
    return Closing(None, [], missing)


def _failed(
    initiatives: Sequence[InitiativeReport],
    goals: Sequence[GoalReport],
    guard_rails: Sequence[GuardRailReport],
) -> Iterator[str]:
    for initiative in initiatives:
        if initiative.verdict is Verdict.WORSENED:
            yield f"{initiative.name} made its KPI worse"
    for guard_rail in guard_rails:
        if guard_rail.standing is GuardRailStanding.WORSE:
            yield f"{guard_rail.name} became worse by more than its tolerance"
    for goal in goals:
        if goal.missed:
            yield f"{goal.name} was not reached by {goal.due_on}"


def _missing(
    initiatives: Sequence[InitiativeReport],
    goals: Sequence[GoalReport],
    guard_rails: Sequence[GuardRailReport],
) -> Iterator[Missing]:
    for goal in goals:
        if not goal.reached:
            yield Missing(f"{goal.name} is not reached", goal.due_on)
    if not initiatives:
        yield Missing("No initiative was carried out", None)
    shown = any(one.verdict is Verdict.IMPROVED for one in initiatives)
    for initiative in initiatives:
        why = _not_conclusive(initiative, shown)
        if why:
            yield Missing(f"{initiative.name} {why}", initiative.judged_on)
    for guard_rail in guard_rails:
        if guard_rail.standing is GuardRailStanding.NOT_MEASURED:
            yield Missing(f"{guard_rail.name} is not measured", guard_rail.judged_on)


def _not_conclusive(initiative: InitiativeReport, shown: bool) -> str | None:
    """Why an initiative cannot be judged yet. Where another one has shown its effect it need
    not show one itself, but it must have been measured: it might have done harm."""
    if initiative.unfinished:
        return "is neither done nor cancelled, or has no end that has passed"
    if initiative.verdict is None:
        return "is not measured"
    if initiative.verdict is Verdict.INCONCLUSIVE:
        return "is measured on too little data"
    if initiative.verdict is Verdict.NOT_SHOWN and not shown and initiative.judged_on:
        return "has not shown an effect yet"
    return None


def _last_day(
    initiatives: Sequence[InitiativeReport],
    goals: Sequence[GoalReport],
    guard_rails: Sequence[GuardRailReport],
) -> date | None:
    """The last day on which anything can be judged; None while an initiative is under way or a
    goal is open, which is missed one day."""
    under_way = any(one.unfinished for one in initiatives)
    if not initiatives or under_way or any(not goal.reached for goal in goals):
        return None
    days = [one.last_judged_on for one in initiatives if one.last_judged_on]
    days += [one.last_judged_on for one in guard_rails if one.last_judged_on]
    return max(days, default=None)


def _settled(
    initiatives: Sequence[InitiativeReport],
    goals: Sequence[GoalReport],
    guard_rails: Sequence[GuardRailReport],
) -> Closing:
    shown = [one.name for one in initiatives if one.verdict is Verdict.IMPROVED]
    if not shown:
        reasons = [f"{one.name} has shown no effect" for one in initiatives]
        return Closing(PlanOutcome.UNSUCCESSFUL, reasons, [])
    reasons = [f"{name} improved its KPI" for name in shown]
    reasons += [f"{goal.name} is reached" for goal in goals]
    reasons += [f"{one.name} is {one.standing.value}" for one in guard_rails]
    return Closing(PlanOutcome.SUCCESSFUL, reasons, [])
