"""Every SQL statement about transitions."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, func, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from catalog_api.stages.tables import StageTransition
from shared.kit.pagination import PageParams, keyset

_transition = StageTransition.__table__.c
_COLUMNS: tuple[ColumnElement[Any], ...] = (
    _transition.id,
    _transition.service_key.label("service"),
    _transition.gate,
    _transition.gate_version,
    _transition.from_stage,
    _transition.to_stage,
    _transition.decision,
    _transition.evaluation,
    _transition.decided_by,
    _transition.decided_at,
    _transition.moved_at,
    _transition.moved_by,
    _transition.on_behalf_of,
)


async def transition_by(session: AsyncSession, decision: str) -> Row[Any] | None:
    """The transition that a decision caused, if it did already."""
    statement = select(*_COLUMNS).where(_transition.decision == decision)
    return (await session.execute(statement)).first()


async def last_moved_at(session: AsyncSession, service: str) -> datetime | None:
    """When the service came to its stage; None if it has been there from the beginning."""
    statement = select(func.max(_transition.moved_at)).where(_transition.service_key == service)
    found: datetime | None = (await session.execute(statement)).scalar_one()
    return found


async def insert_transition(session: AsyncSession, values: Mapping[str, Any]) -> Row[Any]:
    """Record a move and answer it."""
    statement = insert(StageTransition).values(**values).returning(*_COLUMNS)
    return (await session.execute(statement)).one()


async def list_transitions(session: AsyncSession, service: str, page: PageParams) -> list[Row[Any]]:
    """The moves of a service, newest first, one more than the page holds."""
    order = [_transition.moved_at.desc(), _transition.id.desc()]
    statement = select(*_COLUMNS).where(_transition.service_key == service)
    return list((await session.execute(keyset(statement, order, page))).all())
