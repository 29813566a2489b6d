"""The SQL statements that sum up good and valid events."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from functools import cache
from typing import Any, NamedTuple

import orjson
from sqlalchemy import ARRAY, BigInteger, Boolean, Integer, Text, TextClause, bindparam, text
from sqlalchemy.ext.asyncio import AsyncSession

from metrics_api.as_of.relations import THEN
from metrics_api.base import Stamp
from metrics_api.clocks.queries import support_calendars
from metrics_api.indicators.scopes import LIVE, Relations
from metrics_api.measures.records import BESIDES, SOURCES, RecordSource, table_of
from metrics_api.measures.rules import Asked, Part, parts_of
from metrics_api.measures.uptime import support_hours
from metrics_api.slis.rules import RecordMeasure

_CELLS = "cells"
_AVAILABLE = RecordMeasure.AVAILABILITY.value


class Summed(NamedTuple):
    """Good and valid events of a number, and those of them that corrections take out."""

    good: Decimal
    total: Decimal
    good_out: Decimal
    total_out: Decimal


_ZERO = Decimal(0)
NONE = Summed(_ZERO, _ZERO, _ZERO, _ZERO)

# Each stretch is whole days, the hours beside them, and the minutes beside these.
_FROM_CELLS = """
WITH span AS (
    SELECT s.*, ceiling_hour AS h1, floor_hour AS h2, ceiling_day AS d1, floor_day AS d2
    FROM unnest(:n, :facet, :mode, :excluded, :low, :high)
        AS s(n, facet, mode, excluded, low, high)
    CROSS JOIN LATERAL (
        SELECT date_bin('1 hour', low + interval '1 hour - 1 us', 'epoch') AS ceiling_hour,
               date_bin('1 hour', high, 'epoch') AS floor_hour,
               date_bin('1 day', low + interval '1 day - 1 us', 'epoch') AS ceiling_day,
               date_bin('1 day', high, 'epoch') AS floor_day
    ) AS edges
), piece AS (
    SELECT s.n, s.facet, s.mode, s.excluded, p.grain, p.low, p.high
    FROM span s
    CROSS JOIN LATERAL (
        VALUES ('m', low, least(h1, high)),
               ('m', greatest(h2, least(h1, high)), high),
               ('h', h1, least(d1, h2)),
               ('h', greatest(d2, least(d1, h2)), h2),
               ('d', d1, d2)
    ) AS p(grain, low, high)
    WHERE p.low < p.high AND (p.grain <> 'h' OR h1 < h2)
)
SELECT p.n, p.excluded, sum(c.good) AS good, sum(c.total) AS total
FROM piece p
CROSS JOIN LATERAL (
    -- Apart, so that each piece is one range of the index.
    SELECT sum(CASE p.mode WHEN 'events' THEN c.good WHEN 'slices' THEN c.slices_good
                           ELSE c.slices_ratio END) AS good,
           sum(CASE p.mode WHEN 'events' THEN c.total ELSE c.slices END) AS total
    FROM {cells} c
    WHERE c.facet = p.facet AND c.grain = p.grain AND c.start >= p.low AND c.start < p.high
) AS c
WHERE c.total IS NOT NULL
GROUP BY p.n, p.excluded"""

SPAN = """
span AS MATERIALIZED (
    SELECT * FROM jsonb_to_recordset(CAST(:spans AS jsonb)) AS s(
        id int, n int, excluded boolean, mode text, joint boolean, source text, facet bigint,
        service text, priorities int[], channels text[], within_hours numeric, op text,
        value double precision, width interval, slice_target numeric,
        low timestamptz, high timestamptz, hours int
    )
)"""

_FILTERS = """r.state IS DISTINCT FROM 'cancelled'
    AND (cardinality(s.priorities) = 0 OR r.priority = ANY (s.priorities))
    AND (cardinality(s.channels) = 0 OR r.channel = ANY (s.channels))"""

# Which outages speak of the availability of a stretch, maintenance among them.
REACHING = f"""r.service = s.service AND NOT r.degraded
              AND r.started_at < s.high
              AND coalesce(r.ended_at, :now) > greatest(s.low, r.started_at)
              AND {_FILTERS}"""

_NO_EVENTS = "SELECT 0 AS id, now() AS at, false AS good WHERE false"

# Records rule 10: agreed time is the support hours less planned maintenance, downtime the unplanned
# outages inside the support hours less planned maintenance; an open outage lasts until now.
_STOOD = """
support AS MATERIALIZED (
    SELECT * FROM jsonb_to_recordset(CAST(:support AS jsonb)) AS h(
        hours int, open tstzmultirange
    )
),
stood AS MATERIALIZED (
    SELECT o.id, w.hours, w.hours - o.planned AS agreed,
           o.unplanned * w.hours - o.planned AS down
    FROM (
        SELECT s.id,
               coalesce(range_agg(r.during) FILTER (WHERE r.planned), '{{}}') AS planned,
               coalesce(range_agg(r.during) FILTER (WHERE NOT r.planned), '{{}}') AS unplanned
        FROM span s
        LEFT JOIN LATERAL (
            SELECT r.planned, tstzrange(
                greatest(r.started_at, s.low), least(coalesce(r.ended_at, :now), s.high)
            ) AS during
            FROM {outages} r
            WHERE {reaching}
        ) AS r ON true
        WHERE s.source = 'availability'
        GROUP BY s.id
    ) AS o JOIN span s USING (id)
    LEFT JOIN support h USING (hours)
    CROSS JOIN LATERAL (
        SELECT coalesce(h.open, '{{}}') * tstzmultirange(tstzrange(s.low, s.high)) AS hours
    ) AS w
)"""
_SLICES_STOOD = """
touched AS (
    SELECT DISTINCT s.id, k.start
    FROM stood a JOIN span s USING (id)
    CROSS JOIN LATERAL unnest(a.hours - a.agreed + a.down) AS o(during)
    CROSS JOIN LATERAL generate_series(
        date_bin(s.width, lower(o.during), 'epoch'),
        upper(o.during) - interval '1 us', s.width
    ) AS k(start)
    WHERE s.mode <> 'events' AND NOT s.joint
    UNION ALL
    SELECT s.id, k.start
    FROM stood a JOIN span s USING (id)
    CROSS JOIN LATERAL generate_series(s.low, s.high - interval '1 us', s.width) AS k(start)
    WHERE s.mode <> 'events' AND s.joint
),
judged AS MATERIALIZED (
    SELECT t.id, t.start, lasting(a.agreed * w.slice) AS agreed, lasting(a.down * w.slice) AS down
    FROM touched t JOIN span s USING (id) JOIN stood a USING (id)
    CROSS JOIN LATERAL (SELECT tstzmultirange(tstzrange(t.start, t.start + s.width)) AS slice) AS w
)"""
_LASTING = "(SELECT coalesce(sum(extract(epoch FROM upper(x) - lower(x))), 0) FROM unnest({}) AS x)"


def lasting(statement: str) -> str:
    """Spell out lasting(multirange): its seconds."""
    head, *rest = statement.split("lasting(")
    spelt = head
    for one in rest:
        argument, _, tail = one.partition(")")
        spelt += _LASTING.format(argument) + tail
    return spelt


_UP_AND_DOWN = """
    SELECT s.n, s.excluded, (agreed - down) / 60 AS good, agreed / 60 AS total
    FROM (
        SELECT a.id, lasting(a.agreed) AS agreed, lasting(a.down) AS down
        FROM stood a JOIN span s USING (id) WHERE s.mode = 'events'
    ) AS whole JOIN span s USING (id)"""

# Slices of the support hours that no outage touches are many and alike: one row says how many.
_UP_AND_DOWN_SLICES = """
    SELECT j.id, j.start, round(1 - j.down / j.agreed, 12) AS share,
           j.agreed - j.down >= coalesce(s.slice_target, 1) * j.agreed AS good, 1::numeric AS weight
    FROM judged j JOIN span s USING (id) WHERE j.agreed > 0
    UNION ALL
    SELECT s.id, NULL, 1, true,
           lasting(k.slices) / extract(epoch FROM s.width)
           - (SELECT count(*) FROM judged j WHERE j.id = s.id)
    FROM stood a JOIN span s USING (id)
    CROSS JOIN LATERAL (
        SELECT range_agg(tstzrange(
            date_bin(s.width, lower(o.open), 'epoch'),
            date_bin(s.width, upper(o.open) + s.width - interval '1 us', 'epoch')
        )) AS slices
        FROM unnest(a.hours) AS o(open)
    ) AS k
    WHERE s.mode <> 'events' AND NOT s.joint"""

_EVENT_SLICES = """
    SELECT e.id, e.start, round(e.good / e.total, 12) AS share,
           e.good >= coalesce(s.slice_target, 1) * e.total AS good, 1::numeric AS weight
    FROM (
        SELECT v.id, date_bin(s.width, v.at, 'epoch') AS start,
               (count(*) FILTER (WHERE v.good))::numeric AS good, count(*)::numeric AS total
        FROM event v JOIN span s USING (id) WHERE s.mode <> 'events'
        GROUP BY 1, 2
    ) AS e JOIN span s USING (id)"""

_CELL_SLICES = """
    SELECT s.id, c.start, c.slices_ratio AS share, c.slices_good > 0 AS good, 1::numeric AS weight
    FROM span s
    JOIN {cells} c
        ON c.facet = s.facet AND c.grain = 'm' AND c.start >= s.low AND c.start < s.high
    WHERE s.source = 'cells' AND c.slices > 0"""

# A slice of a composite is good if all its members' are; the missing parts of shares add up.
_LIVE = """
WITH {span},
event AS MATERIALIZED ({events}),
{availability}
slice AS ({slices})
SELECT n, excluded, sum(good) AS good, sum(total) AS total
FROM (
    SELECT s.n, s.excluded, (count(*) FILTER (WHERE v.good))::numeric AS good,
           count(*)::numeric AS total
    FROM event v JOIN span s USING (id) WHERE s.mode = 'events'
    GROUP BY s.n, s.excluded
    UNION ALL
    SELECT n, excluded,
           sum(weight * CASE mode WHEN 'slices' THEN all_good::int
                                  ELSE greatest(1 - missing, 0) END),
           sum(weight)
    FROM (
        SELECT s.n, s.excluded, s.mode, bool_and(k.good) AS all_good,
               sum(1 - k.share) AS missing, max(k.weight) AS weight
        FROM slice k JOIN span s USING (id)
        GROUP BY s.n, s.excluded, s.mode, k.start, CASE WHEN k.start IS NULL THEN k.id END
    ) AS together
    GROUP BY n, excluded
    {up_and_down}
) AS summed
GROUP BY n, excluded"""


def stood(relations: Relations) -> str:
    """What was agreed and what was down in each span of availability, as multiranges."""
    return _STOOD.format(outages=relations.outage, reaching=REACHING)


def counting(measure: RecordMeasure, source: RecordSource, relations: Relations) -> str:
    """The spans `s` of a measure with each record `r` that counts in them."""
    return f"""
    FROM span s
    JOIN {table_of(source.kind, relations)} r
        ON r.service = s.service AND r.{source.at} >= s.low AND r.{source.at} < s.high
    WHERE s.source = '{measure}' AND {source.counts} AND {_FILTERS}"""


def sources_in(sources: Collection[str]) -> list[tuple[RecordMeasure, RecordSource]]:
    """What is counted for the measures among these: a table that nobody asks about is not read."""
    both = (*SOURCES.items(), *BESIDES.items())
    return [(measure, source) for measure, source in both if measure in sources]


@cache
def _from_cells(relations: Relations) -> TextClause:
    return text(_FROM_CELLS.format(cells=relations.sli_cell)).bindparams(
        bindparam("n", type_=ARRAY(Integer)),
        bindparam("facet", type_=ARRAY(BigInteger)),
        bindparam("mode", type_=ARRAY(Text)),
        bindparam("excluded", type_=ARRAY(Boolean)),
        bindparam("low", type_=ARRAY(Stamp)),
        bindparam("high", type_=ARRAY(Stamp)),
    )


@cache
def _live(sources: frozenset[str], relations: Relations) -> TextClause:
    counted = [
        f"SELECT s.id, r.{source.at} AS at, {source.good} AS good"
        + counting(measure, source, relations)
        for measure, source in sources_in(sources)
    ]
    outages = RecordMeasure.AVAILABILITY in sources
    slices = [_EVENT_SLICES, _CELL_SLICES.format(cells=relations.sli_cell)]
    statement = _LIVE.format(
        span=SPAN,
        events=" UNION ALL ".join(counted) or _NO_EVENTS,
        availability=f"{stood(relations)}, {_SLICES_STOOD}," if outages else "",
        slices=" UNION ALL ".join([*slices, _UP_AND_DOWN_SLICES] if outages else slices),
        up_and_down=f"UNION ALL {_UP_AND_DOWN}" if outages else "",
    )
    return text(lasting(statement))


async def sums(
    session: AsyncSession, asked: Iterable[Asked], now: datetime, as_of: datetime | None = None
) -> dict[int, Summed]:
    """Sums by number; those of numbers without any event are left out.

    `as_of`: of what measures.then has laid out in this session. Two statements at most, and three
    for the support hours where availability is asked for.
    """
    parts = [part for one in asked for part in parts_of(one)]
    live = [part for part in parts if part.asked.look.measure or part.asked.joint]
    kept = [part for part in parts if not (part.asked.look.measure or part.asked.joint)]
    rows: list[Any] = []
    if kept:
        relations = LIVE if as_of is None else THEN
        rows += await session.execute(_from_cells(relations), _cell_parameters(kept))
    if live:
        rows += await _live_rows(session, live, now, as_of)
    return _by_number(rows)


async def _live_rows(
    session: AsyncSession, parts: Sequence[Part], now: datetime, as_of: datetime | None
) -> Sequence[Any]:
    statement = _live(sources_of(parts), LIVE if as_of is None else THEN)
    parameters = await span_parameters(session, parts, now, as_of)
    return (await session.execute(statement, parameters)).all()


def sources_of(parts: Sequence[Part]) -> frozenset[str]:
    return frozenset(_source(part) for part in parts)


async def span_parameters(
    session: AsyncSession, parts: Sequence[Part], now: datetime, as_of: datetime | None
) -> dict[str, Any]:
    """Of SPAN, and of what `stood` reads where availability is among the parts."""
    parameters: dict[str, Any] = {}
    hours: Mapping[int, int | None] = {}
    timed = {n: part for n, part in enumerate(parts) if _source(part) == _AVAILABLE}
    if timed:
        services = sorted({part.asked.look.service for part in timed.values()})
        calendars = await support_calendars(session, services, as_of)
        support = support_hours(timed, calendars)
        hours = support.of_part
        parameters = {"now": now, "support": orjson.dumps(support.multiranges).decode()}
    spans = orjson.dumps([_span(n, part, hours.get(n)) for n, part in enumerate(parts)])
    return {**parameters, "spans": spans.decode()}


def _by_number(rows: Sequence[Any]) -> dict[int, Summed]:
    found: dict[int, Summed] = {}
    for n, excluded, good, total in rows:
        changed = (
            {"good_out": good, "total_out": total} if excluded else {"good": good, "total": total}
        )
        found[n] = found.get(n, NONE)._replace(**changed)
    return found


def _source(part: Part) -> str:
    return part.asked.look.measure or _CELLS


def _cell_parameters(parts: Sequence[Part]) -> dict[str, Any]:
    return {
        "n": [part.asked.n for part in parts],
        "facet": [part.asked.look.facet for part in parts],
        "mode": [part.asked.mode.value for part in parts],
        "excluded": [part.excluded for part in parts],
        "low": [part.stretch.start for part in parts],
        "high": [part.stretch.end for part in parts],
    }


def _span(number: int, part: Part, hours: int | None) -> dict[str, Any]:
    look = part.asked.look
    return {
        "id": number,
        "n": part.asked.n,
        "excluded": part.excluded,
        "mode": part.asked.mode,
        "joint": part.asked.joint,
        "source": _source(part),
        "facet": look.facet,
        "service": look.service,
        "priorities": look.priorities,
        "channels": look.channels,
        "within_hours": look.within_hours,
        "op": look.op,
        "value": look.value,
        "width": f"{look.slice_minutes or 1} minutes",
        "slice_target": None if look.slice_target is None else str(look.slice_target),
        "low": part.stretch.start,
        "high": part.stretch.end,
        "hours": hours,
    }
