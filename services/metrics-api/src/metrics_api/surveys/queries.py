"""The statements about surveys: counts of the satisfaction report, comments, names."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, RowMapping, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from metrics_api.attribution.service_queries import service_names
from metrics_api.copies.queries import copies_of
from metrics_api.copies.schemas import CustomerCopy, TouchpointCopy
from metrics_api.indicators.periods import Span
from metrics_api.indicators.scopes import Relations
from metrics_api.record_kpis.queries import stretch_parameters
from metrics_api.record_kpis.rules import Counts
from metrics_api.record_kpis.scoping import Breakdown
from metrics_api.record_kpis.tallies import tally_statement
from metrics_api.records.tables import Survey
from metrics_api.sources.tables import Source
from metrics_api.surveys.rules import Facet, SurveyKind
from shared.kit.pagination import PageParams, keyset
from shared.schemas.metrics import KpiId

_NOT_COUNTS: Final = frozenset({"service", "slice", "n", "percentiles"})
# The keys of a page are those after the last one of the page before, '' for surveys that name none.
_OF_THE_PAGE: Final = """WHERE g.slice IN (
            SELECT c.slice FROM counted c JOIN membership USING (stretch)
            WHERE CAST(:after AS text) IS NULL OR c.slice COLLATE "C" > CAST(:after AS text)
            GROUP BY c.slice ORDER BY c.slice COLLATE "C" LIMIT :limit)"""


@dataclass(frozen=True)
class SurveyFilter:
    """Which surveys; None is any. `customer` is whom the survey asked."""

    service: str | None = None
    touchpoint: str | None = None
    customer: str | None = None


@dataclass(frozen=True)
class CommentFilter:
    """Which comments; ranges of stamps are [from, to), those of scores have both ends."""

    surveys: SurveyFilter
    kind: str | None = None
    score_from: int | None = None
    score_to: int | None = None
    answered_from: datetime | None = None
    answered_to: datetime | None = None
    received_from: datetime | None = None
    received_to: datetime | None = None


@dataclass(frozen=True)
class Counted:
    """What is counted: surveys of a kind in these spans, as they are or as they were known."""

    kind: SurveyKind
    spans: Sequence[Span]
    wanted: SurveyFilter
    relations: Relations


async def counts_by_key(
    session: AsyncSession, counted: Counted, by: Facet, page: PageParams
) -> dict[str, dict[int, Counts]]:
    """Counts by key and number of the span, in the order of keys, one key more than asked."""
    parameters = {
        "after": page.after[0] if page.after else None,
        "limit": page.limit + 1,
    }
    keyed = f"coalesce(r.{by.value}, '')"
    found: dict[str, dict[int, Counts]] = {}
    for row in await _tallied(session, counted, keyed, _OF_THE_PAGE, parameters):
        found.setdefault(row["slice"], {})[row["n"]] = _counts(row)
    return dict(sorted(found.items()))  # code points, as the C collation orders them


async def counts_in_all(session: AsyncSession, counted: Counted) -> dict[int, Counts]:
    """Counts of all surveys that are wanted, by number of the span."""
    rows = await _tallied(session, counted, "NULL::text", "", {})
    return {row["n"]: _counts(row) for row in rows}


async def _tallied(
    session: AsyncSession,
    counted: Counted,
    keyed: str,
    of_the_page: str,
    parameters: dict[str, Any],
) -> Sequence[RowMapping]:
    parts = Breakdown("NULL::text", keyed, _condition(counted.wanted), False)
    statement = tally_statement(KpiId(counted.kind.value), parts, counted.relations, of_the_page)
    parameters = {**_parameters(counted.spans, counted.wanted), **parameters}
    return (await session.execute(text(statement), parameters)).mappings().all()


def _condition(wanted: SurveyFilter) -> str:
    given = [name for name, value in vars(wanted).items() if value is not None]
    return " AND ".join(f"r.{name} = CAST(:{name} AS text)" for name in given) or "true"


def _parameters(spans: Sequence[Span], wanted: SurveyFilter) -> dict[str, Any]:
    given = {name: value for name, value in vars(wanted).items() if value is not None}
    return {**stretch_parameters(spans), **given}


def _counts(row: Any) -> Counts:
    return {name: int(number) for name, number in row.items() if name not in _NOT_COUNTS}


async def names_of(
    session: AsyncSession, by: Facet, keys: Sequence[str], as_of: datetime | None
) -> dict[str, str]:
    """The names of those that the catalog told of, or had told of by then."""
    match by:
        case Facet.SERVICE:
            return await service_names(session, keys, as_of)
        case Facet.CUSTOMER:
            customers = await copies_of(session, "customer", CustomerCopy, keys=keys, as_of=as_of)
            return {key: customer.name for key, customer in customers.items()}
        case Facet.TOUCHPOINT:
            touchpoints = await copies_of(
                session, "touchpoint", TouchpointCopy, keys=keys, as_of=as_of
            )
            return {key: touchpoint.name for key, touchpoint in touchpoints.items()}


_COMMENT: Final[tuple[Any, ...]] = (
    Source.key.label("source"),
    Survey.source_id,
    Survey.external_id,
    Survey.kind,
    Survey.service,
    Survey.customer,
    Survey.touchpoint,
    Survey.channel,
    Survey.about,
    Survey.score,
    Survey.comment,
    Survey.sent_at,
    Survey.answered_at,
    Survey.last_received_at.label("received_at"),
)


async def list_comments(
    session: AsyncSession, wanted: CommentFilter, page: PageParams
) -> Sequence[Any]:
    """Comments of answered surveys, the newest answer first, one more than the page holds."""
    statement = (
        select(*_COMMENT)
        .join(Source, Source.id == Survey.source_id)
        .where(
            Survey.comment.is_not(None),
            Survey.comment.regexp_match("[^[:space:]]"),
            Survey.answered_at.is_not(None),
            *_comment_conditions(wanted),
        )
    )
    order: list[Any] = [
        Survey.answered_at.desc(),
        Survey.source_id.desc(),
        Survey.external_id.desc(),
    ]
    return list((await session.execute(keyset(statement, order, page))).all())


def _comment_conditions(wanted: CommentFilter) -> Iterator[ColumnElement[bool]]:
    equal = (
        (Survey.kind, wanted.kind),
        (Survey.service, wanted.surveys.service),
        (Survey.touchpoint, wanted.surveys.touchpoint),
        (Survey.customer, wanted.surveys.customer),
    )
    yield from (column == value for column, value in equal if value is not None)
    if wanted.score_from is not None:
        yield Survey.score >= wanted.score_from
    if wanted.score_to is not None:
        yield Survey.score <= wanted.score_to
    ranges = (
        (Survey.answered_at, wanted.answered_from, wanted.answered_to),
        (Survey.last_received_at, wanted.received_from, wanted.received_to),
    )
    for stamp, start, end in ranges:
        if start is not None:
            yield stamp >= start
        if end is not None:
            yield stamp < end
