# ruff: noqa: S608 - every fragment is of our own making, every value a parameter
"""Every SQL statement of the clocks."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg
from psycopg.rows import tuple_row
from sqlalchemy import Select, Text, literal, select, union_all
from sqlalchemy.ext.asyncio import AsyncSession

from metrics_api.clocks.promises import HOLDING, PROMISING, Terms, terms_from
from metrics_api.clocks.standing import Clock
from metrics_api.clocks.support import hours_key, support_calendar
from metrics_api.copies.queries import IS_KNOWN, WAS_KNOWN, copies_of
from metrics_api.copies.schemas import SupportHoursCopy
from metrics_api.incidents.tables import Incident
from metrics_api.sources.tables import Source
from shared.calendars import Calendar
from shared.kit.database import rows_of
from shared.kit.pagination import PageParams, keyset
from shared.schemas.agreements import AgreementState, AgreementVersionOut, CalendarVersionOut


async def support_calendars(
    session: AsyncSession, services: Sequence[str], as_of: datetime | None = None
) -> dict[str, Calendar]:
    """The calendar that each of these services is supported by; every asked one is there.

    Hours of its active agreement, else its own support hours, else 24 × 7 UTC.
    """
    agreements = await active_agreements(session, services, as_of)
    keys = sorted({hours_key(agreement) for agreement in agreements})
    calendars = await copies_of(
        session, "calendar_version", CalendarVersionOut, keys=keys, as_of=as_of
    )
    hours = await copies_of(
        session, "support_hours", SupportHoursCopy, keys=list(services), as_of=as_of
    )
    return {
        service: support_calendar(service, agreements, calendars, hours) for service in services
    }


async def active_agreements(
    session: AsyncSession, services: Sequence[str], as_of: datetime | None = None
) -> list[AgreementVersionOut]:
    """Versions of agreements that are active and cover any of these services."""
    statement = f"""
    SELECT data FROM metrics.catalog_copy
    WHERE kind = 'agreement_version' AND data ->> 'state' = '{AgreementState.ACTIVE}'
      AND data -> 'text' -> 'services' ?| CAST(:services AS text[])
      AND {WAS_KNOWN if as_of else IS_KNOWN}
    ORDER BY key"""
    rows = await rows_of(session, statement, {"services": list(services), "as_of": as_of})
    return [AgreementVersionOut.model_validate(data) for (data,) in rows]


async def agreements_with_guarantees(session: AsyncSession) -> list[AgreementVersionOut]:
    """All versions that hold or held of agreements of which any guarantees something, by key."""
    statement = f"""
    WITH held AS MATERIALIZED (
        SELECT key, data FROM metrics.catalog_copy
        WHERE kind = 'agreement_version' AND data ->> 'state' = ANY (CAST(:states AS text[]))
          AND {IS_KNOWN}
    )
    SELECT data FROM held WHERE data ->> 'agreement' IN (
        SELECT data ->> 'agreement' FROM held
        WHERE jsonb_array_length(data -> 'text' -> 'guarantees') > 0)
    ORDER BY key"""
    rows = await rows_of(session, statement, {"states": sorted(HOLDING)})
    return [AgreementVersionOut.model_validate(data) for (data,) in rows]


async def read_terms(conn: psycopg.AsyncConnection[Any], as_of: datetime | None = None) -> Terms:
    """What is promised for the incidents of each service, as it is or was known here."""
    known, values = "ended_at IS NULL", []
    if as_of is not None:
        known = "recorded_at <= %s AND (ended_at IS NULL OR ended_at > %s)"
        values = [as_of, as_of]
    copies: dict[str, dict[str, Any]] = {}
    async with conn.cursor(row_factory=tuple_row) as cursor:
        await cursor.execute(
            f"SELECT kind, key, data FROM metrics.catalog_copy WHERE kind = ANY(%s) AND {known}",
            [list(PROMISING), *values],
        )
        async for kind, key, data in cursor:
            copies.setdefault(kind, {})[key] = data
    return terms_from(copies)


@dataclass(frozen=True)
class AtRiskFilter:
    """Clocks that are due before `until` and have not run out by `since`."""

    service: str | None
    clock: Clock | None
    since: datetime
    until: datetime


async def list_at_risk(session: AsyncSession, wanted: AtRiskFilter, page: PageParams) -> list[Any]:
    """Running clocks of incidents with the keys of their sources, by due time."""
    chosen = [wanted.clock] if wanted.clock is not None else list(Clock)
    parts = [_running(each, wanted) for each in chosen]
    running = (union_all(*parts) if len(parts) > 1 else parts[0]).subquery("running").c
    statement = select(
        *(column for column in running if column.name != "source_key"),
        running.source_key.label("source"),
    )
    order: list[Any] = [running.due_at, running.source_id, running.external_id, running.clock]
    return list((await session.execute(keyset(statement, order, page))).all())


def _running(clock: Clock, wanted: AtRiskFilter) -> Select[Any]:
    due_at: Any = getattr(Incident, f"{clock.value}_due_at")
    late_from: Any = getattr(Incident, f"{clock.value}_late_from")
    statement = (
        select(
            Incident.source_id,
            Source.key.label("source_key"),
            Incident.external_id,
            Incident.title,
            Incident.service,
            Incident.priority,
            Incident.opened_at,
            Incident.clock_basis.label("basis"),
            literal(clock.value, Text).label("clock"),
            due_at.label("due_at"),
        )
        .join(Source, Source.id == Incident.source_id)
        .where(due_at < wanted.until, late_from >= wanted.since)
    )
    if wanted.service is not None:
        statement = statement.where(Incident.service == wanted.service)
    return statement
