# ruff: noqa: S608 - every fragment is of our own making, every value a parameter
"""Every SQL statement over cells, cell deltas and the live rests of days.

A sum over a span is the sum of its whole months (cells), its whole days (cells), what ingest added
since the last compaction (cell deltas), and the rests of UTC days at its edges, which are counted
from the incidents by index. One statement sees all of it in one snapshot, so it is always exact.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final, NamedTuple

import psycopg
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from metrics_api.copying import insert_rows
from metrics_api.indicators.periods import Span, decompose
from metrics_api.indicators.rules import (
    DURATION_SUMS,
    MOVES,
    MOVES_BETWEEN,
    SUMS,
    Contributions,
    Sums,
)
from shared.errors import NotFound

COMPACTION_BATCH: Final = 20_000

_DELTA = ("service", "day", *SUMS)
_PLACE = {name: place for place, name in enumerate(_DELTA)}


async def insert_deltas(conn: psycopg.AsyncConnection[Any], totals: Contributions) -> None:
    """Append what a transaction adds to the cells; sums and cells that do not change are left out.

    A bulk load spends much of its time here.
    """
    rows = [
        _delta(service, day, cell) for (service, day), cell in totals.items() if any(cell.values())
    ]
    await insert_rows(conn, "metrics.cell_delta", _DELTA, rows)


def _delta(service: str, day: date, cell: Mapping[str, int]) -> list[Any]:
    row: list[Any] = [None] * len(_DELTA)
    row[:2] = service, day
    for name, amount in cell.items():
        if amount:
            row[_PLACE[name]] = amount
    return row


# -- the sums of an incident in SQL: what rules.contributions says in Python -----------------------


class _LiveRows(NamedTuple):
    """Rows whose sums fall on the day of `at`."""

    rows: str
    service: str
    at: str
    sums: dict[str, str]


def _microseconds(end: str) -> str:
    return f"(extract(epoch FROM {end} - i.opened_at) * 1000000)::numeric"


def _on_move(move: str) -> str:
    pairs = [
        f"('{before or ''}', '{after}')"
        for (before, after), moves in MOVES_BETWEEN.items()
        if move in moves
    ]
    return f"CASE WHEN (coalesce(t.from_state, ''), t.to_state) IN ({', '.join(pairs)}) THEN 1 END"


_IS_LAST_MOVE = """NOT EXISTS (
    SELECT FROM metrics.incident_transition l
    WHERE l.source_id = t.source_id AND l.external_id = t.external_id AND l.seq > t.seq)"""
_RESOLVED = "i.resolution_at >= i.opened_at"
_LIVE: Final = (
    _LiveRows(
        "metrics.incident i",
        "i.service",
        "i.opened_at",
        {
            "opened": "1",
            "unacknowledged": "CASE WHEN i.acknowledgement_at IS NULL THEN 1 END",
        },
    ),
    _LiveRows(
        "metrics.incident i",
        "i.service",
        "i.acknowledgement_at",
        {
            "acknowledged": "CASE WHEN i.acknowledgement_at >= i.opened_at THEN 1 END",
            "acknowledged_us": (
                "CASE WHEN i.acknowledgement_at >= i.opened_at"
                f" THEN {_microseconds('i.acknowledgement_at')} END"
            ),
            "acknowledged_negative_duration": (
                "CASE WHEN i.acknowledgement_at < i.opened_at THEN 1 END"
            ),
            "acknowledged_no_opening_time": "CASE WHEN i.opened_at IS NULL THEN 1 END",
        },
    ),
    _LiveRows(
        "metrics.incident i",
        "i.service",
        "i.resolution_at",
        {
            "resolved": f"CASE WHEN {_RESOLVED} THEN 1 END",
            "resolved_us": f"CASE WHEN {_RESOLVED} THEN {_microseconds('i.resolution_at')} END",
            "resolved_negative_duration": "CASE WHEN i.resolution_at < i.opened_at THEN 1 END",
            "resolved_no_opening_time": "CASE WHEN i.opened_at IS NULL THEN 1 END",
            "resolved_reopened": f"CASE WHEN {_RESOLVED} AND i.reopened THEN 1 END",
            "first_contact_base": (
                f"CASE WHEN {_RESOLVED} AND i.channel IS DISTINCT FROM 'monitoring' THEN 1 END"
            ),
            "first_contact": (
                f"CASE WHEN {_RESOLVED} AND i.channel IS DISTINCT FROM 'monitoring'"
                " AND coalesce(i.first_contact,"
                " coalesce(i.reassignment_count, 0) = 0 AND NOT i.reopened) THEN 1 END"
            ),
        },
    ),
    _LiveRows(
        "metrics.incident_transition t",
        "t.service",
        "t.at",
        {
            "no_resolution_time": f"""CASE WHEN t.to_state IN ('resolved', 'closed') AND (
                SELECT i.resolution_at IS NULL FROM metrics.incident i
                WHERE i.source_id = t.source_id AND i.external_id = t.external_id)
                AND {_IS_LAST_MOVE} THEN 1 END""",
            "cancelled": f"CASE WHEN t.to_state = 'cancelled' AND {_IS_LAST_MOVE} THEN 1 END",
            **{move: _on_move(move) for move in MOVES},
        },
    ),
)


def _live_columns(live: _LiveRows) -> str:
    return ", ".join(
        f"{live.sums.get(name, 'NULL')}::{'numeric' if name in DURATION_SUMS else 'bigint'}"
        f" AS {name}"
        for name in SUMS
    )


# -- sums of spans --------------------------------------------------------------------------------


def _each(piece: str, columns: str, rows: str) -> str:
    """Rows (n, columns …) of each piece. OFFSET 0 holds the planner to one index scan a piece:
    a join it may turn round, and then it reads all that a service ever had."""
    return f"""
    SELECT p.n, r.* FROM {piece}
    CROSS JOIN LATERAL (SELECT {columns} FROM {rows} OFFSET 0) AS r"""


_CELL_PIECES = """unnest(
        CAST(:cell_n AS int[]), CAST(:cell_grain AS text[]),
        CAST(:cell_low AS date[]), CAST(:cell_high AS date[])) AS p (n, grain, low, high)"""
_DAY_PIECES = """unnest(
        CAST(:day_n AS int[]), CAST(:day_low AS date[]),
        CAST(:day_high AS date[])) AS p (n, low, high)"""
_EDGE_PIECES = """unnest(
        CAST(:edge_n AS int[]), CAST(:edge_low AS timestamptz[]),
        CAST(:edge_high AS timestamptz[])) AS p (n, low, high)"""


def rows_of_spans(service: str, *, edges: bool) -> str:
    """SQL of rows (n, sums …) that add up to the sums of a service's spans.

    `service` is an SQL expression; the parameters come from `span_parameters`.
    """
    sums = ", ".join(SUMS)
    cells = f"""metrics.cell c WHERE c.service = {service} AND c.grain = p.grain
        AND c.start >= p.low AND c.start < p.high"""
    deltas = f"""metrics.cell_delta d WHERE d.service = {service}
        AND d.day >= p.low AND d.day < p.high"""
    parts = [_each(_CELL_PIECES, sums, cells), _each(_DAY_PIECES, sums, deltas)]
    if edges:
        parts += [
            _each(
                _EDGE_PIECES,
                _live_columns(live),
                f"""{live.rows} WHERE {live.service} = {service}
        AND {live.at} >= p.low AND {live.at} < p.high""",
            )
            for live in _LIVE
        ]
    return "\n    UNION ALL".join(parts)


_FIRST_MOMENT = datetime.fromisoformat("1800-01-01T00:00:00Z")


def span_parameters(spans: Sequence[Span]) -> dict[str, Any]:
    """The spans cut into months, days and rests of days, as arrays for `rows_of_spans`."""
    cells: list[tuple[int, str, date, date]] = []
    days: list[tuple[int, date, date]] = []
    edges: list[tuple[int, datetime, datetime]] = []
    for n, start, end in spans:
        pieces = decompose(start or _FIRST_MOMENT, end)
        cells += [(n, "m", low, high) for low, high in pieces.months]
        cells += [(n, "d", low, high) for low, high in pieces.days]
        days += [(n, low, high) for low, high in (*pieces.months, *pieces.days)]
        edges += [(n, low, high) for low, high in pieces.edges]
    return {
        **_arrays(("cell_n", "cell_grain", "cell_low", "cell_high"), cells),
        **_arrays(("day_n", "day_low", "day_high"), days),
        **(_arrays(("edge_n", "edge_low", "edge_high"), edges) if edges else {}),
    }


def _arrays(names: Sequence[str], rows: Sequence[Sequence[Any]]) -> dict[str, list[Any]]:
    columns = [list(column) for column in zip(*rows, strict=True)] or [[] for _ in names]
    return dict(zip(names, columns, strict=True))


def has_edges(parameters: dict[str, Any]) -> bool:
    return "edge_n" in parameters


async def plan_afresh(session: AsyncSession) -> None:
    """Let the statements of this transaction be planned for the tables as they are now.

    A plan kept from when the ledger of deltas was empty reads all of it for each piece, and a
    bulk load fills it in seconds.
    """
    await session.execute(text("SET LOCAL plan_cache_mode = force_custom_plan"))


async def get_service_name(session: AsyncSession, service: str) -> str:
    """The name of a service; 404 when the catalog never told of it."""
    statement = text("SELECT name FROM metrics.service_copy WHERE key = :key")
    name: str | None = await session.scalar(statement, {"key": service})
    if name is None:
        raise NotFound(f"There is no service {service}")
    return name


async def sums_of_service(
    session: AsyncSession, service: str, spans: Sequence[Span]
) -> dict[int, Sums]:
    """All sums of a service by the number of the span."""
    parameters = span_parameters(spans)
    totals = ", ".join(f"coalesce(sum(r.{name}), 0) AS {name}" for name in SUMS)
    statement = f"""
    SELECT r.n, {totals}
    FROM ({rows_of_spans("CAST(:service AS text)", edges=has_edges(parameters))}) AS r
    GROUP BY r.n"""
    await plan_afresh(session)
    found = await session.execute(text(statement), {"service": service, **parameters})
    sums = {span.n: dict.fromkeys(SUMS, 0) for span in spans}
    for n, *amounts in found:
        sums[n] = {name: int(amount) for name, amount in zip(SUMS, amounts, strict=True)}
    return sums


# -- percentiles ----------------------------------------------------------------------------------


async def duration_percentiles(
    session: AsyncSession, service: str, at: str, spans: Sequence[tuple[datetime, datetime]]
) -> dict[int, list[float]]:
    """p50, p90 and p95 in microseconds by the index of the span, exact, from the incidents.

    `at` is resolution_at or acknowledgement_at; interpolated as percentile_cont does.
    """
    column = {"resolution_at": "resolution_at", "acknowledgement_at": "acknowledgement_at"}[at]
    statement = f"""
    SELECT p.n, percentile_cont(ARRAY[0.5, 0.9, 0.95]) WITHIN GROUP (ORDER BY r.duration)
    FROM unnest(CAST(:low AS timestamptz[]), CAST(:high AS timestamptz[]))
         WITH ORDINALITY AS p (low, high, n)
    CROSS JOIN LATERAL (
        SELECT (extract(epoch FROM i.{column} - i.opened_at) * 1000000)::float8 AS duration
        FROM metrics.incident i
        WHERE i.service = :service AND i.{column} >= p.low AND i.{column} < p.high
          AND i.{column} >= i.opened_at
        OFFSET 0
    ) AS r
    GROUP BY p.n"""
    lows, highs = [low for low, _ in spans], [high for _, high in spans]
    found = await session.execute(text(statement), {"service": service, "low": lows, "high": highs})
    return {n - 1: list(percentiles) for n, percentiles in found}


# -- compaction -----------------------------------------------------------------------------------

_COMPACT = f"""
WITH taken AS (
    DELETE FROM metrics.cell_delta d
    USING (SELECT service, day, id FROM metrics.cell_delta
           ORDER BY service, day, id LIMIT :batch FOR UPDATE SKIP LOCKED) b
    WHERE d.service = b.service AND d.day = b.day AND d.id = b.id
    RETURNING d.*
), summed AS (
    SELECT service, grain,
           CASE grain WHEN 'd' THEN day ELSE date_trunc('month', day::timestamp)::date END AS start,
           {", ".join(f"coalesce(sum({name}), 0) AS {name}" for name in SUMS)}
    FROM taken CROSS JOIN (VALUES ('d'), ('m')) AS g (grain)
    GROUP BY 1, 2, 3
), folded AS (
    INSERT INTO metrics.cell (service, grain, start, {", ".join(SUMS)})
    SELECT service, grain, start, {", ".join(SUMS)} FROM summed ORDER BY service, grain, start
    ON CONFLICT (service, grain, start) DO UPDATE
    SET {", ".join(f"{name} = cell.{name} + excluded.{name}" for name in SUMS)}
)
SELECT count(*) FROM taken"""


async def compact_batch(session: AsyncSession) -> int:
    """Move one batch of deltas into the cells of their day and month; how many there were.

    One statement, so a crash leaves all or nothing of it. Two at once take different deltas, and
    touch the cells in one order, so they do not deadlock.
    """
    count: int = await session.scalar(text(_COMPACT), {"batch": COMPACTION_BATCH}) or 0
    return count


_RECOMPUTED = "\n    UNION ALL".join(
    f"""
    SELECT coalesce({live.service}, '') AS service, ({live.at} AT TIME ZONE 'UTC')::date AS day,
           {_live_columns(live)}
    FROM {live.rows} WHERE {live.at} IS NOT NULL"""
    for live in _LIVE
)


_KEPT = f"""
    SELECT service, start AS day, {", ".join(SUMS)} FROM metrics.cell WHERE grain = 'd'
    UNION ALL
    SELECT service, day, {", ".join(SUMS)} FROM metrics.cell_delta"""
_MONTHS = f"""
    SELECT service, start AS day, {", ".join(SUMS)} FROM metrics.cell WHERE grain = 'm'"""
_DAYS_BY_MONTH = f"""
    SELECT service, date_trunc('month', start::timestamp)::date AS day, {", ".join(SUMS)}
    FROM metrics.cell WHERE grain = 'd'"""


def _different(grain: str, left: str, right: str) -> str:
    """SQL of the cells whose sums over the rows of `left` and of `right` are not the same."""
    unequal = " OR ".join(f"sum(sign * {name}) <> 0" for name in SUMS)
    return f"""
    SELECT '{grain}' AS grain, service, day
    FROM (SELECT 1 AS sign, l.* FROM ({left}) AS l
          UNION ALL SELECT -1, r.* FROM ({right}) AS r) AS x
    GROUP BY service, day HAVING {unequal}"""


async def cells_that_differ(session: AsyncSession) -> list[tuple[str, str, date]]:
    """(grain, service, start) of each cell that is not what the incidents say; none if all is well.

    Reads every incident, for as long as it takes: for checks and tests, not for serving.
    """
    days = _different("d", _KEPT, _RECOMPUTED)
    months = _different("m", _MONTHS, _DAYS_BY_MONTH)
    await session.execute(text("SET LOCAL statement_timeout = 0"))
    return [tuple(row) for row in await session.execute(text(f"{days} UNION ALL {months}"))]
