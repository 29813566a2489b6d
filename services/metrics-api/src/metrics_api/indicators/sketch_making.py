# ruff: noqa: S608 - every fragment is of our own making, every value a parameter
"""Making the sketches of days and months, and checking them: the SQL of it.

The compaction notes down whose durations may have changed. Such a day is sketched anew, from its
incidents, once it has rested a while: a bulk load touches the same days over and over, and to
sketch them at each touch costs many times what the load itself does. Until then, as long as it
has pending deltas or is noted down, its durations are read from the incidents.
"""

from datetime import date, datetime, timedelta
from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from metrics_api.indicators.definitions import DurationKind
from metrics_api.indicators.live import DURATIONS, bucket_of
from metrics_api.indicators.queries import CHANGED_DURATIONS, one_at_a_time

DAYS_AT_ONCE: Final = 2_000
REST: Final = timedelta(minutes=1)
REST_UNDER_LOAD: Final = timedelta(minutes=10)  # in which a bulk load comes back to nearly all
_KINDS: Final = [kind.value for kind in DurationKind]


def buckets_of_days(days: str, kind: DurationKind) -> str:
    """SQL of rows (service, day, bucket, count) of the durations that ended on days.

    `days` has services ('' for none) and days; each is one index scan.
    """
    duration = DURATIONS[kind]
    return "\n    UNION ALL".join(
        f"""
    SELECT c.service, c.day, r.bucket, r.count FROM {days} c CROSS JOIN LATERAL (
        SELECT {bucket_of(duration.microseconds)} AS bucket, count(*) AS count
        FROM metrics.incident i
        WHERE i.service {present} AND {duration.rows.at} >= c.day::timestamp AT TIME ZONE 'UTC'
          AND {duration.rows.at} < (c.day + 1)::timestamp AT TIME ZONE 'UTC'
          AND {duration.condition}
        GROUP BY 1 OFFSET 0) AS r WHERE {which}"""
        for present, which in (("= c.service", "c.service <> ''"), ("IS NULL", "c.service = ''"))
    )


def _sketches_of_days() -> str:
    """The same put together, day by day: to sort all of them at once takes most of the time."""
    return "\n    UNION ALL".join(
        f"""
    SELECT c.service, '{kind}' AS kind, c.day, r.buckets, r.counts
    FROM taken c CROSS JOIN LATERAL (
        SELECT array_agg(x.bucket ORDER BY x.bucket) AS buckets,
               array_agg(x.count ORDER BY x.bucket) AS counts
        FROM ({buckets_of_days("(SELECT c.service, c.day)", kind)}) AS x) AS r
    WHERE r.buckets IS NOT NULL"""
        for kind in DurationKind
    )


# By ctid, which no statistics of a table that a bulk load has just filled can lead astray.
_SKETCH_DAYS = f"""
WITH taken AS MATERIALIZED (
    DELETE FROM metrics.sketch_pending WHERE ctid = ANY(ARRAY(
        SELECT ctid FROM metrics.sketch_pending WHERE touched_at <= :rested_since
        ORDER BY service, day LIMIT :batch))
    RETURNING service, day
), sketched AS MATERIALIZED ({_sketches_of_days()}
), emptied AS (
    DELETE FROM metrics.duration_sketch k USING taken c
    WHERE k.service = c.service AND k.kind = ANY(:kinds) AND k.grain = 'd' AND k.start = c.day
      AND NOT EXISTS (SELECT FROM sketched s
                      WHERE s.service = k.service AND s.kind = k.kind AND s.day = k.start)
), kept AS (
    INSERT INTO metrics.duration_sketch (service, kind, grain, start, buckets, counts)
    SELECT service, kind, 'd', day, buckets, counts FROM sketched
    ON CONFLICT (service, kind, grain, start) DO UPDATE
    SET buckets = excluded.buckets, counts = excluded.counts
)
SELECT (SELECT count(*) FROM taken) AS days, array_agg(service) AS services,
       array_agg(month) AS months
FROM (SELECT DISTINCT service, date_trunc('month', day::timestamp)::date AS month FROM taken) m"""

