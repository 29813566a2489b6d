# ruff: noqa: S608 - every fragment is of our own making, every value a parameter
"""The three SQL statements behind the facts of a service."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

from metrics_api.indicators.rules import SUMS, Sums
from shared.errors import NotFound

_NUMBERS = """
SELECT (SELECT count(*) FROM metrics.incident i
        WHERE i.service = s.key AND i.opened_at >= :since AND i.opened_at < :now)
           AS incident_count_last_90_days,
       open.incidents AS backlog_open, open.major AS open_major_incidents,
       greatest(
           (SELECT max(i.opened_at) FROM metrics.incident i WHERE i.service = s.key),
           (SELECT max(t.at) FROM metrics.incident_transition t WHERE t.service = s.key)
       ) AS last_record_at,
       (SELECT coalesce(sum(c.opened), 0) FROM metrics.cell c
        WHERE c.service = '' AND c.grain = 'm')
       + (SELECT coalesce(sum(d.opened), 0) FROM metrics.cell_delta d WHERE d.service = '')
           AS unattributed_incidents
FROM metrics.service_copy s
CROSS JOIN LATERAL (
    SELECT count(*) AS incidents,
           count(*) FILTER (WHERE coalesce(i.major_flag, i.priority = 1)) AS major
    FROM metrics.incident i
    WHERE i.service = s.key AND i.state IN ('new', 'in_progress', 'on_hold')
) AS open
WHERE s.key = :service"""

_MONTHS = f"""
SELECT month, {", ".join(f"coalesce(sum({name}), 0) AS {name}" for name in SUMS)}
FROM (
    SELECT start AS month, {", ".join(SUMS)} FROM metrics.cell
    WHERE service = :service AND grain = 'm'
    UNION ALL
    SELECT date_trunc('month', day::timestamp)::date, {", ".join(SUMS)} FROM metrics.cell_delta
    WHERE service = :service
) AS m
GROUP BY month ORDER BY month"""

_TARGETS = """
SELECT kpi, comparator, value, valid_from, valid_to FROM metrics.target
WHERE service = :service AND (valid_to IS NULL OR valid_to >= valid_from)"""


async def present_numbers(session: AsyncSession, service: str, now: datetime) -> Row[Any]:
    """What is known of a service's incidents now; 404 when the service is not known."""
    since = now - timedelta(days=90)
    parameters = {"service": service, "since": since, "now": now}
    row = (await session.execute(text(_NUMBERS), parameters)).first()
    if row is None:
        raise NotFound(f"There is no service {service}")
    return row


async def sums_by_month(session: AsyncSession, service: str) -> dict[date, Sums]:
    """All sums of a service by UTC month, in order; months without any record are left out."""
    found = await session.execute(text(_MONTHS), {"service": service})
    return {
        month: {name: int(amount) for name, amount in zip(SUMS, amounts, strict=True)}
        for month, *amounts in found
    }


async def targets_of(session: AsyncSession, service: str) -> Sequence[Row[Any]]:
    """Every target that holds, held or will hold for the service."""
    return (await session.execute(text(_TARGETS), {"service": service})).all()
