"""Whether a goal is SMART, whether history supports it, and whether it was reached. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from itertools import pairwise
from statistics import fmean
from typing import Final

from pydantic import Field

from improvement_api.periods import Grain, exact, last_day_of, meets, periods_between
from shared.errors import FieldError
from shared.schemas.common import Out
from shared.schemas.metrics import Comparator, KpiFigure, KpiId, KpiMeaning

HISTORY: Final = 24
"""Full periods that a goal is judged against."""

SUSTAINED: Final = 3
"""Periods one after the other over which a level counts as sustained."""

_NEEDED: Final = 6
_D2: Final = 1.128
_WITHIN: Final = 2.0

FORMULA: Final = (
    "attainable: the best mean of three periods running among the last 24 full ones meets the goal;"
    " ambitious: it does not, but a single period did, or the goal lies within two spreads of that"
    " mean; unsupported: neither, or there are fewer than six periods with a figure or no three"
    " running. Spread = mean |difference of successive periods| / 1.128, the sigma of an XmR chart"
    " (Wheeler, Understanding Variation)"
)


class Attainability(StrEnum):
    ATTAINABLE = "attainable"
    AMBITIOUS = "ambitious"
    UNSUPPORTED = "unsupported"


class GoalState(StrEnum):
    """`reached_late`: it was due before a period met it."""

    OPEN = "open"
    REACHED = "reached"
    MISSED = "missed"
    REACHED_LATE = "reached_late"


class Judgement(Out):
    """How the measured history supports a goal; figures are in the unit of the KPI."""

    attainability: Attainability
    explanation: str
    best_sustained: float | None = Field(description="best mean of three periods running")
    best_sustained_in: list[str] = Field(description="these periods")
    current_level: float | None = Field(description="mean of the last three figures")
    spread: float | None = Field(description="usual difference from period to period (sigma)")
    change_needed: float | None = Field(description="from the current level to the goal")
    change_in_spreads: float | None = Field(description="the change needed / the spread")
    periods_with_figure: int = Field(description="of the last 24 full ones")
    periods_that_met: int
    already_met: bool = Field(description="the current level meets the goal: nothing to improve")
    formula: str


@dataclass(frozen=True)
class Wanted:
    """What is asked for of a goal; None is what was left out."""

    kpi: str | None
    comparator: Comparator | None
    value: Decimal | None
    grain: Grain
    due_on: date | None
    relevant_to: str | None


def unsound(wanted: Wanted, today: date) -> list[FieldError]:
    """What keeps a goal from being SMART by itself, each with its reason."""
    return [
        error
        for error in (
            _unspecific(wanted),
            *_unmeasurable(wanted),
            _irrelevant(wanted),
            _unbound(wanted, today),
        )
        if error is not None
    ]


def _unspecific(wanted: Wanted) -> FieldError | None:
    known = [kpi.value for kpi in KpiId]
    if wanted.kpi in known:
        return None
    said = "say which KPI" if wanted.kpi is None else f"{wanted.kpi} is no KPI"
    return FieldError("/kpi", f"{said}; there are: {', '.join(known)}", "not_specific")


def _unmeasurable(wanted: Wanted) -> list[FieldError]:
    missing = [name for name in ("comparator", "value") if getattr(wanted, name) is None]
    return [
        FieldError(
            f"/{name}", f"without a {name} nobody can tell whether it is reached", "not_measurable"
        )
        for name in missing
    ]


def _irrelevant(wanted: Wanted) -> FieldError | None:
    if wanted.relevant_to is not None:
        return None
    detail = "name the objective or the vital activity that it serves"
    return FieldError("/relevant_to", detail, "not_relevant")


def _unbound(wanted: Wanted, today: date) -> FieldError | None:
    latest = _a_year_after(today)
    if wanted.due_on is None or not today < wanted.due_on <= latest:
        return FieldError(
            "/due_on", f"it must be due after {today} and by {latest}", "not_time_bound"
        )
    if not periods_between(wanted.grain, today, wanted.due_on):
        detail = f"no full {wanted.grain} ends by then: it could not be measured"
        return FieldError("/due_on", detail, "not_time_bound")
    return None


def _a_year_after(day: date) -> date:
    leap = (day.month, day.day) == (2, 29)
    return day.replace(year=day.year + 1, day=28 if leap else day.day)


_RANGES: Final[Mapping[str, tuple[Decimal, Decimal | None]]] = {
    "ratio": (Decimal(0), Decimal(1)),
    "points": (Decimal(-100), Decimal(100)),
}
"""Least and greatest figure of a unit; every other unit counts or lasts from 0 on."""

_TOWARDS: Final = {
    "lower": (Comparator.LTE, Comparator.LT),
    "higher": (Comparator.GTE, Comparator.GT),
}


def impossible(
    comparator: Comparator, value: Decimal, kpi: KpiMeaning, ceiling: float | None
) -> list[FieldError]:
    """Why no figure of the KPI could reach the goal, or reaching it would be no improvement."""
    found = []
    towards = _TOWARDS.get(kpi.better)
    if towards is not None and comparator not in towards:
        wanted = " or ".join(towards)
        detail = f"of {kpi.id} {kpi.better} is better: a goal is {wanted}"
        found.append(FieldError("/comparator", detail, "not_measurable"))
    least, greatest = _RANGES.get(kpi.unit, (Decimal(0), None))
    if value < least or (greatest is not None and value > greatest):
        upper = "" if greatest is None else f" and at most {greatest}"
        detail = f"{kpi.id} is in {kpi.unit}: at least {least}{upper}"
        found.append(FieldError("/value", detail, "not_measurable"))
    elif (comparator is Comparator.LT and value == least) or (
        comparator is Comparator.GT and value == greatest
    ):
        detail = f"no figure of {kpi.id} lies beyond {value}"
        found.append(FieldError("/value", detail, "not_attainable"))
    elif ceiling is not None and not meets(ceiling, comparator, value):
        detail = f"the services that it depends on allow {ceiling} at most (ceiling of the catalog)"
        found.append(FieldError("/value", detail, "not_attainable"))
    return found


def judge_attainability(
    points: Sequence[KpiFigure], comparator: Comparator, goal: Decimal
) -> Judgement:
    """How the history of full periods, the oldest first, supports a goal; see FORMULA."""
    values = [point.value for point in points if point.value is not None]
    best, best_in = _best_sustained(points, comparator)
    spread = _spread(points)
    met = sum(meets(value, comparator, goal) for value in values)
    recent = [exact(value) for value in values[-SUSTAINED:]]
    level = sum(recent, Fraction()) / len(recent) if recent else None
    change = None if level is None else float(exact(goal) - level)
    attainability, explanation = _supports(len(values), best, spread, met, (comparator, goal))
    return Judgement(
        attainability=attainability,
        explanation=explanation,
        best_sustained=None if best is None else float(best),
        best_sustained_in=best_in,
        current_level=None if level is None else float(level),
        spread=spread,
        change_needed=change,
        change_in_spreads=change / spread if change is not None and spread else None,
        periods_with_figure=len(values),
        periods_that_met=met,
        already_met=level is not None and meets(level, comparator, goal),
        formula=FORMULA,
    )


def _supports(
    n: int,
    best: Fraction | None,
    spread: float | None,
    met: int,
    goal: tuple[Comparator, Decimal],
) -> tuple[Attainability, str]:
    comparator, value = goal
    if best is None or n < _NEEDED:
        return (
            Attainability.UNSUPPORTED,
            f"there are {n} periods with a figure: history needs {_NEEDED}, and three running",
        )
    if meets(best, comparator, value):
        return Attainability.ATTAINABLE, f"{float(best):.4g} was sustained over three periods"
    if met:
        return Attainability.AMBITIOUS, f"it was met in {met} of {n} periods, and never sustained"
    distance = float(abs(exact(value) - best))
    if spread and distance <= _WITHIN * spread:
        return (
            Attainability.AMBITIOUS,
            f"it lies {distance / spread:.2g} spreads beyond the best that was sustained",
        )
    return (
        Attainability.UNSUPPORTED,
        f"no period met it, and it lies {distance:.4g} beyond the best that was sustained",
    )


def _best_sustained(
    points: Sequence[KpiFigure], comparator: Comparator
) -> tuple[Fraction | None, list[str]]:
    """The mean is exact: three times 0.99 is 0.99, and no hair less."""
    best: tuple[Fraction | None, list[str]] = (None, [])
    lower = comparator in _TOWARDS["lower"]
    for start in range(len(points) - SUSTAINED + 1):
        window = points[start : start + SUSTAINED]
        values = [exact(point.value) for point in window if point.value is not None]
        if len(values) < SUSTAINED:
            continue
        mean = sum(values, Fraction()) / SUSTAINED
        if best[0] is None or (mean < best[0] if lower else mean > best[0]):
            best = (mean, [point.period for point in window])
    return best


def _spread(points: Sequence[KpiFigure]) -> float | None:
    moves = [
        abs(after.value - before.value)
        for before, after in pairwise(points)
        if before.value is not None and after.value is not None
    ]
    return fmean(moves) / _D2 if moves else None


@dataclass(frozen=True)
class Measured:
    """What the full periods since a goal was set say of it."""

    last: KpiFigure | None
    reached_in: KpiFigure | None
    missed: bool


def measure(
    points: Sequence[KpiFigure], comparator: Comparator, goal: Decimal, due_on: date, today: date
) -> Measured:
    """Whether a period has met a goal, and whether it is over with none that did in time.

    `points` are the full periods since it was set, the oldest first.
    """
    reaching = [
        point
        for point in points
        if point.value is not None and meets(point.value, comparator, goal)
    ]
    in_time = any(last_day_of(point.period) <= due_on for point in reaching)
    return Measured(
        last=points[-1] if points else None,
        reached_in=reaching[0] if reaching else None,
        missed=today > due_on and not in_time,
    )


def state_of(reached_at: datetime | None, missed_at: datetime | None) -> GoalState:
    if reached_at is None:
        return GoalState.OPEN if missed_at is None else GoalState.MISSED
    return GoalState.REACHED if missed_at is None else GoalState.REACHED_LATE
