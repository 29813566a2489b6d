# ruff: noqa: S608 - every fragment is of our own making, every value a parameter
"""Writing cells: what ingest appends, how it is folded in, and whether all of it is right."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any, Final

import psycopg
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from metrics_api.copying import insert_rows
from metrics_api.indicators.definitions import DurationKind
from metrics_api.indicators.live import DURATIONS, bucket_of, recomputed
from metrics_api.indicators.rules import CHANGES_DURATIONS, SUMS, Contributions
from metrics_api.indicators.scopes import LIVE
from shared.errors import NotFound

COMPACTION_BATCH: Final = 20_000

_DELTA = ("service", "day", *SUMS)
_PLACE = {name: place for place, name in enumerate(_DELTA)}
_KEPT_AS_ZERO = frozenset(CHANGES_DURATIONS)


async def insert_deltas(conn: psycopg.AsyncConnection[Any], totals: Contributions) -> None:
    """Append what a transaction adds to the cells; sums and cells that do not change are left out.

    A bulk load spends much of its time here.
    """
    rows = [
        _delta(service, day, cell)
        for (service, day), cell in totals.items()
        if any(cell.values()) or not _KEPT_AS_ZERO.isdisjoint(cell)
    ]
    await insert_rows(conn, "metrics.cell_delta", _DELTA, rows)


def _delta(service: str, day: date, cell: Mapping[str, int]) -> list[Any]:
    """A sum of durations is written even if it comes to 0: other durations may have the same sum,
    and the sketch of the day is made anew where it is not null."""
    row: list[Any] = [None] * len(_DELTA)
    row[:2] = service, day
    for name, amount in cell.items():
        if amount or name in _KEPT_AS_ZERO:
            row[_PLACE[name]] = amount
    return row


async def get_service_name(
    session: AsyncSession, service: str, as_of: datetime | None = None
) -> str:
    """The name of a service; 404 when the catalog never told of it, or had not by then."""
    statement = text("SELECT name FROM metrics.service_copy WHERE key = :key")
    if as_of is not None:
        statement = text(
            "SELECT name FROM metrics.service_version WHERE key = :key AND recorded_at <= :then"
            " ORDER BY revision DESC LIMIT 1"
        )
    name: str | None = await session.scalar(statement, {"key": service, "then": as_of})
    if name is None:
        raise NotFound(f"There is no service {service}")
    return name


# -- compaction -----------------------------------------------------------------------------------

CHANGED_DURATIONS: Final = f"coalesce({', '.join(CHANGES_DURATIONS)}) IS NOT NULL"
"""Whether a delta may have changed a duration of its day."""


def durations_of_days(days: str, kinds: Iterable[DurationKind] = DurationKind) -> str:
    """SQL of rows (service, day, kind, bucket) of the durations that ended on days.

    `days` has services ('' for none) and days; each is one index scan a kind.
    """
    return "\n    UNION ALL".join(
        f"""
    SELECT c.service, c.day, r.kind, r.bucket FROM {days} c CROSS JOIN LATERAL (
        SELECT '{kind}' AS kind, {bucket_of(duration.microseconds)} AS bucket
        FROM {duration.rows.table(LIVE)}
        WHERE i.service {present} AND {duration.rows.at} >= c.day::timestamp AT TIME ZONE 'UTC'
          AND {duration.rows.at} < (c.day + 1)::timestamp AT TIME ZONE 'UTC'
          AND {duration.condition}
        OFFSET 0) AS r WHERE {which}"""
        for kind, duration in ((kind, DURATIONS[kind]) for kind in kinds)
        for present, which in (("= c.service", "c.service <> ''"), ("IS NULL", "c.service = ''"))
    )


_COMPACT = f"""
WITH taken AS (
    DELETE FROM metrics.cell_delta d
    USING (SELECT service, day, id FROM metrics.cell_delta
           ORDER BY service, day, id LIMIT :batch) b
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
), changed AS MATERIALIZED (
    SELECT DISTINCT service, day FROM taken WHERE {CHANGED_DURATIONS}
), counted AS (
    SELECT service, kind, day, bucket, count(*) AS count FROM ({durations_of_days("changed")}) AS x
    GROUP BY service, kind, day, bucket
), sketched AS MATERIALIZED (
    SELECT service, kind, day, array_agg(bucket ORDER BY bucket) AS buckets,
           array_agg(count ORDER BY bucket) AS counts
    FROM counted GROUP BY service, kind, day
), emptied AS (
    DELETE FROM metrics.duration_sketch k USING changed c
    WHERE k.service = c.service AND k.kind = ANY(:kinds) AND k.grain = 'd' AND k.start = c.day
      AND NOT EXISTS (SELECT FROM sketched s
                      WHERE s.service = k.service AND s.kind = k.kind AND s.day = k.start)
), kept AS (
    INSERT INTO metrics.duration_sketch (service, kind, grain, start, buckets, counts)
    SELECT service, kind, 'd', day, buckets, counts FROM sketched
    ON CONFLICT (service, kind, grain, start) DO UPDATE
    SET buckets = excluded.buckets, counts = excluded.counts
)
SELECT (SELECT count(*) FROM taken) AS deltas, array_agg(service) AS services,
       array_agg(month) AS months
