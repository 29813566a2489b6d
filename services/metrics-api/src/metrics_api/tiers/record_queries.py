# ruff: noqa: S608 - every fragment is of our own making, every value a parameter
"""The records behind a figure that missed its target, worst first: one statement a KPI."""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

from metrics_api.record_kpis.groups import LIKENESS
from metrics_api.record_kpis.rules import REPETITIVE_FROM, VERIFIED_AFTER_DAYS
from metrics_api.record_kpis.tallies import (
    BAD_OUTCOME,
    CAUSED_TROUBLE,
    DONE,
    FULFILLED,
    UNPLANNED,
)
from metrics_api.tiers.asking import Asked
from shared.schemas.metrics import KpiId


class _Behind(NamedTuple):
    """Rows `r` of a table (one of Relations) that speak against a KPI, and how much each does;
    `retold` False: how much is kept as it is now only. `reach` is which rows count in the period
    where these are not those `at` a moment in it. SQL names tables in braces."""

    kind: str
    table: str
    at: str
    condition: str
    value: str
    unit: str | None
    retold: bool = True
    reach: str | None = None


def _hours(span: str) -> str:
    return f"(extract(epoch FROM {span}) / 3600)::float8"


def _incidents(at: str, condition: str, value: str, unit: str | None) -> _Behind:
    return _Behind("incident", "incident", at, condition, value, unit)


_RESOLVED = "r.resolution_at >= r.opened_at"
_SLOWEST = _incidents(
    "r.resolution_at", _RESOLVED, _hours("r.resolution_at - r.opened_at"), "hours"
)
_NOW = "CAST(:now AS timestamptz)"
_UNPLANNED = _Behind(
    "outage",
    "outage",
    "r.started_at",
    UNPLANNED,
    _hours(f"coalesce(r.ended_at, {_NOW}) - r.started_at"),
    "hours",
)
_DOWN = _UNPLANNED._replace(reach=f"r.started_at < :high AND coalesce(r.ended_at, {_NOW}) > :low")
_LONG_AGO = "CAST(:high AS timestamptz)"
_OPEN = "('new', 'in_progress', 'on_hold')"
# What was open then is open still, or was moved since.
_OPEN_AT_THE_END = f"""(r.state IN {_OPEN} OR (r.source_id, r.external_id) IN (
        SELECT m.source_id, m.external_id FROM {{incident_transition}} m
        WHERE m.service = :service AND m.at >= :high))
    AND (SELECT m.to_state FROM {{incident_transition}} m
         WHERE m.source_id = r.source_id AND m.external_id = r.external_id AND m.at < :high
         ORDER BY m.at DESC, m.seq DESC LIMIT 1) IN {_OPEN}"""
_HANDED_BACK = """EXISTS (
        SELECT FROM {incident_transition} b
        WHERE b.source_id = r.source_id AND b.external_id = r.external_id
          AND b.to_state = 'new' AND b.from_state IN ('in_progress', 'on_hold'))"""
_OFTEN_ASKED = f"""{LIKENESS} IN (
        SELECT {LIKENESS} FROM {{request_record}} r
        WHERE r.service = :service AND r.opened_at >= :low AND r.opened_at < :high
        GROUP BY 1 HAVING count(*) >= {REPETITIVE_FROM})"""
_VERIFIED_AFTER = f"interval '{VERIFIED_AFTER_DAYS} days'"
_CAME_BACK = f"""EXISTS (
        SELECT FROM (
            SELECT max(l.resolution_at) AS at FROM {{incident}} l
            WHERE l.service = r.service AND l.source_id = r.source_id AND l.problem = r.problem
              AND l.resolution_at >= l.opened_at
              AND l.resolution_at >= :low AND l.resolution_at < :high) AS fixed
        WHERE r.opened_at > fixed.at AND r.opened_at <= fixed.at + {_VERIFIED_AFTER}
          AND fixed.at + {_VERIFIED_AFTER} <= {_NOW})"""

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
        f"{_RESOLVED} AND (r.reopened OR {_HANDED_BACK})",
        "coalesce(r.reopen_count, 1)::float8",
        "reopenings",
    ),
    KpiId.BACKLOG: _incidents(
        "coalesce(r.opened_at, r.stamped_at)",
        "true",
        _hours(f"{_LONG_AGO} - r.opened_at"),
        "hours",
    )._replace(reach=_OPEN_AT_THE_END),
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
    KpiId.AVAILABILITY: _DOWN,
    KpiId.MTBF: _DOWN,
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
        f"{DONE} AND ({BAD_OUTCOME} OR {CAUSED_TROUBLE})",
        "r.risk_score::float8",
        "risk score",
        retold=False,
    ),
    KpiId.FULFILMENT_TIME: _Behind(
        "request",
        "request_record",
        "r.fulfilled_at",
        FULFILLED,
        _hours("r.fulfilled_at - r.opened_at"),
        "hours",
    ),
    KpiId.LOW_VALUE_SHARE: _Behind(
        "request",
        "request_record",
        "r.opened_at",
        f"(r.low_value OR (r.low_value IS NULL AND {_OFTEN_ASKED}))",
        "NULL::float8",
        None,
    ),
    KpiId.PERMANENT_FIX_RATE: _incidents("r.opened_at", "true", "NULL::float8", None)._replace(
        reach=_CAME_BACK
    ),
}


async def records_behind(
    session: AsyncSession, kpi: KpiId, service: str, asked: Asked
) -> Sequence[Row[Any]]:
    """Up to as many records of a service in the period as asked that speak most against its KPI.

    They count for it by its own rules: a backlog's are all that were open at the end, however old,
    an availability's also the outages that began before.
    """
    behind = BEHIND[kpi]
    value = behind.value if behind.retold or asked.as_of is None else "NULL::float8"
    reach = behind.reach or f"{behind.at} >= :low AND {behind.at} < :high"
    condition = f"{reach} AND {behind.condition}".format(**vars(asked.relations))
    statement = f"""
    SELECT '{behind.kind}' AS kind, s.key AS source, r.external_id, r.title,
           {behind.at} AS at, {value} AS value, CAST(:unit AS text) AS unit
    FROM {getattr(asked.relations, behind.table)} r JOIN metrics.source s ON s.id = r.source_id
    WHERE r.service = :service AND {condition}
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
