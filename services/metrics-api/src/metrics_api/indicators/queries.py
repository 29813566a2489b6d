# ruff: noqa: S608 - every fragment is of our own making, every value a parameter
"""Writing cells: what ingest appends, how it is folded in, and whether all of it is right."""

from collections.abc import Mapping
from datetime import date
from typing import Any, Final, NamedTuple

import psycopg
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from metrics_api.copying import insert_rows
from metrics_api.indicators.live import recomputed
from metrics_api.indicators.rules import CHANGES_DURATIONS, SUMS, Contributions

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


# -- compaction -----------------------------------------------------------------------------------

CHANGED_DURATIONS: Final = f"coalesce({', '.join(CHANGES_DURATIONS)}) IS NOT NULL"
"""Whether a delta may have changed a duration of its day."""

_NAMES = ", ".join(SUMS)
# By ctid, which no statistics of a table that a bulk load has just filled can lead astray.
_COMPACT = f"""
WITH taken AS MATERIALIZED (
    DELETE FROM metrics.cell_delta WHERE ctid = ANY(ARRAY(
        SELECT ctid FROM metrics.cell_delta WHERE (service, day) > (:service, :day)
        ORDER BY service, day, id LIMIT :batch))
    RETURNING *
), of_days AS MATERIALIZED (
    SELECT service, day, {", ".join(f"coalesce(sum({name}), 0) AS {name}" for name in SUMS)}
    FROM taken GROUP BY service, day
), summed AS (
    SELECT service, 'd' AS grain, day AS start, {_NAMES} FROM of_days
    UNION ALL
    SELECT service, 'm', date_trunc('month', day::timestamp)::date,
           {", ".join(f"sum({name})" for name in SUMS)}
    FROM of_days GROUP BY 1, 3
), folded AS (
    INSERT INTO metrics.cell (service, grain, start, {_NAMES})
    SELECT service, grain, start, {_NAMES} FROM summed ORDER BY service, grain, start
    ON CONFLICT (service, grain, start) DO UPDATE
    SET {", ".join(f"{name} = cell.{name} + excluded.{name}" for name in SUMS)}
), to_sketch AS (
    INSERT INTO metrics.sketch_pending (service, day, touched_at)
    SELECT DISTINCT service, day, now() FROM taken WHERE {CHANGED_DURATIONS}
    ON CONFLICT (service, day) DO UPDATE SET touched_at = excluded.touched_at
)
SELECT count(*) OVER () AS deltas, service, day FROM taken
ORDER BY service DESC, day DESC LIMIT 1"""
_ONE_AT_A_TIME = "SELECT pg_advisory_xact_lock(hashtextextended('metrics.compact_cells', 0))"


async def one_at_a_time(session: AsyncSession) -> None:
    """Wait for whoever else folds deltas in or sketches days, until this transaction ends."""
    await session.execute(text(_ONE_AT_A_TIME))


class Compacted(NamedTuple):
    """A batch that was moved: how many deltas, and the service and day of the last of them."""

    deltas: int
    service: str
    day: date

    @property
    def is_full(self) -> bool:
        """Whether there may be more after it."""
        return self.deltas == COMPACTION_BATCH


BEFORE_ALL: Final = Compacted(0, "", date.min)


async def compact_batch(session: AsyncSession, after: Compacted = BEFORE_ALL) -> Compacted:
    """Move the next batch of deltas into the cells of their day and month.

    By service and day, so that all that is known of a cell is added to it at once. One statement,
    so a crash leaves all or nothing of it. Days whose durations may have changed are noted down to
    be sketched anew.
    """
    await one_at_a_time(session)
    parameters = {"batch": COMPACTION_BATCH, "service": after.service, "day": after.day}
    row = (await session.execute(text(_COMPACT), parameters)).one_or_none()
    return BEFORE_ALL if row is None else Compacted(*row)


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
