"""What a series says: direction, slope, when the target is crossed, which risk that is. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from metrics_api.indicators.definitions import Better
from metrics_api.indicators.figures import meets
from metrics_api.indicators.periods import Grain, Period, labels_between, parse_period
from metrics_api.targets.rules import HoldingTarget
from shared.errors import Invalid

SIGNIFICANT: Final = 0.05
MINIMAL_N: Final = 8
"""Below it the normal approximation of the test does not hold, and nothing is said."""

HORIZON: Final = timedelta(days=90)
DAYS_PER_MONTH: Final = 365.2425 / 12
_FAR: Final = 36_525
"""Days. What lies further off than a century is never."""

PERIOD_DAYS: Final[Mapping[Grain, float]] = {
    Grain.DAY: 1.0,
    Grain.WEEK: 7.0,
    Grain.MONTH: DAYS_PER_MONTH,
    Grain.QUARTER: 3 * DAYS_PER_MONTH,
    Grain.YEAR: 12 * DAYS_PER_MONTH,
}
SEASONS: Final[Mapping[Grain, int]] = {
    Grain.DAY: 7,
    Grain.WEEK: 52,
    Grain.MONTH: 12,
    Grain.QUARTER: 4,
    Grain.YEAR: 1,
}
"""Periods after which the season comes again: a year; for days the week."""

PERIODS: Final[Mapping[Grain, int]] = {
    Grain.DAY: 91,
    Grain.WEEK: 104,
    Grain.MONTH: 36,
    Grain.QUARTER: 20,
    Grain.YEAR: 10,
}
"""How many full periods are looked at unless one asks for another number."""

FORMULA: Final = (
    "Mann-Kendall test on the figures of the full periods (seasonal Kendall from two full turns of"
    " the season and ten figures on), its variance corrected after Hamed and Rao where the figures"
    " follow one another; slope: median of the slopes of all pairs (Theil and Sen; of the same"
    " season), with a 95 % interval; line: through the median of figures and times; a trend is"
    " significant at p < 0.05; the target is crossed where the line reaches it, earliest and latest"
    " by the interval of the slope"
)


class Direction(StrEnum):
    """In terms of what is better for the KPI."""

    IMPROVING = "improving"
    DEGRADING = "degrading"
    NONE = "none"


class CrossingState(StrEnum):
    """What the line says of the target that holds today."""

    BREACH = "breach"  # it meets the target and will miss it
    RECOVERY = "recovery"  # it misses the target and will meet it
    NEVER = "never"  # it meets the target and goes on to
    ALREADY = "already"  # it misses the target and goes on to
    NO_TARGET = "no_target"
    UNKNOWN = "unknown"  # too few figures


class RaisedState(StrEnum):
    PENDING = "pending"
    RAISED = "raised"
    WITHDRAWN = "withdrawn"  # the trend turned before the catalog could be reached
    REFUSED = "refused"  # the catalog has no such service


@dataclass(frozen=True)
class Line:
    """A straight line through (middle, at_middle), time in periods since the first; `low` and
    `high` bound its slope per period."""

    slope: float
    low: float
    high: float
    middle: float
    at_middle: float

    def at(self, position: float, slope: float | None = None) -> float:
        """The value at a time, with the slope or another one of the interval."""
        chosen = self.slope if slope is None else slope
        return self.at_middle + chosen * (position - self.middle)


@dataclass(frozen=True)
class Series:
    """Figures of full periods, one after the other, None where there is none; and their counts."""

    grain: Grain
    periods: Sequence[Period]
    values: Sequence[float | None]
    counts: Sequence[int]

    @property
    def n(self) -> int:
        """How many figures there are."""
        return sum(value is not None for value in self.values)

    @property
    def recent(self) -> bool:
        """Whether the newest figure is young enough to go on from: in the last eighth."""
        newest = max(3, len(self.values) // 8)
        return any(value is not None for value in self.values[-newest:])


@dataclass(frozen=True)
class Crossing:
    """When the line reaches the target; None: not within a century. `latest` is None as well
    where the slowest slope of the interval never leads there."""

    state: CrossingState
    on: date | None = None
    earliest: date | None = None
    latest: date | None = None


class Cause(NamedTuple):
    """What a risk is made of: the KPI's name and the figures of its trend."""

    kpi_name: str
    unit: str
    criticality: str | None
    trend: Mapping[str, Any]


def direction_of(slope: float, p_value: float, better: Better) -> Direction:
    """Improving or degrading where the trend is significant and leads anywhere."""
    if p_value >= SIGNIFICANT or slope == 0:
        return Direction.NONE
    up_is_good = better is Better.HIGHER
    return Direction.IMPROVING if (slope > 0) == up_is_good else Direction.DEGRADING


def per_month(slope: float, grain: Grain) -> float:
    """A slope per period as one per (mean) month."""
    return slope * DAYS_PER_MONTH / PERIOD_DAYS[grain]


