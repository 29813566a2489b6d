"""Which periods are judged, how, and what of it is news. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final
from zoneinfo import ZoneInfo

from metrics_api.indicators.figures import meets
from metrics_api.indicators.periods import Grain, Period, labels_between, parse_period
from shared.schemas.metrics import Comparator

LOOK_BACK: Final = timedelta(days=90)
"""Figures of periods that ended in it are looked at again: records come late."""

_HISTORY: Final = {
    Grain.DAY: timedelta(days=100),
    Grain.WEEK: timedelta(weeks=156),
    Grain.MONTH: timedelta(days=366 * 12),
    Grain.QUARTER: timedelta(days=366 * 20),
    Grain.YEAR: timedelta(days=366 * 20),
}
"""How far back a target that is set for the past is judged."""

DID_NOT_HOLD: Final = "target_did_not_hold"
_EARLIEST: Final = date(1900, 1, 1)


class Verdict(StrEnum):
    MET = "met"
    MISSED = "missed"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Measured:
    """A figure of a period, of how many records, and why there is none (a code)."""

    value: float | None
    count: int
    reason: str | None


@dataclass(frozen=True)
class Judged:
    """A verdict with the terms and the figure that it was made of."""

    verdict: Verdict
    value: float | None
    count: int
    reason: str | None
    comparator: Comparator
    target_value: Decimal


def judge(figure: Measured, comparator: Comparator, target: Decimal) -> Judged:
    """Met or missed where there is a figure, else unknown with its reason."""
    if figure.value is None:
        verdict = Verdict.UNKNOWN
    else:
        met = meets(figure.value, comparator, target)
        verdict = Verdict.MET if met else Verdict.MISSED
    return Judged(verdict, figure.value, figure.count, figure.reason, comparator, target)


def withdrawn(comparator: Comparator, target: Decimal) -> Judged:
    """Of a period in which the target, as it reads now, did not hold throughout."""
    return Judged(Verdict.UNKNOWN, None, 0, DID_NOT_HOLD, comparator, target)


def full_periods(grain: Grain, zone: ZoneInfo, now: datetime) -> list[Period]:
    """The periods that are over, as far back as targets are judged, in order."""
    today = now.astimezone(zone).date()
    first = max(_EARLIEST, today - _HISTORY[grain])
    return finished(labels_between(grain, first, today), zone, now)


def finished(labels: Iterable[str], zone: ZoneInfo, now: datetime) -> list[Period]:
    """Those of the periods that are over."""
    periods = (parse_period(label, zone, now) for label in labels)
    return [period for period in periods if period.complete]


def is_news(before: str | None, after: Verdict) -> bool:
    """Whether others hear of a verdict: of each that says something, once until it changes."""
    return after is not Verdict.UNKNOWN and after != before


def newest_by_target(judged: Iterable[Mapping[str, Any]]) -> dict[Any, date]:
    """The first day of the newest period of each target."""
    newest: dict[Any, date] = {}
    for row in judged:
        target, first = row["target_id"], row["first_day"]
        newest[target] = max(first, newest.get(target, first))
    return newest


def worth_telling(news: Iterable[Mapping[str, Any]], now: datetime) -> list[Mapping[str, Any]]:
    """Of the news those of recent periods, and of each target the newest.

    A target that is set for years back is judged at once for all of them; that is history, and its
    newest period tells by its streak what there is to act on.
    """
    rows = list(news)
    newest = newest_by_target(rows)
    since = now.date() - LOOK_BACK
    return [
        row
        for row in rows
        if row["last_day"] >= since or row["first_day"] == newest[row["target_id"]]
    ]
