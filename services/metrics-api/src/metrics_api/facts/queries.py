# ruff: noqa: S608 - every fragment is of our own making, every value a parameter
"""The SQL statements behind the facts of a service."""

from collections.abc import Collection, Mapping
from datetime import date, datetime, timedelta
from typing import Any, Final

from metrics_api.facts.rules import Target
from metrics_api.indicators.cell_queries import ROW_ACTIVITY
from metrics_api.indicators.rules import ACTIVITY, SUMS, Sums
from shared.errors import NotFound
from shared.kit.database import Query
from shared.schemas.metrics import Comparator

_OPEN: Final = """
CROSS JOIN LATERAL (
    SELECT count(*) AS incidents,
           count(*) FILTER (WHERE coalesce(i.major_flag, i.priority = 1)) AS major
    FROM metrics.incident i
    WHERE i.service = s.key AND i.state IN ('new', 'in_progress', 'on_hold')
) AS open"""
_NEWEST: Final = """
CROSS JOIN LATERAL (
    SELECT greatest(
        (SELECT max(i.opened_at) FROM metrics.incident i
         WHERE i.service = s.key AND i.opened_at <= :now),
        (SELECT max(t.at) FROM metrics.incident_transition t
         WHERE t.service = s.key AND t.at <= :now)
    ) AS past_at,
    greatest(
        (SELECT max(i.opened_at) FROM metrics.incident i WHERE i.service = s.key),
        (SELECT max(t.at) FROM metrics.incident_transition t WHERE t.service = s.key)
    ) AS record_at
) AS newest"""
_NUMBERS: Final[Mapping[str, tuple[str, str]]] = {
    "incident_count_last_90_days": (
        "",
        """(SELECT count(*) FROM metrics.incident i
            WHERE i.service = s.key AND i.opened_at >= :since AND i.opened_at < :now)""",
    ),
    "backlog_open": (_OPEN, "open.incidents"),
    "open_major_incidents": (_OPEN, "open.major"),
    "has_incident_records": (_NEWEST, "newest.record_at IS NOT NULL"),
    "hours_since_last_record": (
        _NEWEST,
        # A stamp of the future says nothing, or one record would be the newest for years.
        """CASE WHEN newest.past_at IS NULL AND newest.record_at IS NOT NULL THEN 0 ELSE CAST(
            extract(epoch FROM CAST(:now AS timestamptz) - newest.past_at) / 3600 AS float8
        ) END""",
    ),
    "unattributed_incidents": (
        "",
        """CAST(
            (SELECT coalesce(sum(c.opened), 0) FROM metrics.cell c
             WHERE c.service = '' AND c.grain = 'm')
            + (SELECT coalesce(sum(d.opened), 0) FROM metrics.cell_delta d WHERE d.service = '')
        AS bigint)""",
    ),
}
"""What gives each fact of this moment, for a service `s`: what to join, and the expression."""

_READ = (*SUMS, ACTIVITY)
_OF_ROW = f"{', '.join(SUMS)}, {ROW_ACTIVITY} AS {ACTIVITY}"
_MONTHS = f"""
SELECT month, {", ".join(f"coalesce(sum({name}), 0) AS {name}" for name in _READ)}
FROM (
    SELECT start AS month, {_OF_ROW} FROM metrics.cell
    WHERE service = :service AND grain = 'm'
    UNION ALL
    SELECT date_trunc('month', day::timestamp)::date, {_OF_ROW} FROM metrics.cell_delta
    WHERE service = :service
) AS m
GROUP BY month ORDER BY month"""

_TARGETS = """
SELECT kpi, comparator, value, valid_from, valid_to FROM metrics.target
WHERE service = :service AND (valid_to IS NULL OR valid_to >= valid_from)"""


def present_numbers(
    service: str, names: Collection[str] | None, now: datetime
) -> Query[dict[str, Any]]:
    """The facts of this moment among these names (None: all), without their reasons.

    404 when the service is not known.
    """
    wanted = [name for name in _NUMBERS if names is None or name in names]
    columns = ", ".join(["s.key", *(f"{_NUMBERS[name][1]} AS {name}" for name in wanted)])
    joins = "".join(dict.fromkeys(_NUMBERS[name][0] for name in wanted))

    def read(rows: list[Any]) -> dict[str, Any]:
        if not rows:
            raise NotFound(f"There is no service {service}")
        return {name: getattr(rows[0], name) for name in wanted}

    return Query(
        f"SELECT {columns} FROM metrics.service_copy s{joins} WHERE s.key = :service",
        {"service": service, "since": now - timedelta(days=90), "now": now},
        read,
    )


def sums_by_month(service: str) -> Query[dict[date, Sums]]:
    """All sums of a service by UTC month, in order; months without any record are left out."""
    return Query(
        _MONTHS,
        {"service": service},
        lambda rows: {
            month: dict(zip(_READ, map(int, amounts), strict=True)) for month, *amounts in rows
        },
    )


def targets_of(service: str) -> Query[list[Target]]:
    """Every target that holds, held or will hold for the service."""
    return Query(
        _TARGETS,
        {"service": service},
        lambda rows: [
            Target(
                kpi=row.kpi,
                comparator=Comparator(row.comparator),
                value=float(row.value),
                valid_from=row.valid_from,
                valid_to=row.valid_to,
            )
            for row in rows
        ],
    )
