# ruff: noqa: S608 - every fragment is of our own making, every value a parameter
"""The sums of incidents in SQL: what rules.contributions says in Python, row by row.

A property test compares the two. The tables are parameters, so that figures as of a moment are
made by the same statements.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

from metrics_api.indicators.definitions import DurationKind
from metrics_api.indicators.rules import (
    BOUNCED_FROM,
    DURATION_SUMS,
    MOVES,
    MOVES_BETWEEN,
    SUMS,
)
from metrics_api.indicators.scopes import LIVE, Relations, ScopeKind, Slice
from metrics_api.indicators.sketches import LN_GAMMA, NO_TIME


@dataclass(frozen=True)
class Rows:
    """Rows of `i`, incidents, or `t`, their moves, whose sums fall on the day of `at`."""

    alias: str
    at: str
    sums: Mapping[str, str]

    def table(self, relations: Relations) -> str:
        table = relations.incident if self.alias == "i" else relations.incident_transition
        return f"{table} {self.alias}"

    @property
    def service(self) -> str:
        return f"{self.alias}.service"

    def columns(self, names: Collection[str]) -> str:
        """These sums, null where the rows have none to tell."""
        return ", ".join(
            f"{self.sums.get(name, 'NULL')}::{sql_type(name)} AS {name}" for name in names
        )


def sql_type(name: str) -> str:
    """Microseconds are numeric: a few absurd stamps would overflow a bigint."""
    return "numeric" if name in DURATION_SUMS else "bigint"


def microseconds(end: str) -> str:
    return f"(extract(epoch FROM {end} - i.opened_at) * 1000000)::numeric"


def _on_move(move: str) -> str:
    pairs = [
        f"('{before or ''}', '{after}')"
        for (before, after), moves in MOVES_BETWEEN.items()
        if move in moves
    ]
    return f"CASE WHEN (coalesce(t.from_state, ''), t.to_state) IN ({', '.join(pairs)}) THEN 1 END"


_RESOLVED: Final = "i.resolution_at >= i.opened_at"


def _if_resolved(condition: str, amount: str = "1") -> str:
    return f"CASE WHEN {_RESOLVED} AND {condition} THEN {amount} END"


_OPENED: Final = Rows(
    "i",
    "i.opened_at",
    {"opened": "1", "unacknowledged": "CASE WHEN i.acknowledgement_at IS NULL THEN 1 END"},
)
_ACKNOWLEDGED: Final = Rows(
    "i",
    "i.acknowledgement_at",
    {
        "acknowledged": "CASE WHEN i.acknowledgement_at >= i.opened_at THEN 1 END",
        "acknowledged_us": (
            "CASE WHEN i.acknowledgement_at >= i.opened_at"
            f" THEN {microseconds('i.acknowledgement_at')} END"
        ),
        "acknowledged_negative_duration": (
            "CASE WHEN i.acknowledgement_at < i.opened_at THEN 1 END"
        ),
        "acknowledged_no_opening_time": "CASE WHEN i.opened_at IS NULL THEN 1 END",
    },
)


def _resolved(relations: Relations) -> Rows:
    elapsed = microseconds("i.resolution_at")
    by_people = "i.channel IS DISTINCT FROM 'monitoring'"
    at_once = "coalesce(i.reassignment_count, 0) = 0 AND NOT i.reopened"
    handed_back = f"""EXISTS (
        SELECT FROM {relations.incident_transition} b
        WHERE b.source_id = i.source_id AND b.external_id = i.external_id
          AND b.to_state = 'new' AND b.from_state IN ('in_progress', 'on_hold'))"""
    return Rows(
        "i",
        "i.resolution_at",
        {
            "resolved": _if_resolved("true"),
            "resolved_us": _if_resolved("true", elapsed),
            "resolved_negative_duration": "CASE WHEN i.resolution_at < i.opened_at THEN 1 END",
            "resolved_no_opening_time": "CASE WHEN i.opened_at IS NULL THEN 1 END",
            "resolved_reopened": _if_resolved("i.reopened"),
            "first_contact_base": _if_resolved(by_people),
            "first_contact": _if_resolved(f"{by_people} AND coalesce(i.first_contact, {at_once})"),
            "business_us": _if_resolved("i.business_us IS NOT NULL", "i.business_us"),
            "no_business_time": _if_resolved("i.business_us IS NULL"),
            "sla_met": _if_resolved("i.resolution_met"),
            "sla_breached": _if_resolved("NOT i.resolution_met"),
            "bounced": _if_resolved(f"i.reassignment_count >= {BOUNCED_FROM}"),
            "hold_us": _if_resolved("i.hold_us IS NOT NULL", "i.hold_us"),
            "no_hold_time": _if_resolved("i.hold_us IS NULL"),
            "no_hold_time_us": _if_resolved("i.hold_us IS NULL", elapsed),
            "reworked": _if_resolved(f"(i.reopened OR {handed_back})"),
        },
    )


def _moved(relations: Relations) -> Rows:
    is_last = f"""NOT EXISTS (
        SELECT FROM {relations.incident_transition} l
        WHERE l.source_id = t.source_id AND l.external_id = t.external_id AND l.seq > t.seq)"""
    return Rows(
        "t",
        "t.at",
        {
            "no_resolution_time": f"""CASE WHEN t.to_state IN ('resolved', 'closed') AND (
                SELECT u.resolution_at IS NULL FROM {relations.incident} u
                WHERE u.source_id = t.source_id AND u.external_id = t.external_id)
                AND {is_last} THEN 1 END""",
            "cancelled": f"CASE WHEN t.to_state = 'cancelled' AND {is_last} THEN 1 END",
            **{move: _on_move(move) for move in MOVES},
        },
    )


def all_rows(relations: Relations) -> tuple[Rows, ...]:
    return (_OPENED, _ACKNOWLEDGED, _resolved(relations), _moved(relations))


LIVE_ROWS: Final = all_rows(LIVE)


def recomputed(names: Collection[str] = SUMS) -> str:
    """SQL of rows (service, day, sums …) of every incident there is."""
    return "\n    UNION ALL".join(
        f"""
    SELECT coalesce({rows.service}, '') AS service, ({rows.at} AT TIME ZONE 'UTC')::date AS day,
           {rows.columns(names)}
    FROM {rows.table(LIVE)} WHERE {rows.at} IS NOT NULL"""
        for rows in LIVE_ROWS
    )


# -- of which incidents, in which spans -----------------------------------------------------------

_WITH_INCIDENT: Final = "i.source_id = t.source_id AND i.external_id = t.external_id"
_SLICES: Final[Mapping[Slice, str]] = {
    Slice.PRIORITY: "i.priority::text",
    Slice.CHANNEL: "i.channel",
    Slice.SOURCE: "(SELECT o.key FROM metrics.source o WHERE o.id = i.source_id)",
    Slice.TOUCHPOINT: "coalesce(i.touchpoint, i.channel)",
}
"""Where an incident names no touchpoint, its channel says where it was met."""

SPANS: Final = """unnest(
        CAST(:span_n AS int[]), CAST(:span_low AS timestamptz[]),
        CAST(:span_high AS timestamptz[])) AS p (n, low, high)"""
SERVICES: Final = "CAST(:services AS text[])"


def _services_of(table: str) -> str:
    """A loose index scan: as many steps as there are services, not as there are rows."""
    return f"""{table}_service (service) AS (
            (SELECT min(service) FROM metrics.{table})
            UNION ALL
            SELECT (SELECT min(x.service) FROM metrics.{table} x WHERE x.service > f.service)
            FROM {table}_service f WHERE f.service IS NOT NULL)"""


EVERY_SERVICE: Final = f"""(
    WITH RECURSIVE {_services_of("cell")}, {_services_of("cell_delta")}
    SELECT service FROM cell_service WHERE service <> ''
    UNION SELECT service FROM cell_delta_service WHERE service <> '') AS s (service)"""


@dataclass(frozen=True)
class Reading:
    """Whose incidents are read from where, and what divides them.

    `services` is SQL of an array, where services decide.
    """

    kind: ScopeKind
    relations: Relations = LIVE
    slice_by: Slice | None = None
    services: str = SERVICES

    def ways(self, service: str) -> list[tuple[str, str]]:
        """(what is gone through, condition), one way or two, to find all rows by index.

        As of a moment there is nothing but the rows of that moment, and no promise of speed.
        """
        asked = f"CROSS JOIN unnest({self.services}) AS s (service)"
        match self.kind:
            case ScopeKind.VENDOR_PRODUCT:
                return [("", "i.vendor_product = CAST(:key AS text)")]
            case ScopeKind.ALL if self.relations == LIVE:
                every = f"CROSS JOIN {EVERY_SERVICE}"
                return [(every, f"{service} = s.service"), ("", f"{service} IS NULL")]
            case ScopeKind.ALL:
                return [("", "true")]
            case _ if self.relations == LIVE:
                return [(asked, f"{service} = s.service")]
            case _:
                return [("", f"{service} = ANY({self.services})")]

    def rows_in_spans(self, rows: Rows, columns: str, condition: str = "true") -> str:
        """SQL of rows (n, service, slice, columns …) in the spans of SPANS.

        OFFSET 0 holds the planner to one index scan a span: a join it may turn round, and then it
        reads all that a service ever had.
        """
        return "\n    UNION ALL".join(
            f"""
    SELECT p.n, r.* FROM {SPANS} {found}"""
            for found in self._within(rows, columns, condition)
        )

    def rows_in_span(self, rows: Rows, columns: str, condition: str = "true") -> str:
        """SQL of the same without n, in the one span `p` of the SPANS around it."""
        return "\n    UNION ALL".join(
            f"""
    SELECT r.* FROM (VALUES (1)) AS one {found}"""
            for found in self._within(rows, columns, condition)
        )

    def _within(self, rows: Rows, columns: str, condition: str) -> list[str]:
        slice_ = "NULL" if self.slice_by is None else _SLICES[self.slice_by]
        return [
            f"""{through} CROSS JOIN LATERAL (
        SELECT {rows.service} AS service, {slice_} AS slice, {columns}
        FROM {self._source(rows)}
        WHERE {which} AND {rows.at} >= p.low AND {rows.at} < p.high AND {condition}
        OFFSET 0) AS r"""
            for through, which in self.ways(rows.service)
        ]

    def open_incidents(self, columns: str) -> str:
        """SQL of rows (service, slice, columns …) of the incidents that are open."""
        slice_ = "NULL" if self.slice_by is None else _SLICES[self.slice_by]
        return "\n    UNION ALL".join(
            f"""
    SELECT r.* FROM (VALUES (1)) AS one {through} CROSS JOIN LATERAL (
        SELECT i.service, {slice_} AS slice, {columns} FROM {self.relations.incident} i
        WHERE {which} AND i.state IN ('new', 'in_progress', 'on_hold')
        OFFSET 0) AS r"""
            for through, which in self.ways("i.service")
        )

    def _source(self, rows: Rows) -> str:
        """Moves are joined to their incidents where these decide or divide."""
        by_incident = self.kind is ScopeKind.VENDOR_PRODUCT or self.slice_by is not None
        if rows.alias == "t" and by_incident:
            return (
                f"{rows.table(self.relations)} JOIN {self.relations.incident} i ON {_WITH_INCIDENT}"
            )
        return rows.table(self.relations)

    def sums_in_spans(self, names: Collection[str]) -> str:
        """SQL of rows (n, service, slice, sums …) of all incidents and moves in the spans."""
        return "\n    UNION ALL".join(
            self.rows_in_spans(rows, rows.columns(names))
            for rows in all_rows(self.relations)
            if not rows.sums.keys().isdisjoint(names)
        )


# -- durations ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Duration:
    """A duration in microseconds (float8) of the rows where the condition holds."""

    rows: Rows
    microseconds: str
    condition: str


def _as_float(end: str) -> str:
    """Whole microseconds, as exact as a double is, and without the price of numeric."""
    return f"round(date_part('epoch', {end} - i.opened_at) * 1000000)"


DURATIONS: Final[Mapping[DurationKind, Duration]] = {
    DurationKind.RESOLUTION: Duration(LIVE_ROWS[2], _as_float("i.resolution_at"), _RESOLVED),
    DurationKind.ACKNOWLEDGEMENT: Duration(
        _ACKNOWLEDGED,
        _as_float("i.acknowledgement_at"),
        "i.acknowledgement_at >= i.opened_at",
    ),
    DurationKind.BUSINESS: Duration(
        LIVE_ROWS[2], "i.business_us::float8", f"{_RESOLVED} AND i.business_us IS NOT NULL"
    ),
}


def bucket_of(microseconds: str) -> str:
    """SQL of the bucket of a duration; see sketches.py."""
    return (
        f"(CASE WHEN {microseconds} < 1 THEN {NO_TIME}"
        f" ELSE ceil(ln({microseconds}) / {LN_GAMMA!r}::float8) END)::smallint"
    )
