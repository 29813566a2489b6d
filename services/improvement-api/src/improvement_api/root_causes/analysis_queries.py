"""Statements over root cause analyses, their fixes and the incidents they are about."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import false, func, select, update
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.ext.asyncio import AsyncSession

from improvement_api.root_causes.rules import AnalysisState
from improvement_api.root_causes.tables import (
    AnalysedIncident,
    Analysis,
    Fix,
    FixCheck,
    MajorIncident,
)
from shared.errors import NotFound
from shared.kit.pagination import PageParams, keyset


@dataclass(frozen=True)
class AnalysisFilter:
    """None means any; `incident` is (source, external id) of one it is about."""

    service: str | None = None
    state: AnalysisState | None = None
    owner: str | None = None
    incident: tuple[str, str] | None = None


async def list_analyses(
    session: AsyncSession, wanted: AnalysisFilter, page: PageParams
) -> list[Analysis]:
    """Analyses, newest first, one more than the page holds."""
    statement = select(Analysis)
    for column, value in (
        (Analysis.service, wanted.service),
        (Analysis.state, wanted.state),
        (Analysis.owner, wanted.owner),
    ):
        if value is not None:
            statement = statement.where(column == value)
    if wanted.incident is not None:
        source, external_id = wanted.incident
        about = select(AnalysedIncident.analysis_id).where(
            AnalysedIncident.source == source, AnalysedIncident.external_id == external_id
        )
        statement = statement.where(Analysis.id.in_(about))
    order: list[Any] = [Analysis.created_at.desc(), Analysis.id.desc()]
    return list(await session.scalars(keyset(statement, order, page)))


async def get_analysis(session: AsyncSession, analysis_id: UUID, *, lock: bool = False) -> Analysis:
    analysis = await session.get(Analysis, analysis_id, with_for_update=lock or None)
    if analysis is None:
        raise NotFound(f"There is no root cause analysis {analysis_id}")
    return analysis


async def keep(session: AsyncSession, row: Analysis | Fix | FixCheck) -> None:
    session.add(row)
    await session.flush()


async def link_incidents(session: AsyncSession, rows: Sequence[dict[str, Any]]) -> int:
    """Link incidents to an analysis; how many were not linked before."""
    if not rows:
        return 0
    statement = pg_insert(AnalysedIncident).values(list(rows)).on_conflict_do_nothing()
    return len((await session.scalars(statement.returning(AnalysedIncident.external_id))).all())


async def unlink_incident(
    session: AsyncSession, analysis_id: UUID, source: str, external_id: str
) -> None:
    """Raises NotFound."""
    link = await session.get(AnalysedIncident, (analysis_id, source, external_id))
    if link is None:
        raise NotFound(f"The analysis is not about the incident {source}/{external_id}")
    await session.delete(link)
    await session.flush()


async def list_incidents(
    session: AsyncSession, analysis_id: UUID, page: PageParams
) -> Sequence[Any]:
    """The incidents of an analysis by source and id, with what is known of major ones."""
    link, known = AnalysedIncident, MajorIncident
    statement: Any = (
        select(
            link.source,
            link.external_id,
            link.linked_at,
            link.linked_by,
            func.coalesce(known.major, false()).label("major"),
            known.title,
            known.opened_at,
            known.resolved_at,
        )
        .outerjoin(known, (known.source == link.source) & (known.external_id == link.external_id))
        .where(link.analysis_id == analysis_id)
    )
    order: list[Any] = [link.source, link.external_id]
    return list((await session.execute(keyset(statement, order, page))).all())


async def list_fixes(session: AsyncSession, analysis_id: UUID, page: PageParams) -> list[Fix]:
    """The fixes of an analysis, the last first, one more than the page holds."""
    statement = select(Fix).where(Fix.analysis_id == analysis_id)
    order: list[Any] = [Fix.number.desc()]
    return list(await session.scalars(keyset(statement, order, page)))


async def last_fix(session: AsyncSession, analysis_id: UUID) -> Fix | None:
    statement = select(Fix).where(Fix.analysis_id == analysis_id)
    return (await session.scalars(statement.order_by(Fix.number.desc()).limit(1))).first()


async def get_fix(session: AsyncSession, analysis_id: UUID, fix_id: UUID) -> Fix:
    fix = await session.get(Fix, fix_id)
    if fix is None or fix.analysis_id != analysis_id:
        raise NotFound(f"The analysis has no fix {fix_id}")
    return fix


async def list_checks(session: AsyncSession, fix_id: UUID, page: PageParams) -> list[FixCheck]:
    """The questions about a fix, the last first, one more than the page holds."""
    statement = select(FixCheck).where(FixCheck.fix_id == fix_id)
    order: list[Any] = [FixCheck.id.desc()]
    return list(await session.scalars(keyset(statement, order, page)))


async def due_fixes(session: AsyncSession, at: datetime, limit: int) -> Sequence[Any]:
    """(fix, its service) of those to ask about now, the longest waiting first."""
    statement = (
        select(Fix, Analysis.service)
        .join(Analysis, Analysis.id == Fix.analysis_id)
        .where(Fix.next_check_at <= at)
        .order_by(Fix.next_check_at, Fix.id)
        .limit(limit)
    )
    return (await session.execute(statement)).all()


async def note_check_failure(
    session: AsyncSession, fix_id: UUID, failure: str, again_at: datetime
) -> None:
    await session.execute(
        update(Fix)
        .where(Fix.id == fix_id, Fix.next_check_at.is_not(None))
        .values(check_failure=failure, next_check_at=again_at)
    )


async def end_watch(session: AsyncSession, analysis_id: UUID) -> None:
    """An analysis that is closed is not asked about any more."""
    await session.execute(
        update(Fix).where(Fix.analysis_id == analysis_id).values(next_check_at=None)
    )
