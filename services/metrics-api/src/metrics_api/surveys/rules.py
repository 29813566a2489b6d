"""What survey answers say, as it is reported. Pure."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from metrics_api.record_kpis.rules import Counts, Interval, parts_of
from shared.schemas.metrics import KpiId

MAX_PERIODS: Final = 60
"""Five years of months: a page of the report has up to 500 rows of them."""


class SurveyKind(StrEnum):
    CSAT = "csat"
    NPS = "nps"


class Facet(StrEnum):
    """What the report has one row for."""

    TOUCHPOINT = "touchpoint"
    SERVICE = "service"
    CUSTOMER = "customer"


UNITS: Final = {SurveyKind.CSAT: "ratio", SurveyKind.NPS: "points"}


@dataclass(frozen=True)
class Satisfaction:
    """A figure of `answers` answers and all that says how far to trust it.

    `value` is a share for csat and points for nps, `margin` half the width of the 95 % interval
    (csat) or 1.96 standard errors (nps), both in the unit of the value.
    """

    value: float | None
    answers: int
    mean: float | None
    scores: tuple[tuple[int, int], ...]
    sent: int
    responded: int
    response_rate: float | None
    margin: float | None
    interval: Interval | None
    small_sample: bool
    reason: str | None


def satisfaction(kind: SurveyKind, counts: Counts) -> Satisfaction:
    """The figure of what a tally of surveys counted (Records rule 12)."""
    parts = parts_of(KpiId(kind.value), counts)
    beside = parts.extras
    value = None
    if parts.count:
        scale = 100 if kind is SurveyKind.NPS else 1
        value = scale * parts.total / parts.count
    return Satisfaction(
        value=value,
        answers=parts.count,
        mean=beside["mean"],
        scores=tuple((int(score), number) for score, number in beside["scores"].items()),
        sent=beside["sent"],
        responded=beside["responded"],
        response_rate=beside["response_rate"],
        margin=beside["margin"],
        interval=_interval(kind, value, parts.extras),
        small_sample=beside["small_sample"],
        reason=beside.get("reason"),
    )


def _interval(kind: SurveyKind, value: float | None, beside: dict[str, object]) -> Interval | None:
    match kind, beside.get("interval"), beside["margin"]:
        case SurveyKind.CSAT, [float(low), float(high)], _:
            return Interval(low, high)
        case SurveyKind.NPS, _, float(margin) if value is not None:
            return Interval(max(-100.0, value - margin), min(100.0, value + margin))
    return None
