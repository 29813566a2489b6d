"""The risk of a change, 0 to 100, as a sum of factors that each say why. Pure.

It shows what is known when the change is folded; the points of the factors are:

| factor | points |
|---|---|
| type | emergency 25, standard 0, any other 10 |
| impact | high 20, medium 12, unknown 8, low 0 |
| criticality of the service | critical 20, high 14, medium 7, unknown 5, low 0 |
| lead time to the planned start | none 10, up to a day 7, unknown or up to three 4, else 0 |
| failures of the service's changes before | 12 · failed / (ended + 2), half up |
| failures of the group's changes before | 3 · failed / (ended + 2), half up |
| test plan, backout plan | 5 and 5 where the tool says that there is none |

The two added to the changes that ended keep one failure of one change from being a certainty.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from metrics_api.sources.rules import folded

HISTORY = timedelta(days=180)
"""How far back changes count for those that come."""

OF_IMPACT = {"high": 20, "medium": 12, "low": 0, None: 8}
OF_CRITICALITY = {"critical": 20, "high": 14, "medium": 7, "low": 0}
OF_UNKNOWN_CRITICALITY = 5
OF_SERVICE, OF_GROUP, OF_PLAN = 12, 3, 5
OF_LEAD = ((timedelta(0), 10), (timedelta(days=1), 7), (timedelta(days=3), 4))
OF_UNKNOWN_LEAD = 4
_NUMBER = re.compile(r"^[^0-9]{0,2}([1-5])(?![0-9])")
_IMPACTS = {
    "critical": "high",
    "very high": "high",
    "extensive": "high",
    "significant": "high",
    "high": "high",
    "major": "high",
    "medium": "medium",
    "moderate": "medium",
    "low": "low",
    "minor": "low",
    "very low": "low",
    "none": "low",
}


class History(NamedTuple):
    """Changes that ended with an outcome, and those of them that failed or were rolled back."""

    ended: int
    failed: int


NO_HISTORY = History(0, 0)


@dataclass(frozen=True)
class Facts:
    """What is known of a change; None: unknown, or that the tool does not say."""

    emergency: bool
    type: str | None
    impact: str | None  # in the tool's words
    criticality: str | None
    opened_at: datetime | None
    planned_start_at: datetime | None
    test_plan: bool | None
    backout_plan: bool | None
    of_service: History = NO_HISTORY
    of_group: History = NO_HISTORY


class Factor(NamedTuple):
    factor: str
    points: int
    why: str


def score(facts: Facts) -> tuple[int, list[Factor]]:
    """(0 to 100, the factors that it is the sum of, those of no points too)."""
    factors = [
        _of_type(facts),
        _of_impact(facts.impact),
        _of_criticality(facts.criticality),
        _of_lead(facts.opened_at, facts.planned_start_at),
        _of_history("service_history", OF_SERVICE, facts.of_service),
        _of_history("group_history", OF_GROUP, facts.of_group),
        *_of_plans((("test_plan", facts.test_plan), ("backout_plan", facts.backout_plan))),
    ]
    return sum(factor.points for factor in factors), factors


def impact_of(words: str | None) -> str | None:
    """high, medium or low for the words of a tool (1 is high, 2 medium, 3 to 5 low), else None."""
    word = folded(words) if words else ""
    if word in _IMPACTS:
        return _IMPACTS[word]
    number = _NUMBER.match(word)
    return {1: "high", 2: "medium"}.get(int(number[1]), "low") if number else None


def _of_type(facts: Facts) -> Factor:
    if facts.emergency:
        return Factor("type", 25, "it is an emergency")
    if folded(facts.type or "") == "standard":
        return Factor("type", 0, "it is a standard change")
    return Factor("type", 10, "it is neither a standard change nor an emergency")


def _of_impact(words: str | None) -> Factor:
    impact = impact_of(words)
    return Factor("impact", OF_IMPACT[impact], f"its impact is {impact or 'unknown'}")


def _of_criticality(criticality: str | None) -> Factor:
    points = OF_CRITICALITY.get(criticality or "", OF_UNKNOWN_CRITICALITY)
    return Factor("criticality", points, f"the service's criticality is {criticality or 'unknown'}")


def _of_lead(opened_at: datetime | None, start_at: datetime | None) -> Factor:
    if opened_at is None or start_at is None:
        return Factor("lead_time", OF_UNKNOWN_LEAD, "no planned start or no opening is known")
    lead = max(start_at - opened_at, timedelta(0))
    why = f"{lead / timedelta(hours=1):.1f} hours from opening to planned start"
    return Factor("lead_time", _points_of_lead(lead), why)


def _points_of_lead(lead: timedelta) -> int:
    return next((points for most, points in OF_LEAD if lead <= most), 0)


def _of_history(factor: str, most: int, history: History) -> Factor:
    """The share of failures; integers, so that it is the same everywhere."""
    points = (2 * most * history.failed + history.ended + 2) // (2 * (history.ended + 2))
    why = f"{history.failed} of {history.ended} changes failed in {HISTORY.days} days"
    return Factor(factor, points, why)


def _of_plans(plans: Sequence[tuple[str, bool | None]]) -> list[Factor]:
    return [
        Factor(factor, 0 if there else OF_PLAN, "there is one" if there else "there is none")
        for factor, there in plans
        if there is not None
    ]
