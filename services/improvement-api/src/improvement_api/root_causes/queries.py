"""Statements over major incidents and what became of them: missing, late, covered, fixed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import orjson
from sqlalchemy import ColumnElement, and_, func, select, text, true, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from improvement_api.fact_sheets import NOW, SERVICE, OneRow
from improvement_api.root_causes.rules import FOUND, AnalysisState, FixOutcome
from improvement_api.root_causes.tables import (
    AnalysedIncident,
    Analysis,
    Fix,
    MajorIncident,
    MajorReading,
)
from shared.kit.database import rows_of
from shared.kit.pagination import PageParams, keyset

_KEPT = ("service", "title", "priority", "state", "opened_at", "resolved_at", "due_at")


# Built once: all of them are read every few minutes, and to put a page of rows into VALUES takes
# longer than to store them.
_KEEP: Final = f"""
    INSERT INTO improvement.major_incident AS known
        (source, external_id, {", ".join(_KEPT)}, major, first_seen_at, seen_at)
    SELECT source, external_id, {", ".join(_KEPT)}, true, :seen_at, :seen_at
    FROM json_populate_recordset(
        CAST(NULL AS improvement.major_incident), CAST(CAST(:rows AS text) AS json))
    ON CONFLICT (source, external_id) DO UPDATE
    SET {", ".join(f"{name} = excluded.{name}" for name in _KEPT)}, major = true,
        seen_at = greatest(known.seen_at, excluded.seen_at)
