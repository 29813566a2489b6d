"""The records that counted as bad: which they are, where the sums only say how many."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Row, TextClause, text
from sqlalchemy.ext.asyncio import AsyncSession

from metrics_api.as_of.relations import THEN
from metrics_api.indicators.scopes import LIVE, Relations
from metrics_api.measures.queries import (
    REACHING,
    SPAN,
    counting,
    lasting,
    sources_in,
    sources_of,
    span_parameters,
    stood,
)
from metrics_api.measures.records import RecordSource
from metrics_api.measures.rules import Asked, parts_of
from metrics_api.slis.rules import RecordMeasure

_BAD = """
    SELECT s.n, '{kind}', r.source_id, r.external_id, r.title, r.{at}, ({weight})::float8, {unit}
    {counting} AND ({good}) IS NOT TRUE AND NOT s.excluded AND NOT EXISTS (
        SELECT FROM span x
        WHERE x.n = s.n AND x.excluded AND r.{at} >= x.low AND r.{at} < x.high)"""

# What of the downtime lay in an outage, less what of that corrections take out.
_DOWN = """
    SELECT s.n, 'outage', r.source_id, r.external_id, r.title, r.started_at,
           (sum(d.seconds) / 3600)::float8, 'hours'
    FROM stood a JOIN span s USING (id)
    JOIN {outages} r ON NOT r.planned AND {reaching}
    CROSS JOIN LATERAL (
        SELECT tstzmultirange(tstzrange(r.started_at, coalesce(r.ended_at, :now))) AS during
    ) AS w
    CROSS JOIN LATERAL (
        SELECT CASE WHEN s.excluded THEN -1 ELSE 1 END * lasting(a.down * w.during) AS seconds
    ) AS d
    GROUP BY s.n, r.source_id, r.external_id, r.title, r.started_at
    HAVING sum(d.seconds) > 0"""

# A record that several numbers of an owner count is told once.
_WORST = """
WITH {span}{stood},
bad (n, kind, source_id, external_id, title, at, value, unit) AS ({bad}),
told AS (
    SELECT DISTINCT ON (o.owner, b.kind, b.source_id, b.external_id) o.owner, b.*
    FROM bad b
    JOIN unnest(CAST(:numbers AS int[]), CAST(:owners AS text[])) AS o(n, owner) USING (n)
    ORDER BY o.owner, b.kind, b.source_id, b.external_id, b.value DESC NULLS LAST
)
SELECT owner, kind, source, external_id, title, at, value, unit
FROM (
    SELECT t.*, c.key AS source, row_number() OVER (
        PARTITION BY t.owner ORDER BY t.value DESC NULLS LAST, t.at DESC, c.key, t.external_id
    ) AS place
    FROM told t JOIN metrics.source c ON c.id = t.source_id
) AS placed
WHERE place <= :limit
ORDER BY owner, place"""


def _bad_of(measure: RecordMeasure, source: RecordSource, relations: Relations) -> str:
    return _BAD.format(
        kind=source.kind.value,
        at=source.at,
        weight=source.weight,
        unit="NULL::text" if source.unit is None else f"'{source.unit}'",
        counting=counting(measure, source, relations),
        good=source.good,
    )


@cache
def _worst(sources: frozenset[str], relations: Relations) -> TextClause:
    bad = [_bad_of(measure, source, relations) for measure, source in sources_in(sources)]
    outages = RecordMeasure.AVAILABILITY in sources
    if outages:
        bad.append(_DOWN.format(outages=relations.outage, reaching=REACHING))
    statement = _WORST.format(
        span=SPAN,
        stood=f", {stood(relations)}" if outages else "",
        bad=" UNION ALL ".join(bad),
    )
    return text(lasting(statement))


async def worst_records(
    session: AsyncSession,
    asked: Mapping[str, Sequence[Asked]],
    now: datetime,
    as_of: datetime | None,
    limit: int,
) -> Sequence[Row[Any]]:
    """For each owner of these stretches up to `limit` records that counted as bad in them, worst
    first; nothing of what corrections take out, nor of samples, which are no records.

    An outage weighs the agreed hours that it was down. One statement for all owners, after those
    of the support hours where availability is asked for.
    """
    of_records = [(owner, one) for owner, some in asked.items() for one in some if one.look.measure]
    parts = [part for _, one in of_records for part in parts_of(one)]
    if not parts:
        return []
    statement = _worst(sources_of(parts), LIVE if as_of is None else THEN)
    parameters = {
        **await span_parameters(session, parts, now, as_of),
        "numbers": [one.n for _, one in of_records],
        "owners": [owner for owner, _ in of_records],
        "limit": limit,
    }
    return (await session.execute(statement, parameters)).all()
