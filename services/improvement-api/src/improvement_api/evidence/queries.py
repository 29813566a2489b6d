"""Statements over attached documents."""

from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncSession

from improvement_api.evidence.tables import Evidence
from shared.kit.pagination import PageParams, keyset
from shared.schemas.improvement import Gate


async def newest_evidence(session: AsyncSession, service: str, gate: Gate) -> dict[str, Evidence]:
    """The newest document of each criterion."""
    statement = (
        select(Evidence)
        .where(Evidence.service == service, Evidence.gate == gate)
        .ext(distinct_on(Evidence.criterion))
        .order_by(Evidence.criterion, Evidence.attached_at.desc(), Evidence.id.desc())
    )
    return {row.criterion: row for row in await session.scalars(statement)}


async def list_evidence(
    session: AsyncSession, service: str, gate: Gate, page: PageParams
) -> list[Evidence]:
    """Documents of a service at a gate, newest first, one more than the page holds."""
    statement = select(Evidence).where(Evidence.service == service, Evidence.gate == gate)
    order: list[Any] = [Evidence.attached_at.desc(), Evidence.id.desc()]
    return list(await session.scalars(keyset(statement, order, page)))


async def insert_evidence(session: AsyncSession, evidence: Evidence) -> None:
    session.add(evidence)
    await session.flush()
