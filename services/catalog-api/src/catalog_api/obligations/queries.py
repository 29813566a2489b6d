"""Every SQL statement about obligations and their evidence."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Date,
    Row,
    ScalarSelect,
    Select,
    delete,
    exists,
    func,
    insert,
    literal,
    select,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession

from catalog_api import rows
from catalog_api.obligations.rules import ObligationState
from catalog_api.obligations.tables import Obligation, ObligationEvidence
from shared.errors import NotFound
from shared.kit.pagination import PageParams

_table = rows.table_of(Obligation)
_obligation = _table.c
_evidence = rows.table_of(ObligationEvidence).c


@dataclass(frozen=True)
class ObligationFilters:
    """Each filter that is given narrows the list; `today` is the day it is judged by."""

    service: str | None
    standard: str | None
    state: ObligationState | None
    due_by: date | None
    ended: bool
    today: date


def _whole() -> Select[Any]:
    """Obligations with their evidence."""
    evidence = (
        select(
            _evidence.id,
            _evidence.title,
            _evidence.uri,
            _evidence.valid_until,
            _evidence.added_by,
            _evidence.added_at,
        )
        .where(_evidence.obligation_id == _obligation.id)
        .order_by(_evidence.added_at, _evidence.id)
        .correlate(_table)
    )
    return select(
        *(column for column in _obligation if column.name != "service_key"),
        _obligation.service_key.label("service"),
        rows.json_list(evidence).label("evidence"),
    )


async def insert_obligation(session: AsyncSession, values: Mapping[str, Any]) -> bool:
    """Add an obligation; False when the service has that clause of that standard."""
    return await rows.insert_row(session, Obligation, rows.new_row(values))


async def obligation_of_clause(
    session: AsyncSession, service: str, standard: str, clause: str
) -> UUID | None:
    """The obligation of a service to meet a clause."""
    statement = select(_obligation.id).where(
        _obligation.service_key == service,
        _obligation.standard == standard,
        _obligation.clause == clause,
    )
    found: UUID | None = await session.scalar(statement)
    return found


async def get_obligation(
    session: AsyncSession, obligation_id: UUID, *, lock: bool = False
) -> Row[Any]:
    """One obligation, 404 if there is none; `lock` keeps others from it and its evidence."""
    condition, missing = _obligation.id == obligation_id, f"There is no obligation {obligation_id}"
    if lock:
        await rows.get_row(session, select(_obligation.id).where(condition), missing, lock=True)
    return await rows.get_row(session, _whole().where(condition), missing)


async def list_obligations(
    session: AsyncSession, filters: ObligationFilters, page: PageParams
) -> list[Row[Any]]:
    """Obligations by service, standard and clause, one more than the page holds."""
    order = [_obligation.service_key, _obligation.standard, _obligation.clause]
    statement = _whole().where(*_conditions(filters))
    return await rows.list_rows(session, statement, order, page)


def _conditions(filters: ObligationFilters) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if filters.service is not None:
        conditions.append(_obligation.service_key == filters.service)
    if filters.standard is not None:
        conditions.append(_obligation.standard == filters.standard)
    if filters.due_by is not None:
        conditions.append(_obligation.due <= filters.due_by)
    if not filters.ended:
        conditions.append(_in_force(filters.today))
    if filters.state is not None:
        conditions.append(_has_state(filters.state, filters.today))
    return conditions


def _in_force(today: ColumnElement[date] | date) -> ColumnElement[bool]:
    return _obligation.ended_on.is_(None) | (_obligation.ended_on >= today)


def _has_state(state: ObligationState, today: date) -> ColumnElement[bool]:
    """rules.state_of in SQL, so that a page is as long as was asked for."""
    safe = _has_evidence(_evidence.valid_until > literal(today, Date) + _obligation.warn_days)
    valid = _has_evidence(_evidence.valid_until >= today)
    return {
        ObligationState.MET: safe,
        ObligationState.EXPIRING: valid & ~safe,
        ObligationState.UNMET: ~valid,
    }[state]


def _has_evidence(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    """Whether any evidence fits, or is valid for ever."""
    return exists().where(
        _evidence.obligation_id == _obligation.id, condition | _evidence.valid_until.is_(None)
    )


async def change_obligation(
    session: AsyncSession, obligation_id: UUID, values: Mapping[str, Any]
) -> None:
    """Set fields of an obligation that is locked; with none, only its revision grows."""
    await rows.change_row(session, Obligation, _obligation.id == obligation_id, values)


async def insert_evidence(session: AsyncSession, values: Mapping[str, Any]) -> None:
    """Add a piece of evidence to an obligation that is locked."""
    await session.execute(insert(ObligationEvidence).values(**values))


async def delete_evidence(
    session: AsyncSession, obligation_id: UUID, evidence_id: UUID
) -> dict[str, Any]:
    """Take a piece of evidence away and answer what it was; 404 if there is none."""
    statement = (
        delete(ObligationEvidence)
        .where(_evidence.id == evidence_id, _evidence.obligation_id == obligation_id)
        .returning(_evidence.id, _evidence.title, _evidence.uri, _evidence.valid_until)
    )
    row = (await session.execute(statement)).first()
    if row is None:
        raise NotFound(f"There is no evidence {evidence_id} of the obligation {obligation_id}")
    return row._asdict()


def sheet_obligations(service: Any, limit: int) -> Select[Any]:
    """The obligations of a service that have not ended, with the last valid days of evidence."""
    return (
        select(
            _obligation.id,
            _obligation.standard,
            _obligation.clause,
            _obligation.due,
            _obligation.warn_days,
            _last_days().label("valid_until"),
        )
        .where(_obligation.service_key == service, _in_force(func.current_date()))
        .order_by(_obligation.standard, _obligation.clause)
        .limit(limit)
    )


def _last_days() -> ScalarSelect[Any]:
    found = func.jsonb_agg(_evidence.valid_until, type_=JSONB)
    return (
        select(func.coalesce(found, func.jsonb_build_array(), type_=JSONB))
        .where(_evidence.obligation_id == _obligation.id)
        .correlate(_table)
        .scalar_subquery()
    )