def reason_of(direction: str | None, n: int) -> str | None:
    """Why a series has no direction."""
    if direction is not None:
        return None
    return "insufficient_data" if n < MINIMAL_N else "no_recent_data"


def last_periods(grain: Grain, count: int, zone: ZoneInfo, now: datetime) -> list[Period]:
    """The last full periods, so many, in order; 422 where there is none."""
    today = now.astimezone(zone).date()
    first = today - timedelta(days=round((count + 1) * PERIOD_DAYS[grain]))
    first = max(first, date(1900, 1, 1))
    labels = labels_between(grain, first, today)
    periods = [parse_period(label, zone, now) for label in labels]
    full = [period for period in periods if period.complete]
    if not full:
        raise Invalid("No full period lies before that day", pointer="/query/until")
    return full[-count:]


def moment_after(until: date | None, zone: ZoneInfo, now: datetime) -> datetime:
    """The end of a day in a time zone, or now where that is earlier or no day is given."""
    if until is None:
        return now
    return min(now, datetime.combine(until + timedelta(days=1), time(), zone).astimezone(UTC))


def check_until(until: date | None, zone: ZoneInfo, as_of: datetime | None) -> None:
    """422 where a day is to be looked at of which nothing could be known yet."""
    if until is not None and as_of is not None and until > as_of.astimezone(zone).date():
        raise Invalid("The last day to look at lies after as_of", pointer="/query/until")


def crossing_of(
    line: Line, series: Series, direction: Direction, target: HoldingTarget | None
) -> Crossing:
    """When the line of a series reaches a target."""
    if target is None:
        return Crossing(CrossingState.NO_TARGET)
    value, position = float(target.value), len(series.periods) - 1
    met = meets(line.at(position), target.comparator, value)
    leads_there = Direction.DEGRADING if met else Direction.IMPROVING
    stays = Crossing(CrossingState.NEVER if met else CrossingState.ALREADY)
    if direction is not leads_there:
        return stays
    fast, slow = (line.high, line.low) if line.slope > 0 else (line.low, line.high)
    on, earliest, latest = (
        _day_after(series, _ahead(line, slope, value, position))
        for slope in (line.slope, fast, slow)
    )
    if on is None:
        return stays
    state = CrossingState.BREACH if met else CrossingState.RECOVERY
    return Crossing(state, on, earliest, latest)


def _day_after(series: Series, ahead: float | None) -> date | None:
    """The day so many periods after the middle of the last one; None beyond a century."""
    days = None if ahead is None else ahead * PERIOD_DAYS[series.grain]
    if days is None or days > _FAR:
        return None
    last = series.periods[-1]
    to_middle = ((last.last_day - last.first_day).days + 1) / 2
    return last.first_day + timedelta(days=to_middle + days)


def _ahead(line: Line, slope: float, value: float, position: int) -> float | None:
    """Periods until the line, with a slope of its interval, reaches a value; 0 where it has."""
    missing = value - line.at(position, slope)
    towards = value - line.at_middle
    if missing * towards <= 0:
        return 0.0
    return missing / slope if missing * slope > 0 else None


_IMPACTS: Final = {"low": 2, "medium": 3, "high": 4, "critical": 5}


def impact_of(criticality: str | None) -> int:
    """1 to 5 points by the criticality of the service; a medium one where nobody said."""
    return _IMPACTS.get(criticality or "", 3)


def likelihood_of(trend: Mapping[str, Any], today: date) -> int:
    """5 where even the slowest slope of the interval leads to the breach in time; 4 where the
    breach is a month off; else 3."""
    latest = trend["crosses_latest"]
    if latest is not None and latest <= today + HORIZON:
        return 5
    return 4 if trend["crosses_on"] <= today + timedelta(days=30) else 3


def risk_of(cause: Cause, now: datetime) -> dict[str, Any]:
    """The risk that a degrading trend is, as far as metrics-api knows: all but its owner."""
    trend, today = cause.trend, now.date()
    latest = trend["crosses_latest"]
    review = max(today + timedelta(days=7), min(trend["crosses_on"], today + timedelta(days=30)))
    return {
        "title": f"{cause.kpi_name} is going to miss its target about {trend['crosses_on']}",
        "description": (
            f"{cause.kpi_name} gets worse by {abs(trend['slope_per_month']):.3g} {cause.unit} a"
            f" month ({trend['method']}, n = {trend['n']} from {trend['first_period']} to"
            f" {trend['last_period']}, p = {trend['p_value']:.2g}). Its line is at"
            f" {trend['level']:.4g} and reaches the target {trend['comparator']}"
            f" {float(trend['target_value']):g} about {trend['crosses_on']}, at the earliest"
            f" {trend['crosses_earliest']},"
            f" {f'at the latest {latest}' if latest else 'at the latest never'}."
        ),
        "likelihood": likelihood_of(trend, today),
        "impact": impact_of(cause.criticality),
        "review_date": review,
    }


def same_result(stored: Mapping[str, Any], found: Mapping[str, Any]) -> bool:
    """Whether a series says what it said before."""
    return all(stored[name] == value for name, value in found.items())
