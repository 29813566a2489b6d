"""What the counts of records say: satisfaction, its margins of error, shares. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import sqrt
from typing import Any, Final, NamedTuple

from shared.schemas.metrics import KpiId

Counts = Mapping[str, int]
"""What a statement counted, by name."""

Z_95: Final = 1.959963984540054
"""The normal quantile of a two-sided 95 % interval."""
SMALL_SAMPLE: Final = 5
"""Fewer answers than these are marked (Records rule 12)."""
MICROSECONDS_PER_HOUR: Final = 3_600_000_000
VERIFIED_AFTER_DAYS: Final = 30
"""A problem that does not come back for so long is fixed for good."""
REPETITIVE_FROM: Final = 5
"""As many like requests in a span make a repetitive group."""
CSAT_SCORES: Final = range(1, 6)
NPS_SCORES: Final = range(11)


@dataclass(frozen=True)
class Parts:
    """The parts of a figure: total / count, of so many records; see scopes.RecordSums."""

    total: int
    count: int
    records: int
    exclusions: dict[str, int]
    extras: dict[str, Any]


class Interval(NamedTuple):
    low: float
    high: float


def wilson_interval(successes: int, n: int) -> Interval:
    """The 95 % score interval of a share; the whole of 0 to 1 when nothing is known.

    E. B. Wilson, Probable inference, JASA 22 (1927); recommended for small n by Brown, Cai and
    DasGupta, Interval estimation for a binomial proportion, Statistical Science 16 (2001).
    """
    if n == 0:
        return Interval(0.0, 1.0)
    share, z2 = successes / n, Z_95 * Z_95
    middle = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = Z_95 / (1 + z2 / n) * sqrt(share * (1 - share) / n + z2 / (4 * n * n))
    # Of none and of all the bound is the share itself, which rounding would miss.
    return Interval(max(0.0, min(share, middle - half)), min(1.0, max(share, middle + half)))


def nps_standard_error(promoters: int, detractors: int, n: int) -> float:
    """100·sqrt((p + d − (p − d)²) / n) in points, of shares p and d of n > 0 answers (rule 12).

    The variance of an answer that counts 1, 0 or −1.
    """
    p, d = promoters / n, detractors / n
    return 100 * sqrt(max(0.0, p + d - (p - d) ** 2) / n)


def is_small(n: int) -> bool:
    return n < SMALL_SAMPLE


def share(part: int, whole: int) -> float | None:
    """None of nothing."""
    return part / whole if whole else None


def parts_of(kpi: KpiId, counts: Counts) -> Parts:
    """The parts of a KPI's figure; extras have a `reason` when there is no number."""
    return _PARTS[kpi](counts)


def _some(**exclusions: int) -> dict[str, int]:
    return {reason: number for reason, number in exclusions.items() if number}


def _reason(count: int, seen: int, code: str) -> dict[str, str]:
    """Why there is no number, if there is none; `seen` are all records, also those excluded."""
    if count:
        return {}
    return {"reason": code if seen else "no_records"}


def _survey_exclusions(counts: Counts) -> dict[str, int]:
    return _some(no_score=counts["no_score"], no_answer_time=counts["no_answer_time"])


def _answers(counts: Counts, scores: range) -> dict[str, Any]:
    """What stands beside both kinds of satisfaction."""
    distribution = {score: counts[f"score_{score}"] for score in scores}
    n, sent, exclusions = counts["answered"], counts["sent"], _survey_exclusions(counts)
    return {
        "mean": share(sum(score * number for score, number in distribution.items()), n),
        "scores": {str(score): number for score, number in distribution.items()},
        "sent": sent,
        "responded": counts["responded"],
        "response_rate": share(counts["responded"], sent),
        "small_sample": is_small(n),
        **_reason(n, sent + sum(exclusions.values()), "no_answers"),
    }


def _csat(counts: Counts) -> Parts:
    """Ratings 4 and 5 of all ratings; interval and margin (half of it) are Wilson's, as shares."""
    n = counts["answered"]
    satisfied = counts["score_4"] + counts["score_5"]
    beside: dict[str, Any] = {"interval": None, "margin": None}
    if n:
        low, high = wilson_interval(satisfied, n)
        beside = {"interval": [low, high], "margin": (high - low) / 2}
    extras = {**_answers(counts, CSAT_SCORES), **beside}
    return Parts(satisfied, n, n, _survey_exclusions(counts), extras)


def _nps(counts: Counts) -> Parts:
    """Promoters (9, 10) less detractors (0 to 6); the error and its margin are in points."""
    n = counts["answered"]
    promoters = counts["score_9"] + counts["score_10"]
    detractors = sum(counts[f"score_{score}"] for score in range(7))
    error = nps_standard_error(promoters, detractors, n) if n else None
    extras = {
        **_answers(counts, NPS_SCORES),
        "promoters": promoters,
        "passives": n - promoters - detractors,
        "detractors": detractors,
        "standard_error": error,
        "margin": None if error is None else 1.96 * error,
    }
    return Parts(promoters - detractors, n, n, _survey_exclusions(counts), extras)