_DAYS_OF_MONTHS = """
    SELECT m.service, m.month, k.kind, b.bucket, sum(b.count)::integer AS count
    FROM {months} m CROSS JOIN unnest(CAST(:kinds AS text[])) AS w (kind)
    JOIN metrics.duration_sketch k ON k.service = m.service AND k.kind = w.kind AND k.grain = 'd'
     AND k.start >= m.month AND k.start < (m.month + interval '1 month')::date
    CROSS JOIN LATERAL unnest(k.buckets, k.counts) AS b (bucket, count)
    GROUP BY m.service, m.month, k.kind, b.bucket"""

# A month with a day that is still to be sketched is not read, so it need not be right yet.
_SUM_UP_MONTHS = f"""
WITH changed AS MATERIALIZED (
    SELECT service, month
    FROM unnest(CAST(:services AS text[]), CAST(:months AS date[])) AS m (service, month)
    WHERE NOT EXISTS (SELECT FROM metrics.sketch_pending p
                      WHERE p.service = m.service AND p.day >= m.month
                        AND p.day < (m.month + interval '1 month')::date)
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


async def sketch_batch(session: AsyncSession, rested_since: datetime) -> int:
    """Sketch some of the days that were noted down and not touched since; how many there were.

    Days are taken off the notes by the statement that reads their incidents. What was ingested
    after its snapshot has deltas, and so makes its day be read from the incidents again.
    """
    await one_at_a_time(session)
    parameters = {"batch": DAYS_AT_ONCE, "rested_since": rested_since, "kinds": _KINDS}
    done = (await session.execute(text(_SKETCH_DAYS), parameters)).one()
    if done.services:
        months = {"services": done.services, "months": done.months, "kinds": _KINDS}
        await session.execute(text(_SUM_UP_MONTHS), months)
    return int(done.days)


# -- checks ---------------------------------------------------------------------------------------

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
_DIRTY = f"""
    SELECT service, day FROM metrics.cell_delta WHERE {CHANGED_DURATIONS}
    UNION SELECT service, day FROM metrics.sketch_pending"""


def _sketches(grain: str) -> str:
    return f"""
    SELECT k.service, k.start AS day, k.kind, b.bucket, b.count FROM metrics.duration_sketch k
    CROSS JOIN LATERAL unnest(k.buckets, k.counts) AS b (bucket, count) WHERE k.grain = '{grain}'"""


_SKETCHES_DIFFER = " UNION ALL ".join(
    f"""
    SELECT DISTINCT '{grain}' AS grain, service, day, kind
    FROM (SELECT 1 AS sign, l.* FROM ({left}) AS l
          UNION ALL SELECT -1, r.* FROM ({right}) AS r) AS x
    WHERE (service, day) NOT IN ({dirty})
    GROUP BY service, day, kind, bucket HAVING sum(sign * count) <> 0"""
    for grain, left, right, dirty in (
        ("d", _sketches("d"), _EVERY_DURATION, _DIRTY),
        (
            "m",
            _sketches("m"),
            _DAYS_OF_MONTHS.format(months=_MONTHS_OF_SKETCHES),
            f"SELECT service, date_trunc('month', day::timestamp)::date FROM ({_DIRTY}) AS d",
        ),
    )
)


async def sketches_that_differ(session: AsyncSession) -> list[tuple[str, str, date, str]]:
    """(grain, service, start, kind) of each sketch that is not what the incidents say.

    Those that are not read, of days with pending changes, are left out. For checks and tests.
    """
    await session.execute(text("SET LOCAL statement_timeout = 0"))
    return [tuple(r) for r in await session.execute(text(_SKETCHES_DIFFER), {"kinds": _KINDS})]
