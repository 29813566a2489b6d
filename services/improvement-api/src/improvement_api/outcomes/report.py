"""The outcomes in their order, each with its formula and where it comes from."""

from collections.abc import Callable, Sequence
from typing import Final, TypeVar

from improvement_api.outcomes.asking import Answers
from improvement_api.outcomes.rules import (
    Outcome,
    Point,
    change,
    cost_change,
    nothing,
    share_of,
    total,
)
from improvement_api.outcomes.schemas import OutcomeOut

T = TypeVar("T")
Parts = tuple[int, int]
_KPIS: Final = "metrics-api GET /v1/kpis/all"
_ROOT_CAUSES: Final = "improvement-api GET /v1/reports/root-causes"
_NO_REQUEST: Final = "no request was resolved in these months"


def outcomes(answers: Answers, rca: Parts, permanent: Parts) -> list[OutcomeOut]:
    """`rca` and `permanent` are numerator and denominator of our own two shares."""
    return [
        _shown(
            ("csat_change", "Change of customer satisfaction (CSAT)", "ratio", _KPIS),
            "CSAT of the last whole quarter − CSAT of the first; n: answers of both",
            _from(answers.quarters, lambda points: change(points.get("csat", []))),
        ),
        _shown(
            ("nps_change", "Change of the net promoter score", "points", _KPIS),
            "NPS of the last whole quarter − NPS of the first; n: answers of both",
            _from(answers.quarters, lambda points: change(points.get("nps", []))),
        ),
        _shown(
            (
                "delivery_cost_change",
                "Change of delivery cost",
                "ratio",
                "catalog-api GET /v1/portfolios/{key}/costs",
            ),
            "(own cost of the last whole quarter − of the first) / of the first, summed over the"
            " portfolios that have both; n: portfolios",
            _from(answers.costs, cost_change),
        ),
        _shown(
            ("rca_coverage", "Root cause found, of major incidents", "ratio", _ROOT_CAUSES),
            "major incidents whose root cause is found / major incidents, resolved in these months;"
            " n: major incidents",
            share_of([rca], "no major incident was resolved in these months"),
        ),
        _shown(
            ("permanent_fix_rate", "Fixes that held", "ratio", _ROOT_CAUSES),
            "fixes without a recurrence / fixes whose days passed in these months; n: fixes",
            share_of([permanent], "no fix was judged in these months"),
        ),
        _shown(
            ("low_value_share", "Repetitive requests of low value", "ratio", _KPIS),
            "requests of low value / requests, summed over the months; n: requests",
            _from(
                answers.months,
                lambda points: share_of(_shares(points.get("low_value_share", [])), _NO_REQUEST),
            ),
        ),
        _shown(
            ("unplanned_outages", "Unplanned outages", "outages", _KPIS),
            "unplanned outages that began, summed over the months that have a figure; n: months",
            _from(answers.months, lambda points: total(points.get("unplanned_outages", []))),
        ),
        _shown(
            (
                "customer_retention",
                "Customers retained",
                "ratio",
                "catalog-api GET /v1/reports/customer-retention",
            ),
            "customers engaged on the first day who still are on the last / customers engaged on"
            " the first day; n: those",
            _from(answers.retention, lambda found: found),
        ),
    ]


def _from(answer: T | str, judge: Callable[[T], Outcome]) -> Outcome:
    """A text in the place of an answer is why there is none."""
    return nothing(answer) if isinstance(answer, str) else judge(answer)


def _shares(points: Sequence[Point]) -> list[Parts]:
    return [point.share for point in points if point.share is not None]


def _shown(about: tuple[str, str, str, str], formula: str, outcome: Outcome) -> OutcomeOut:
    outcome_id, name, unit, source = about
    return OutcomeOut(
        id=outcome_id,
        name=name,
        unit=unit,
        value=outcome.value,
        first=outcome.first,
        last=outcome.last,
        n=outcome.n,
        formula=formula,
        source=source,
        reason=outcome.reason,
    )