def _change_failure_rate(counts: Counts) -> Parts:
    """Changes that failed, were rolled back or caused something, of all that were completed.

    One whose outcome nobody told counts as completed and not as failed, and is in extras.
    """
    n = counts["completed"]
    names = ("outcome_failed", "rolled_back", "caused_trouble", "unknown_outcome", "emergencies")
    exclusions = _some(cancelled=counts["cancelled"])
    extras = {name: counts[name] for name in names}
    reason = _reason(n, counts["cancelled"], "nothing_completed")
    return Parts(counts["failed"], n, n, exclusions, {**extras, **reason})


def _fulfilment_time(counts: Counts) -> Parts:
    n = counts["fulfilled"]
    names = ("negative_duration", "no_opening_time", "cancelled")
    exclusions = _some(**{name: counts[name] for name in names})
    extras = {
        "judged": counts["judged"],
        "in_time": counts["in_time"],
        **_reason(n, sum(exclusions.values()), "nothing_fulfilled"),
    }
    return Parts(counts["fulfilled_us"], n, n, exclusions, extras)


def _low_value_share(counts: Counts) -> Parts:
    n = counts["opened"]
    names = ("flagged", "repetitive", "groups")
    extras = {name: counts[name] for name in names}
    return Parts(counts["low_value"], n, n, {}, {**extras, **_reason(n, 0, "no_records")})


def _permanent_fix_rate(counts: Counts) -> Parts:
    n, early = counts["judged"], counts["not_yet_verifiable"]
    extras = {"recurred": n - counts["fixed"], **_reason(n, early, "not_yet_verifiable")}
    return Parts(counts["fixed"], n, n, _some(not_yet_verifiable=early), extras)


def _outage_exclusions(counts: Counts) -> dict[str, int]:
    names = ("degraded", "cancelled", "negative_duration")
    return _some(**{name: counts[name] for name in names})


def _unplanned_outages(counts: Counts) -> Parts:
    n = counts["began"]
    extras = {"planned": counts["planned"], "observed": bool(counts["observed"])}
    reason = {} if counts["observed"] else {"reason": "no_records"}
    return Parts(n, n, n, _outage_exclusions(counts), {**extras, **reason})


def _observed_time(counts: Counts) -> dict[str, Any]:
    extras = {
        "services": counts["services"],
        "agreed_hours": counts["agreed_us"] / MICROSECONDS_PER_HOUR,
        "downtime_hours": counts["downtime_us"] / MICROSECONDS_PER_HOUR,
        "outages_begun": counts["timed"],
        "planned": counts["planned"],
    }
    if counts["outside_calendar"]:
        extras["services_outside_calendar"] = counts["outside_calendar"]
    return extras


def _time_exclusions(counts: Counts) -> dict[str, int]:
    return {**_outage_exclusions(counts), **_some(unattributed=counts["unattributed"])}


def _no_time(counts: Counts) -> dict[str, str]:
    """Why there is no agreed time, if there is none."""
    if counts["agreed_us"]:
        return {}
    if not counts["services"]:
        return {"reason": "no_records"}
    outside = counts["outside_calendar"] == counts["services"]
    return {"reason": "outside_calendar" if outside else "no_agreed_time"}


def _availability(counts: Counts) -> Parts:
    """(agreed time − downtime) / agreed time, in microseconds (Records rule 10)."""
    agreed = counts["agreed_us"]
    up = agreed - counts["downtime_us"]
    extras = {**_observed_time(counts), **_no_time(counts)}
    return Parts(up, agreed, counts["overlapping"], _time_exclusions(counts), extras)


def _mtbf(counts: Counts) -> Parts:
    """(agreed time − downtime) / unplanned outages that began (Records rule 10).

    Without an outage there is no number; how long none was seen is in extras as agreed hours.
    """
    up, began = counts["agreed_us"] - counts["downtime_us"], counts["timed"]
    reason = _no_time(counts)
    if not reason and not began:
        reason = {"reason": "no_outages"}
    count = 0 if reason else began
    extras = {**_observed_time(counts), **reason}
    return Parts(up, count, began, _time_exclusions(counts), extras)


_PARTS: Final[dict[KpiId, Callable[[Counts], Parts]]] = {
    KpiId.AVAILABILITY: _availability,
    KpiId.MTBF: _mtbf,
    KpiId.UNPLANNED_OUTAGES: _unplanned_outages,
    KpiId.CSAT: _csat,
    KpiId.NPS: _nps,
    KpiId.CHANGE_FAILURE_RATE: _change_failure_rate,
    KpiId.FULFILMENT_TIME: _fulfilment_time,
    KpiId.LOW_VALUE_SHARE: _low_value_share,
    KpiId.PERMANENT_FIX_RATE: _permanent_fix_rate,
}
RECORD_KPIS: Final = frozenset(_PARTS)
"""The KPIs that are counted from records."""