FROM (SELECT DISTINCT service, date_trunc('month', day::timestamp)::date AS month FROM changed) m"""

_DAYS_OF_MONTHS = """
    SELECT m.service, m.month, k.kind, b.bucket, sum(b.count)::integer AS count
    FROM {months} m CROSS JOIN unnest(CAST(:kinds AS text[])) AS w (kind)
    JOIN metrics.duration_sketch k ON k.service = m.service AND k.kind = w.kind AND k.grain = 'd'
     AND k.start >= m.month AND k.start < (m.month + interval '1 month')::date
    CROSS JOIN LATERAL unnest(k.buckets, k.counts) AS b (bucket, count)
    GROUP BY m.service, m.month, k.kind, b.bucket"""

_SUM_UP_MONTHS = f"""
WITH changed AS MATERIALIZED (
    SELECT service, month
    FROM unnest(CAST(:services AS text[]), CAST(:months AS date[])) AS m (service, month)
), sketched AS MATERIALIZED (
    SELECT service, kind, month, array_agg(bucket ORDER BY bucket) AS buckets,
           array_agg(count ORDER BY bucket) AS counts
    FROM ({_DAYS_OF_MONTHS.format(months="changed")}) AS x GROUP BY service, kind, month
), emptied AS (
    DELETE FROM metrics.duration_sketch k USING changed c
    WHERE k.service = c.service AND k.kind = ANY(:kinds) AND k.grain = 'm' AND k.start = c.month
      AND NOT EXISTS (SELECT FROM sketched s
                      WHERE s.service = k.service AND s.kind = k.kind AND s.month = k.start)
)
INSERT INTO metrics.duration_sketch (service, kind, grain, start, buckets, counts)
SELECT service, kind, 'm', month, buckets, counts FROM sketched
ON CONFLICT (service, kind, grain, start) DO UPDATE
SET buckets = excluded.buckets, counts = excluded.counts"""

_KINDS: Final = [kind.value for kind in DurationKind]
_ONE_AT_A_TIME = "SELECT pg_advisory_xact_lock(hashtextextended('metrics.compact_cells', 0))"


async def compact_batch(session: AsyncSession) -> int:
    """Move one batch of deltas into the cells of their day and month; how many there were.

    The durations of the days concerned are sketched anew by the same statement, so of the very
    incidents that the deltas taken, and those left, tell of. A crash leaves all or nothing. One
    compaction waits for another, since a sketch is set, not added to.
    """
    await session.execute(text(_ONE_AT_A_TIME))
    parameters = {"batch": COMPACTION_BATCH, "kinds": _KINDS}
    done = (await session.execute(text(_COMPACT), parameters)).one()
    if done.services:
        months = {"services": done.services, "months": done.months, "kinds": _KINDS}
        await session.execute(text(_SUM_UP_MONTHS), months)
    return int(done.deltas)


# -- checks ---------------------------------------------------------------------------------------

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
    days = _different("d", _KEPT, recomputed())
    months = _different("m", _MONTHS, _DAYS_BY_MONTH)
    await session.execute(text("SET LOCAL statement_timeout = 0"))
    return [tuple(row) for row in await session.execute(text(f"{days} UNION ALL {months}"))]


_EVERY_DURATION = "\n    UNION ALL".join(
    f"""
    SELECT coalesce(i.service, '') AS service,
           ({duration.rows.at} AT TIME ZONE 'UTC')::date AS day, '{kind}' AS kind,
           {bucket_of(duration.microseconds)} AS bucket, 1 AS count
    FROM metrics.incident i WHERE {duration.condition}"""
    for kind, duration in DURATIONS.items()
)
_MONTHS_OF_SKETCHES = """(
    SELECT DISTINCT service, date_trunc('month', start::timestamp)::date AS month
    FROM metrics.duration_sketch)"""


def _sketches(grain: str) -> str:
    return f"""
    SELECT k.service, k.start AS day, k.kind, b.bucket, b.count FROM metrics.duration_sketch k
    CROSS JOIN LATERAL unnest(k.buckets, k.counts) AS b (bucket, count) WHERE k.grain = '{grain}'"""


_SKETCHES_DIFFER = " UNION ALL ".join(
    f"""
    SELECT DISTINCT '{grain}' AS grain, service, day, kind
    FROM (SELECT 1 AS sign, l.* FROM ({left}) AS l
          UNION ALL SELECT -1, r.* FROM ({right}) AS r) AS x
    WHERE {which}
    GROUP BY service, day, kind, bucket HAVING sum(sign * count) <> 0"""
    for grain, left, right, which in (
        (
            "d",
            _sketches("d"),
            _EVERY_DURATION,
            f"""(service, day) NOT IN (
        SELECT service, day FROM metrics.cell_delta WHERE {CHANGED_DURATIONS})""",
        ),
        ("m", _sketches("m"), _DAYS_OF_MONTHS.format(months=_MONTHS_OF_SKETCHES), "true"),
    )
)


async def sketches_that_differ(session: AsyncSession) -> list[tuple[str, str, date, str]]:
    """(grain, service, start, kind) of each sketch that is not what the incidents say.

    Days with pending deltas are left out, for their sketches are not read. For checks and tests.
    """
    await session.execute(text("SET LOCAL statement_timeout = 0"))
    return [tuple(r) for r in await session.execute(text(_SKETCHES_DIFFER), {"kinds": _KINDS})]
