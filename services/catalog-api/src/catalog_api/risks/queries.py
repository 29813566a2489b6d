"""Every SQL statement about risks."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, and_, not_, select
from sqlalchemy.ext.asyncio import AsyncSession

from catalog_api import rows
from catalog_api.risks.rules import RiskSource, RiskState
from catalog_api.risks.tables import Risk
from shared.kit.pagination import PageParams

_table = rows.table_of(Risk)
_risk = _table.c
_COLUMNS = (
    *(column for column in _risk if column.name not in ("service_key", "portfolio_key")),
    _risk.service_key.label("service"),
    _risk.portfolio_key.label("portfolio"),
)


@dataclass(frozen=True)
class RiskFilters:
    """Each filter that is given narrows the list; reviews are overdue on `today`."""

    service: str | None
    portfolio: str | None
    state: RiskState | None
    min_score: int | None
    owner: str | None
    source: RiskSource | None
    roadmap_item: str | None
    review_overdue: bool | None
    today: date


async def insert_risk(session: AsyncSession, values: Mapping[str, Any]) -> bool:
    """Add a risk; False when its trend has raised one that is not closed."""
    return await rows.insert_row(session, Risk, rows.new_row(values))


async def get_risk(session: AsyncSession, risk_id: UUID, *, lock: bool = False) -> Row[Any]:
    """One risk, 404 if there is none."""
    statement = select(*_COLUMNS).where(_risk.id == risk_id)
    return await rows.get_row(session, statement, f"There is no risk {risk_id}", lock=lock)


async def risk_of_trend(
    session: AsyncSession, service: str | None, portfolio: str | None, reference: str
) -> UUID | None:
    """The unclosed risk that this trend has raised."""
    statement = select(_risk.id).where(
        _risk.service_key == service if service else _risk.portfolio_key == portfolio,
        _risk.source == RiskSource.TREND,
        _risk.source_reference == reference,
        _risk.state != RiskState.CLOSED,
    )
    found: UUID | None = await session.scalar(statement)
    return found


async def list_risks(
    session: AsyncSession, filters: RiskFilters, page: PageParams
) -> list[Row[Any]]:
    """Risks, the highest score first, one more than the page holds."""
    statement = select(*_COLUMNS).where(*_conditions(filters))
    return await rows.list_rows(session, statement, [_risk.score.desc(), _risk.id.desc()], page)


def _conditions(filters: RiskFilters) -> list[ColumnElement[bool]]:
    own = (
        (_risk.service_key, filters.service),
        (_risk.portfolio_key, filters.portfolio),
        (_risk.state, filters.state),
        (_risk.owner, filters.owner),
        (_risk.source, filters.source),
        (_risk.roadmap_item, filters.roadmap_item),
    )
    conditions: list[ColumnElement[bool]] = [c == value for c, value in own if value is not None]
    if filters.min_score is not None:
        conditions.append(_risk.score >= filters.min_score)
    if filters.review_overdue is not None:
        overdue = and_(_risk.review_date < filters.today, _risk.state != RiskState.CLOSED)
        conditions.append(overdue if filters.review_overdue else not_(overdue))
    return conditions


async def change_risk(session: AsyncSession, risk_id: UUID, values: Mapping[str, Any]) -> None:
    """Set fields of a risk that is locked."""
    await rows.change_row(session, Risk, _risk.id == risk_id, values)


async def lapsed_acceptances(session: AsyncSession, today: date, limit: int) -> list[Row[Any]]:
    """Accepted risks whose last day has passed, locked; those that are being changed wait."""
    statement = (
        select(*_COLUMNS)
        .where(_risk.state == RiskState.ACCEPTED, _risk.accepted_until < today)
        .order_by(_risk.accepted_until, _risk.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return list((await session.execute(statement)).all())


def sheet_risks(service: Any, limit: int) -> Select[Any]:
    """The unclosed risks of a service, the highest score first."""
    return (
        select(
            _risk.id,
            _risk.title,
            _risk.score,
            _risk.state,
            _risk.treatment,
            _risk.owner,
            _risk.review_date,
            _risk.accepted_until,
            _risk.roadmap_item,
        )
        .where(_risk.service_key == service, _risk.state != RiskState.CLOSED)
        .order_by(_risk.score.desc(), _risk.id)
        .limit(limit)
    )