"""  # noqa: S608 - made of our own column names


async def keep_major_incidents(
    session: AsyncSession, rows: Sequence[dict[str, Any]], seen_at: datetime
) -> None:
    """Store a page of major incidents as they are now, seen at `seen_at`."""
    if rows:
        parameters = {"rows": orjson.dumps(rows).decode(), "seen_at": seen_at}
        await rows_of(session, _KEEP, parameters)


async def forget_unseen(session: AsyncSession, seen_before: datetime, opened_from: datetime) -> int:
    """Those that a whole reading from `opened_from` on did not show are major no more."""
    statement = (
        update(MajorIncident)
        .where(
            MajorIncident.major,
            MajorIncident.seen_at < seen_before,
            MajorIncident.opened_at >= opened_from,
        )
        .values(major=False)
    )
    return int((await session.execute(statement)).rowcount)  # type: ignore[attr-defined]


async def note_reading(session: AsyncSession, began_at: datetime) -> None:
    """All major incidents were read, as they were at `began_at` or later."""
    statement = insert(MajorReading).values(id=1, read_at=began_at)
    newer = func.greatest(MajorReading.read_at, statement.excluded.read_at)
    await session.execute(
        statement.on_conflict_do_update(index_elements=["id"], set_={"read_at": newer})
    )


async def last_reading(session: AsyncSession) -> datetime | None:
    return await session.scalar(select(MajorReading.read_at))


@dataclass(frozen=True)
class MissingFilter:
    """None means any; `started`: there is an analysis, but it has not found the cause."""

    service: str | None = None
    overdue: bool | None = None
    started: bool | None = None


async def list_missing(
    session: AsyncSession, wanted: MissingFilter, at: datetime, page: PageParams
) -> Sequence[Any]:
    """Major incidents whose cause is not found, by due date, with the newest analysis they have."""
    newest = _newest_analysis()
    due = _due(newest)
    statement: Any = (
        select(MajorIncident, due.label("due"), newest.c.id.label("analysis"))
        .outerjoin(newest, true())
        .where(MajorIncident.major, ~_covered())
    )
    if wanted.service is not None:
        statement = statement.where(MajorIncident.service == wanted.service)
    if wanted.overdue is not None:
        statement = statement.where(due < at if wanted.overdue else due >= at)
    if wanted.started is not None:
        id_ = newest.c.id
        statement = statement.where(id_.is_not(None) if wanted.started else id_.is_(None))
    order: list[Any] = [MajorIncident.due_at, MajorIncident.source, MajorIncident.external_id]
    return list((await session.execute(keyset(statement, order, page))).all())


async def rca_coverage(
    session: AsyncSession, since: datetime, until: datetime, service: str | None = None
) -> tuple[int, int]:
    """(those whose cause is found, all) of the major incidents resolved in [since, until).

    The cause is found as long as one of their analyses is in `cause_found` or later.
    """
    statement = select(func.count().filter(_covered()), func.count()).where(
        MajorIncident.major,
        MajorIncident.resolved_at >= since,
        MajorIncident.resolved_at < until,
    )
    if service is not None:
        statement = statement.where(MajorIncident.service == service)
    covered, of_all = (await session.execute(statement)).one()
    return covered, of_all


async def permanent_fix_rate(
    session: AsyncSession, since: datetime, until: datetime, service: str | None = None
) -> tuple[int, int]:
    """(fixes that hold, fixes judged) of those whose days passed in [since, until)."""
    held, all_judged = (await session.execute(_fixes(since, until, service))).one()
    return held, all_judged


def _fixes(since: Any, until: Any, service: Any) -> OneRow:
    """How many fixes hold and how many were judged, of a service or (None) of all.

    A fix holds when the query for recurrences was empty then and has been since. One that could
    not be judged yet (metrics-api was away) is in neither.
    """
    statement: OneRow = select(
        func.count().filter(Fix.outcome == FixOutcome.HELD),
        func.count().filter(Fix.outcome != FixOutcome.PENDING),
    ).where(Fix.verify_at >= since, Fix.verify_at < until)
    if service is None:
        return statement
    return statement.join(Analysis, Analysis.id == Fix.analysis_id).where(
        Analysis.service == service
    )


def _about_it() -> ColumnElement[bool]:
    return and_(
        AnalysedIncident.source == MajorIncident.source,
        AnalysedIncident.external_id == MajorIncident.external_id,
    )


def _covered() -> ColumnElement[bool]:
    return (
        select(AnalysedIncident.analysis_id)
        .join(Analysis, Analysis.id == AnalysedIncident.analysis_id)
        .where(_about_it(), Analysis.state.in_(sorted(FOUND)))
        .correlate(MajorIncident)
        .exists()
    )


def _newest_analysis() -> Any:
    """The newest analysis about an incident, and when one that was opened again is due."""
    return (
        select(Analysis.id, Analysis.due_at)
        .join(AnalysedIncident, AnalysedIncident.analysis_id == Analysis.id)
        .where(_about_it())
        .order_by(Analysis.created_at.desc(), Analysis.id.desc())
        .limit(1)
        .correlate(MajorIncident)
        .lateral()
    )


def _due(newest: Any) -> Any:
    return func.greatest(MajorIncident.due_at, newest.c.due_at)


_YEAR_AGO: Final = NOW - text("interval '365 days'")
_NEWEST: Final = _newest_analysis()
_RESOLVED: Final = and_(MajorIncident.resolved_at >= _YEAR_AGO, MajorIncident.resolved_at < NOW)
_MAJORS: Final = (
    select(
        func.count().filter(_NEWEST.c.id.is_(None)).label("without_analysis"),
        func.count().filter(~_covered(), _due(_NEWEST) < NOW).label("overdue"),
        func.count().filter(_RESOLVED, _covered()).label("covered"),
        func.count().filter(_RESOLVED).label("resolved"),
    )
    .select_from(MajorIncident)
    .outerjoin(_NEWEST, true())
    .where(MajorIncident.major, MajorIncident.service == SERVICE)
    .subquery()
)
_JUDGED: Final = _fixes(_YEAR_AGO, NOW, SERVICE).subquery()
_UNVERIFIED: Final = (AnalysisState.CAUSE_FOUND, AnalysisState.FIX_IMPLEMENTED)
FACTS: Final = select(
    select(MajorReading.read_at).scalar_subquery(),
    *_MAJORS.c,
    select(func.count())
    .where(Analysis.service == SERVICE, Analysis.state.in_(_UNVERIFIED))
    .scalar_subquery(),
    *_JUDGED.c,
).select_from(_MAJORS.join(_JUDGED, true()))
"""When major incidents were last read (null: never); those of a service without an analysis, those
overdue, those resolved in the last 365 days whose cause is found, and these in all; analyses whose
cause is found and whose fix is not verified; fixes that hold, and fixes judged in 365 days."""
