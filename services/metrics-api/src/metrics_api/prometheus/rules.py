"""What is asked of a Prometheus server, and what its answers mean as samples. Pure.

https://prometheus.io/docs/prometheus/latest/querying/api/#range-queries
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from math import isfinite
from typing import Any, Final, NamedTuple

from metrics_api.samples.rules import Refused, Sample, SampleIn, sample_of
from metrics_api.slis.rules import RatioParts

MOST_POINTS: Final = 5_000
"""Of one answer; Prometheus itself refuses more than 11,000."""
FIRST_LOOK_BACK: Final = timedelta(days=1)
SETTLING: Final = timedelta(seconds=30)
"""Scrapes are stored a little late: the newest moments are asked for in the next round."""

Points = Mapping[datetime, float]


class BadAnswer(Exception):
    """The answer holds no numbers that can be used; the message says why."""


class Span(NamedTuple):
    """Moments from `start` to `end`, both included, `step` seconds apart."""

    start: datetime
    end: datetime
    step: int


def next_span(queried_until: datetime | None, now: datetime, step: int) -> Span | None:
    """What to ask for now: whole steps after the last answer, so that no moment is asked for at
    two phases; None while there is nothing new. At the first time the last day is asked for."""
    newest = _floor(now - SETTLING, step)
    after = queried_until or _floor(now - FIRST_LOOK_BACK, step)
    start = after + timedelta(seconds=step)
    if start > newest:
        return None
    last = start + timedelta(seconds=step * (MOST_POINTS - 1))
    return Span(start, min(newest, last), step)


def _floor(moment: datetime, step: int) -> datetime:
    return datetime.fromtimestamp(moment.timestamp() // step * step, UTC)


def parameters(query: str, span: Span) -> dict[str, str]:
    """The form of POST /api/v1/query_range."""
    return {
        "query": query,
        "start": f"{span.start.timestamp():.0f}",
        "end": f"{span.end.timestamp():.0f}",
        "step": str(span.step),
    }


def points_of(answer: Any) -> dict[datetime, float]:
    """The numbers of an answer by their moments; NaN and infinities are no numbers.

    Raises BadAnswer for an error, another kind of result, or more than one series.
    """
    if not isinstance(answer, dict) or answer.get("status") != "success":
        error = answer.get("error") if isinstance(answer, dict) else None
        raise BadAnswer(f"The server refused the query: {str(error or 'no reason given')[:500]}")
    data = answer.get("data")
    if not isinstance(data, dict) or data.get("resultType") != "matrix":
        raise BadAnswer("The answer is no range of values")
    series = data.get("result")
    if not isinstance(series, list) or not all(isinstance(one, dict) for one in series):
        raise BadAnswer("The answer is no range of values")
    if len(series) > 1:
        raise BadAnswer(f"The query gives {len(series)} series: aggregate them to one, as by sum()")
    values = series[0].get("values") if series else []
    return _numbers(values)


def _numbers(values: Any) -> dict[datetime, float]:
    try:
        pairs = [(float(at), float(text)) for at, text in values]
        return {datetime.fromtimestamp(at, UTC): value for at, value in pairs if isfinite(value)}
    except (TypeError, ValueError, OverflowError, OSError):
        raise BadAnswer("The answer holds something else than pairs of numbers") from None


def samples_of(
    parts: RatioParts | None, answers: Mapping[str, Points], now: datetime
) -> list[Sample]:
    """Samples of an SLI from the answers to its queries by part.

    Where there is a total but no good or bad, it counts 0: a server has no series of what has not
    happened yet. Numbers that no sample can have (more good than total, by a rounding between two
    scrapes) are cut to what it can.
    """
    if parts in (RatioParts.GOOD_TOTAL, RatioParts.BAD_TOTAL):
        is_good = parts is RatioParts.GOOD_TOTAL
        counted = answers["good" if is_good else "bad"]
        sent = [
            _of_counts(at, min(counted.get(at, 0.0), total), total, is_good)
            for at, total in answers["total"].items()
            if total >= 0
        ]
    else:
        part = "threshold" if parts is None else "raw"
        sent = [SampleIn(at, value=value) for at, value in answers[part].items()]
    return [sample for one in sent if (sample := _checked(one, parts, now)) is not None]


def _of_counts(at: datetime, counted: float, total: float, is_good: bool) -> SampleIn:
    if is_good:
        return SampleIn(at, good=counted, total=total)
    return SampleIn(at, bad=counted, total=total)


def _checked(sent: SampleIn, parts: RatioParts | None, now: datetime) -> Sample | None:
    try:
        return sample_of(sent, parts, now)
    except Refused:
        return None
