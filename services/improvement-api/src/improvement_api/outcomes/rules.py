"""What became of it all: eight outcomes, each from figures of its owner. Pure.

An outcome without a figure has the reason in its place; nothing is put in for what is missing.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final

from improvement_api.periods import Grain, months_later, periods_between


@dataclass(frozen=True)
class Outcome:
    """`value` is a ratio or a count or points, as the unit says; `n` what it was counted from."""

    value: float | None
    n: int
    first: float | None
    last: float | None
    reason: str | None


@dataclass(frozen=True)
class Point:
    """A figure of a period: its value, of how many, and the parts of a share."""

    period: str
    value: float | None
    count: int
    share: tuple[int, int] | None


@dataclass(frozen=True)
class Window:
    """Whole months, [first, until)."""

    first: date
    until: date

    @property
    def quarters(self) -> list[str]:
        """The whole calendar quarters, the oldest first."""
        begun = (self.first.month - 1) % 3  # months of a quarter that began before the window
        late = months_later(self.first, 3 - begun) if begun else self.first
        last = date.fromordinal(self.until.toordinal() - 1)
        return periods_between(Grain.QUARTER, late, last) if late < self.until else []


NOT_TWO_QUARTERS: Final = "the months asked for do not hold two whole quarters"


def window_of(today: date, months: int) -> Window:
    """The last whole months before this one (UTC)."""
    until = today.replace(day=1)
    return Window(months_later(until, -months), until)


def nothing(reason: str) -> Outcome:
    return Outcome(None, 0, None, None, reason)


def points_of(document: Mapping[str, Any]) -> dict[str, list[Point]]:
    """The points by KPI of an answer of GET /v1/kpis/all of metrics-api."""
    return {
        series["kpi"]: [
            Point(
                one["period"],
                one["value"],
                one["count"],
                None
                if one["share"] is None
                else (one["share"]["numerator"], one["share"]["denominator"]),
            )
            for one in series["values"]
        ]
        for series in document["kpis"]
    }


def change(points: Sequence[Point]) -> Outcome:
    """The last point less the first one."""
    if len(points) < 2:
        return nothing(NOT_TWO_QUARTERS)
    first, last = points[0], points[-1]
    n = first.count + last.count
    silent = [point.period for point in (first, last) if point.value is None]
    if first.value is None or last.value is None:
        reason = f"nobody answered in {' and '.join(silent)}"
        return Outcome(None, n, first.value, last.value, reason)
    return Outcome(last.value - first.value, n, first.value, last.value, None)


def share_of(parts: Iterable[tuple[int, int]], none: str) -> Outcome:
    """The sum of numerators over that of denominators."""
    listed = list(parts)
    of = sum(denominator for _, denominator in listed)
    if of == 0:
        return nothing(none)
    return Outcome(sum(numerator for numerator, _ in listed) / of, of, None, None, None)


def total(points: Sequence[Point]) -> Outcome:
    """The sum of a count over all months; a month without a figure is not taken for zero."""
    known = [point.value for point in points if point.value is not None]
    if not known:
        return nothing("no month has a figure")
    return Outcome(sum(known), len(known), None, None, None)


@dataclass(frozen=True)
class Cost:
    """What a portfolio cost of its own in the first and in the last quarter."""

    portfolio: str
    currency: str | None
    first: Decimal | None
    last: Decimal | None


def cost_change(costs: Sequence[Cost]) -> Outcome:
    """(last − first) / first, over the portfolios whose cost of both quarters is known."""
    known = [one for one in costs if one.first is not None and one.last is not None]
    if not known:
        return nothing("no portfolio has costs of both quarters")
    currencies = sorted({one.currency for one in known if one.currency is not None})
    if len(currencies) > 1:
        return nothing(f"costs are kept in {', '.join(currencies)} and are not added up")
    first = sum((one.first for one in known if one.first is not None), Decimal(0))
    last = sum((one.last for one in known if one.last is not None), Decimal(0))
    if first == 0:
        reason = "the first quarter cost nothing"
        return Outcome(None, len(known), float(first), float(last), reason)
    ratio = (last - first) / first
    return Outcome(float(ratio), len(known), float(first), float(last), None)


def retention(document: Mapping[str, Any]) -> Outcome:
    """An answer of GET /v1/reports/customer-retention of catalog-api."""
    reason = document["reason"]
    return Outcome(document["ratio"], document["engaged"], None, None, reason)
