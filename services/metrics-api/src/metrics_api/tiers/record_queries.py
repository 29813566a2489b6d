# ruff: noqa: S608 - every fragment is of our own making, every value a parameter
"""The records behind a figure that missed its target, worst first: one statement a KPI."""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

from metrics_api.tiers.asking import Asked
from shared.schemas.metrics import KpiId


class _Behind(NamedTuple):
    """Rows `r` of a table (one of Relations) that speak against a KPI, and how much each does;
    `retold` False: how much is kept as it is now only."""

    kind: str
    table: str
    at: str
    condition: str
    value: str
    unit: str | None
    retold: bool = True


def _hours(span: str) -> str:
    return f"(extract(epoch FROM {span}) / 3600)::float8"


def _incidents(at: str, condition: str, value: str, unit: str | None) -> _Behind:
    return _Behind("incident", "incident", at, condition, value, unit)


_RESOLVED = "r.resolution_at >= r.opened_at"
_SLOWEST = _incidents(
    "r.resolution_at", _RESOLVED, _hours("r.resolution_at - r.opened_at"), "hours"
)
_UNPLANNED = _Behind(
    "outage",
    "outage",
    "r.started_at",
    "NOT r.planned AND NOT r.degraded",
    _hours("coalesce(r.ended_at, CAST(:now AS timestamptz)) - r.started_at"),
    "hours",
)
_LONG_AGO = "CAST(:high AS timestamptz)"

BEHIND: Final[dict[KpiId, _Behind]] = {
    KpiId.MTTR: _SLOWEST,
    KpiId.MTTR_BUSINESS: _incidents(
        "r.resolution_at", _RESOLVED, "(r.business_us / 3.6e9)::float8", "hours"
    ),
    KpiId.MTTA: _incidents(
        "r.acknowledgement_at",
        "r.acknowledgement_at >= r.opened_at",
        _hours("r.acknowledgement_at - r.opened_at"),
        "hours",
    ),
    KpiId.FCR: _incidents(
        "r.resolution_at",
        f"{_RESOLVED} AND r.channel IS DISTINCT FROM 'monitoring' AND NOT"
        " coalesce(r.first_contact, coalesce(r.reassignment_count, 0) = 0 AND NOT r.reopened)",
        "coalesce(r.reassignment_count, 0)::float8",
        "reassignments",
    ),
    KpiId.REOPEN_RATE: _incidents(
        "r.resolution_at",
        f"{_RESOLVED} AND r.reopened",
        "coalesce(r.reopen_count, 1)::float8",
        "reopenings",
    ),
    KpiId.REWORK_RATE: _incidents(
        "r.resolution_at",
        f"{_RESOLVED} AND r.reopened",
        "coalesce(r.reopen_count, 1)::float8",
        "reopenings",
    ),
    KpiId.BACKLOG: _incidents(
        "r.opened_at",
        "r.state IN ('new', 'in_progress', 'on_hold')",
        _hours(f"{_LONG_AGO} - r.opened_at"),
        "hours",
    ),
    KpiId.INCIDENT_COUNT: _incidents("r.opened_at", "true", "NULL::float8", None),
    KpiId.SLA_ATTAINMENT: _incidents(
        "r.resolution_at",
        "r.resolution_met IS FALSE",
        "(r.business_us / 3.6e9)::float8",
        "hours",
    ),
    KpiId.BOUNCING_RATE: _incidents(
        "r.resolution_at",
        f"{_RESOLVED} AND r.reassignment_count >= 2",
        "r.reassignment_count::float8",
        "reassignments",
    ),
    KpiId.HOLD_SHARE: _incidents(
        "r.resolution_at",
        f"{_RESOLVED} AND r.hold_us > 0",
        "(r.hold_us / 3.6e9)::float8",
        "hours",
    ),
    KpiId.AVAILABILITY: _UNPLANNED,
    KpiId.MTBF: _UNPLANNED,
    KpiId.UNPLANNED_OUTAGES: _UNPLANNED,
    KpiId.CSAT: _Behind(
        "survey",
        "survey",
        "r.answered_at",
        "r.kind = 'csat' AND r.score <= 3",
        "(-r.score)::float8",
        "rating below",
    ),
    KpiId.NPS: _Behind(
        "survey",
        "survey",
        "r.answered_at",
        "r.kind = 'nps' AND r.score <= 6",
        "(-r.score)::float8",
        "rating below",
    ),
    KpiId.CHANGE_FAILURE_RATE: _Behind(
        "change",
        "change_record",
        "r.completed_at",
        "r.outcome IN ('failed', 'rolled_back')",
        "r.risk_score::float8",
        "risk score",
        retold=False,
    ),
    KpiId.FULFILMENT_TIME: _Behind(
        "request",
        "request_record",
        "r.fulfilled_at",
        "r.fulfilled_at >= r.opened_at",
        _hours("r.fulfilled_at - r.opened_at"),
        "hours",
    ),
    KpiId.LOW_VALUE_SHARE: _Behind(
        "request",
        "request_record",
        "r.opened_at",
        "coalesce(r.low_value, true)",
        "NULL::float8",
        None,
    ),
    KpiId.PERMANENT_FIX_RATE: _incidents(
        "r.opened_at", "r.problem IS NOT NULL", "NULL::float8", None
    ),
}


async def records_behind(
    session: AsyncSession, kpi: KpiId, service: str, asked: Asked
) -> Sequence[Row[Any]]:
    """Up to as many records of a service in the period as asked that speak most against its KPI.

    A backlog's are all that are open at the end, however old.
    """
    behind = BEHIND[kpi]
    value = behind.value if behind.retold or asked.as_of is None else "NULL::float8"
    since = "true" if kpi is KpiId.BACKLOG else f"{behind.at} >= :low"
    statement = f"""
    SELECT '{behind.kind}' AS kind, s.key AS source, r.external_id, r.title,
           {behind.at} AS at, {value} AS value, CAST(:unit AS text) AS unit
    FROM {getattr(asked.relations, behind.table)} r JOIN metrics.source s ON s.id = r.source_id
    WHERE r.service = :service AND {since} AND {behind.at} < :high AND {behind.condition}
    ORDER BY value DESC NULLS LAST, at DESC, s.key, r.external_id
    LIMIT :limit"""
    parameters = {
        "service": service,
        "low": asked.period.start,
        "high": asked.period.end,
        "now": asked.now,
        "limit": asked.records,
        "unit": behind.unit,
    }
    return (await session.execute(text(statement), parameters)).all()
