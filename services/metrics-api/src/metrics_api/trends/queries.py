"""Every SQL statement about trends and the risks that they raise."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from operator import itemgetter
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Subquery, func, literal, select, text, update
from sqlalchemy.dialects.postgresql import distinct_on, insert
from sqlalchemy.ext.asyncio import AsyncSession

from metrics_api.attribution.tables import ServiceCopy
from metrics_api.trends.rules import CrossingState, Direction, RaisedState
from metrics_api.trends.tables import RaisedRisk, Trend, TrendVersion
from shared.kit.database import Query
from shared.kit.pagination import PageParams, keyset
from shared.schemas.metrics import KpiId

_COLUMNS = Trend.__table__.c


@dataclass(frozen=True)
class TrendFilter:
    """Which trends; None asks for any. `crossing_before`: with a breach ahead before this day."""

    service: str | None
    kpi: KpiId | None
    direction: Direction | None
    crossing_before: date | None


async def service_keys(session: AsyncSession, after: str, limit: int) -> list[str]:
    """Keys of the services that the catalog told of, in order, after one of them."""
    key = ServiceCopy.key.collate("C")
    statement = select(ServiceCopy.key).where(key > after).order_by(key).limit(limit)
    return list((await session.scalars(statement)).all())


async def lock_trends(session: AsyncSession, kpi: KpiId) -> None:
    """One writer at a time for each KPI, so that no change is told twice."""
    name = func.hashtextextended(literal(f"trends\n{kpi}"), 0)
    await session.execute(select(func.pg_advisory_xact_lock(name)))


async def stored_trends(
    session: AsyncSession, kpi: KpiId, services: Sequence[str]
) -> dict[str, Row[Any]]:
    """What is stored of these services, by service."""
    statement = select(*_COLUMNS).where(_COLUMNS.kpi == kpi, _COLUMNS.service.in_(services))
    return {row.service: row for row in await session.execute(statement)}


async def write_trends(session: AsyncSession, rows: Sequence[Mapping[str, Any]]) -> None:
    """Let these be the latest, and keep them as versions."""
    if not rows:
        return
    fields = [dict(row) for row in rows]
    statement = insert(Trend)
    replaced = {
        column.name: statement.excluded[column.name]
        for column in _COLUMNS
        if column.name not in ("service", "kpi")
    }
    await session.execute(
        statement.on_conflict_do_update(index_elements=["service", "kpi"], set_=replaced), fields
    )
    await session.execute(insert(TrendVersion), fields)


async def list_trends(
    session: AsyncSession, wanted: TrendFilter, page: PageParams, as_of: datetime | None = None
) -> list[Row[Any]]:
    """Stored trends that fit, by service and KPI, one more than the page holds.

    `as_of`: as they had been stored by then.
    """
    columns = _COLUMNS if as_of is None else _stored_by(as_of).c
    statement = select(*columns)
    for column, value in (
        (columns.service, wanted.service),
        (columns.kpi, wanted.kpi),
        (columns.direction, wanted.direction),
    ):
        if value is not None:
            statement = statement.where(column == value)
    if wanted.crossing_before is not None:
        statement = statement.where(
            columns.crossing == CrossingState.BREACH,
            columns.crosses_on < wanted.crossing_before,
        )
    order = [columns.service, columns.kpi]
    return list((await session.execute(keyset(statement, order, page))).all())


def _stored_by(as_of: datetime) -> Subquery:
    """The version of each trend that stood at a moment."""
    version = TrendVersion.__table__.c
    return (
        select(*version)
        .ext(distinct_on(version.service, version.kpi))
        .where(version.recorded_at <= as_of)
        .order_by(version.service, version.kpi, version.version.desc())
        .subquery()
    )


# -- risks ----------------------------------------------------------------------------------------

_END = """
UPDATE metrics.raised_risk r
SET ended_at = :now,
    state = CASE WHEN r.state = 'pending' THEN 'withdrawn' ELSE r.state END
WHERE r.ended_at IS NULL AND NOT EXISTS (
    SELECT FROM metrics.trend t
    WHERE t.service = r.service AND t.kpi = r.kpi AND t.direction = 'degrading'
      AND t.crossing IN ('breach', 'already'))
"""


async def end_causes(session: AsyncSession, now: datetime) -> None:
    """End the causes whose trend degrades no longer, or leads to no breach any more.

    One that has led to the breach lasts until the trend turns.
    """
    await session.execute(text(_END), {"now": now})


_CAUSES = """
SELECT t.*, s.criticality FROM metrics.trend t JOIN metrics.service_copy s ON s.key = t.service
WHERE t.direction = 'degrading' AND t.crossing = 'breach' AND t.crosses_on <= :until
  AND NOT EXISTS (SELECT FROM metrics.raised_risk r
                  WHERE r.service = t.service AND r.kpi = t.kpi AND r.ended_at IS NULL)
ORDER BY t.service, t.kpi
"""


async def new_causes(session: AsyncSession, until: date) -> Sequence[Row[Any]]:
    """Degrading trends that reach their target by then and have not raised a risk."""
    return (await session.execute(text(_CAUSES), {"until": until})).all()


async def insert_cause(session: AsyncSession, values: Mapping[str, Any]) -> bool:
    """Keep a cause; False where another job was faster."""
    statement = insert(RaisedRisk).values(**values).on_conflict_do_nothing()
    return await session.scalar(statement.returning(RaisedRisk.id)) is not None


async def pending_risk(session: AsyncSession, cause: UUID) -> Row[Any] | None:
    """A cause whose risk has not been raised yet."""
    statement = select(RaisedRisk.__table__).where(
        RaisedRisk.id == cause, RaisedRisk.state == RaisedState.PENDING
    )
    return (await session.execute(statement)).first()


async def change_cause(session: AsyncSession, cause: UUID, values: Mapping[str, Any]) -> None:
    """Write down what became of a cause's risk, unless that is settled already."""
    statement = update(RaisedRisk).where(
        RaisedRisk.id == cause, RaisedRisk.state.in_([RaisedState.PENDING, RaisedState.WITHDRAWN])
    )
    await session.execute(statement.values(**values))


_SHEET = """
SELECT count(*) FILTER (WHERE t.direction IS NOT NULL) AS tested,
       count(*) FILTER (WHERE t.direction = 'degrading') AS degrading,
       count(*) FILTER (WHERE t.crossing = 'breach' AND t.crosses_on <= :until) AS crossing_soon,
       min(t.crosses_on) FILTER (WHERE t.crossing = 'breach') AS first_crossing
FROM metrics.trend t WHERE t.service = :service
"""


def numbers_of_service(service: str, until: date) -> Query[Any]:
    """What the trends of a service say to tollgates."""
    return Query(_SHEET, {"service": service, "until": until}, itemgetter(0))
