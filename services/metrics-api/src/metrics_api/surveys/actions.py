"""Making the satisfaction report: counts in one statement, then the figures."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from metrics_api.as_of.knowing import known, lay_out_records
from metrics_api.as_of.relations import THEN
from metrics_api.indicators.periods import Period, Span
from metrics_api.indicators.schemas import NoNumber
from metrics_api.indicators.scopes import LIVE
from metrics_api.record_kpis.rules import Counts
from metrics_api.surveys import queries
from metrics_api.surveys.queries import Counted, SurveyFilter
from metrics_api.surveys.rules import UNITS, Facet, SurveyKind, satisfaction
from metrics_api.surveys.schemas import (
    ConfidenceInterval,
    SatisfactionReport,
    SatisfactionRow,
    SatisfactionValue,
    ScoreCount,
)
from shared.kit.database import Engine, Session
from shared.kit.pagination import PageParams, encode_cursor
from shared.schemas.metrics import RecordKind

_REASONS: Final = {
    "no_records": "No survey was sent or answered in the period",
    "no_answers": "No survey was answered with a score in the period",
}
_NO_COUNTS: Final[Counts] = Counter()


@dataclass(frozen=True)
class SatisfactionQuestion:
    """What is asked: of which surveys, a row for each of what, in which periods.

    `as_of` None: as things stand.
    """

    kind: SurveyKind
    by: Facet
    periods: Sequence[Period]
    timezone: str
    surveys: SurveyFilter
    as_of: datetime | None


async def satisfaction_report(
    session: Session, engine: Engine, asked: SatisfactionQuestion, page: PageParams
) -> SatisfactionReport:
    """A page of the report; as of a moment it is read in a transaction of its own."""
    async with known(session, engine, asked.as_of) as seen:
        if asked.as_of is not None:
            service = asked.surveys.service
            services = None if service is None else {service}
            await lay_out_records(seen, asked.as_of, {RecordKind.SURVEY: services})
        return await _page(seen, asked, page)


async def _page(
    session: Session, asked: SatisfactionQuestion, page: PageParams
) -> SatisfactionReport:
    """A row for each key with a survey in any period; those that name none come first, as null."""
    spans = [Span(n, period.start, period.end) for n, period in enumerate(asked.periods)]
    relations = LIVE if asked.as_of is None else THEN
    counted = Counted(asked.kind, spans, asked.surveys, relations)
    total = await queries.counts_in_all(session, counted)
    by_key = await queries.counts_by_key(session, counted, asked.by, page)
    keys = list(by_key)[: page.limit]
    names = await queries.names_of(session, asked.by, [key for key in keys if key], asked.as_of)
    rows = [
        SatisfactionRow(key=key or None, name=names.get(key), values=_values(asked, by_key[key]))
        for key in keys
    ]
    return SatisfactionReport(
        kind=asked.kind,
        unit=UNITS[asked.kind],
        timezone=asked.timezone,
        as_of=asked.as_of,
        by=asked.by,
        total=_values(asked, total),
        rows=rows,
        next_cursor=encode_cursor((keys[-1],)) if len(by_key) > page.limit else None,
    )


def _values(asked: SatisfactionQuestion, counts: Mapping[int, Counts]) -> list[SatisfactionValue]:
    return [
        _value(asked.kind, period, counts.get(n, _NO_COUNTS))
        for n, period in enumerate(asked.periods)
    ]


def _value(kind: SurveyKind, period: Period, counts: Counts) -> SatisfactionValue:
    found = satisfaction(kind, counts)
    interval, reason = found.interval, found.reason
    return SatisfactionValue(
        period=period.label,
        start=period.start,
        end=period.end,
        complete=period.complete,
        value=found.value,
        answers=found.answers,
        mean=found.mean,
        scores=[ScoreCount(score=score, answers=answers) for score, answers in found.scores],
        sent=found.sent,
        responded=found.responded,
        response_rate=found.response_rate,
        margin=found.margin,
        interval=interval and ConfidenceInterval(low=interval.low, high=interval.high),
        small_sample=found.small_sample,
        reason=None if reason is None else NoNumber(code=reason, text=_REASONS[reason]),
    )
