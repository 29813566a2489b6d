"""Every SQL statement about samples, and the sums of them that are kept."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Numeric,
    Row,
    Subquery,
    Text,
    TextClause,
    bindparam,
    select,
    text,
    union_all,
)
from sqlalchemy.dialects.postgresql import DOUBLE_PRECISION, INTERVAL
from sqlalchemy.ext.asyncio import AsyncSession

from metrics_api.base import Stamp
from metrics_api.samples import rules
from metrics_api.samples.rules import Sample
from metrics_api.samples.tables import SliSample, SliSampleBefore
from metrics_api.slis.queries import lock_samples
from shared.kit.pagination import PageParams, keyset

_sample = SliSample.__table__.c
_before = SliSampleBefore.__table__.c


@dataclass(frozen=True)
class Facet:
    """One way to look at an SLI; see SliFacet."""

    sli: str
    op: str | None
    value: float | None
    slice_minutes: int | None
    slice_target: Decimal | None


# The later of two samples of one identity wins; what does not differ is not written, and what is
# replaced is kept.
_UPSERT = text("""
WITH sent AS (
    SELECT * FROM unnest(:series, :at, :part, :total, :value) AS s(series, at, part, total, value)
), replaced AS (
    INSERT INTO metrics.sli_sample_before
        (sli, series, at, part, total, value, received_at, replaced_at)
    SELECT k.sli, k.series, k.at, k.part, k.total, k.value, k.received_at, :received_at
    FROM sent s
    JOIN metrics.sli_sample k ON k.sli = :sli AND k.series = s.series AND k.at = s.at
    WHERE (k.part, k.total, k.value) IS DISTINCT FROM (s.part, s.total, s.value)
), changed AS (
    INSERT INTO metrics.sli_sample AS kept (sli, series, at, part, total, value, received_at)
    SELECT :sli, s.series, s.at, s.part, s.total, s.value, :received_at FROM sent s
    ON CONFLICT (sli, series, at) DO UPDATE
    SET part = EXCLUDED.part, total = EXCLUDED.total, value = EXCLUDED.value,
        received_at = EXCLUDED.received_at
    WHERE (kept.part, kept.total, kept.value)
        IS DISTINCT FROM (EXCLUDED.part, EXCLUDED.total, EXCLUDED.value)
    RETURNING series, at
)
SELECT series, at FROM changed""").bindparams(
    bindparam("series", type_=ARRAY(Text)),
    bindparam("at", type_=ARRAY(Stamp)),
    bindparam("part", type_=ARRAY(Numeric)),
    bindparam("total", type_=ARRAY(Numeric)),
    bindparam("value", type_=ARRAY(DOUBLE_PRECISION)),
)

# A counter's sample also decides what the one after it adds.
_TOUCHED_MINUTES = text("""
SELECT DISTINCT date_trunc('minute', touched.at) AS minute
FROM unnest(:series, :at) AS c(series, at)
CROSS JOIN LATERAL (
    SELECT c.at
    UNION ALL
    (SELECT s.at FROM metrics.sli_sample s
     WHERE :counter AND s.sli = :sli AND s.series = c.series AND s.at > c.at
     ORDER BY s.at LIMIT 1)
) AS touched(at)
ORDER BY minute""").bindparams(
    bindparam("series", type_=ARRAY(Text)), bindparam("at", type_=ARRAY(Stamp))
)

_ALL_MINUTES = text("""
SELECT DISTINCT date_trunc('minute', at) AS minute FROM metrics.sli_sample WHERE sli = :sli
ORDER BY minute""")

# What each sample of the asked stretches adds, as a facet sees it. A counter adds its growth, and
# all of itself after a reset: when it or its total has become smaller; its first sample nothing.
# The stretches stand in a lateral so that each is one range of the index, whatever is known of
# the table's size.
_MINUTES = """
INSERT INTO metrics.sli_cell AS cell
    (facet, grain, start, good, total, samples, slices, slices_good, slices_ratio)
SELECT f.id, 'm', sums.start, sums.good, sums.total, sums.samples, 0, 0, 0
FROM metrics.sli_facet f
JOIN metrics.sli ON sli.key = f.sli
CROSS JOIN unnest(:low, :high) AS w(low, high)
CROSS JOIN LATERAL (
    SELECT date_bin(:width, s.at, 'epoch') AS start,
           coalesce(sum(least(greatest(p.good, 0), p.total)), 0) AS good,
           coalesce(sum(p.total), 0) AS total, count(p.total) AS samples
    FROM metrics.sli_sample s
    LEFT JOIN LATERAL (
        SELECT b.part, b.total FROM metrics.sli_sample b
        WHERE sli.counter AND b.sli = s.sli AND b.series = s.series AND b.at < s.at
        ORDER BY b.at DESC LIMIT 1
    ) AS before ON true
    CROSS JOIN LATERAL (
        SELECT CASE WHEN NOT sli.counter THEN s.part
                    WHEN before.part IS NULL THEN NULL
                    WHEN s.part < before.part OR s.total < before.total THEN s.part
                    ELSE s.part - before.part END AS part,
               CASE WHEN NOT sli.counter THEN s.total
                    WHEN before.part IS NULL THEN NULL
                    WHEN s.part < before.part OR s.total < before.total THEN s.total
                    ELSE s.total - before.total END AS total
    ) AS grown
    CROSS JOIN LATERAL (
        SELECT CASE sli.parts
                   WHEN 'good_total' THEN grown.part
                   WHEN 'bad_total' THEN grown.total - grown.part
                   WHEN 'raw_success' THEN CAST(CAST(s.value AS text) AS numeric)
                   WHEN 'raw_failure' THEN 1 - CAST(CAST(s.value AS text) AS numeric)
                   ELSE CAST(CASE f.op WHEN 'lte' THEN s.value <= f.value
                                       WHEN 'lt' THEN s.value < f.value
                                       WHEN 'gte' THEN s.value >= f.value
                                       WHEN 'gt' THEN s.value > f.value END AS int)
               END AS good,
               CASE WHEN sli.parts IN ('good_total', 'bad_total') THEN grown.total ELSE 1 END
                   AS total
    ) AS p
    WHERE s.sli = f.sli AND s.at >= w.low AND s.at < w.high
    GROUP BY 1
) AS sums
WHERE f.id = :facet
ON CONFLICT (facet, grain, start) DO UPDATE
SET good = EXCLUDED.good, total = EXCLUDED.total, samples = EXCLUDED.samples"""

# A slice stands in the cell of the minute it begins in, and counts only if it has events.
_SLICES = """
INSERT INTO metrics.sli_cell AS cell
    (facet, grain, start, good, total, samples, slices, slices_good, slices_ratio)
SELECT f.id, 'm', slice.start, 0, 0, 0,
       CAST(total > 0 AS int),
       CAST(total > 0 AND good >= coalesce(f.slice_target, 1) * total AS int),
       CASE WHEN total > 0 THEN round(good / total, 12) ELSE 0 END
FROM metrics.sli_facet f
CROSS JOIN unnest(:low, :high) AS w(low, high)
CROSS JOIN LATERAL (
    SELECT date_bin(:width, c.start, 'epoch') AS start, sum(c.good) AS good,
           sum(c.total) AS total
    FROM metrics.sli_cell c
    WHERE c.facet = f.id AND c.grain = 'm' AND c.start >= w.low AND c.start < w.high
    GROUP BY 1
) AS slice
WHERE f.id = :facet
ON CONFLICT (facet, grain, start) DO UPDATE
SET slices = EXCLUDED.slices, slices_good = EXCLUDED.slices_good,
    slices_ratio = EXCLUDED.slices_ratio"""

_COARSER = """
INSERT INTO metrics.sli_cell AS cell
    (facet, grain, start, good, total, samples, slices, slices_good, slices_ratio)
SELECT :facet, '{grain}', sums.*
FROM unnest(:low, :high) AS w(low, high)
CROSS JOIN LATERAL (
    SELECT date_bin(:width, c.start, 'epoch'), sum(c.good), sum(c.total), sum(c.samples),
           sum(c.slices), sum(c.slices_good), sum(c.slices_ratio)
    FROM metrics.sli_cell c
    WHERE c.facet = :facet AND c.grain = '{finer}' AND c.start >= w.low AND c.start < w.high
    GROUP BY 1
) AS sums
ON CONFLICT (facet, grain, start) DO UPDATE
SET good = EXCLUDED.good, total = EXCLUDED.total, samples = EXCLUDED.samples,
    slices = EXCLUDED.slices, slices_good = EXCLUDED.slices_good,
    slices_ratio = EXCLUDED.slices_ratio"""


def _summing(statement: str) -> TextClause:
    return text(statement).bindparams(
        bindparam("facet", type_=BigInteger),
        bindparam("low", type_=ARRAY(Stamp)),
        bindparam("high", type_=ARRAY(Stamp)),
        bindparam("width", type_=INTERVAL),
    )


_SUM_MINUTES = _summing(_MINUTES)
_SUM_SLICES = _summing(_SLICES)
_SUM_HOURS = _summing(_COARSER.format(grain="h", finer="m"))
_SUM_DAYS = _summing(_COARSER.format(grain="d", finer="h"))
_FACETS = text("SELECT id, slice_minutes FROM metrics.sli_facet WHERE sli = :sli ORDER BY id")

_NEW_FACET = text("""
INSERT INTO metrics.sli_facet (sli, op, value, slice_minutes, slice_target)
VALUES (:sli, :op, :value, :slice_minutes, :slice_target)
ON CONFLICT (sli, op, value, slice_minutes, slice_target) DO NOTHING RETURNING id""")
_FACET = text("""
SELECT id FROM metrics.sli_facet
WHERE sli = :sli AND op IS NOT DISTINCT FROM :op AND value IS NOT DISTINCT FROM :value
  AND slice_minutes IS NOT DISTINCT FROM :slice_minutes
  AND slice_target IS NOT DISTINCT FROM CAST(:slice_target AS numeric)""")


async def upsert_samples(
    session: AsyncSession, sli: str, samples: Sequence[Sample], received_at: datetime
) -> list[tuple[str, datetime]]:
    """Keep samples of distinct identities; series and moment of those that are new or differ."""
    found = await session.execute(
        _UPSERT,
        {
            "sli": sli,
            "received_at": received_at,
            "series": [sample.series for sample in samples],
            "at": [sample.at for sample in samples],
            "part": [sample.part for sample in samples],
            "total": [sample.total for sample in samples],
            "value": [sample.value for sample in samples],
        },
    )
    return [(series, at) for series, at in found]


async def touched_minutes(
    session: AsyncSession, sli: str, changed: Sequence[tuple[str, datetime]], *, counter: bool
) -> list[datetime]:
    """The minutes whose sums depend on these samples."""
    parameters = {
        "sli": sli,
        "counter": counter,
        "series": [series for series, _ in changed],
        "at": [at for _, at in changed],
    }
    return list((await session.scalars(_TOUCHED_MINUTES, parameters)).all())


async def minutes_with_samples(session: AsyncSession, sli: str) -> list[datetime]:
    return list((await session.scalars(_ALL_MINUTES, {"sli": sli})).all())


async def facets_on(session: AsyncSession, sli: str) -> list[tuple[int, int | None]]:
    """Ids of the facets of an SLI, with the minutes of their slices."""
    return [(facet, minutes) for facet, minutes in await session.execute(_FACETS, {"sli": sli})]


async def sum_up(
    session: AsyncSession, facets: Sequence[tuple[int, int | None]], minutes: Sequence[datetime]
) -> None:
    """Compute minutes, and the slices, hours and days they lie in, anew from the samples.

    The samples of the SLI must be locked.
    """
    for facet, slice_minutes in facets:
        # Each statement reads what the one before wrote.
        touched = await _sum(session, _SUM_MINUTES, facet, rules.MINUTE, minutes)
        if slice_minutes is not None:
            width = slice_minutes * rules.MINUTE
            # A slice may begin in an hour before that of its minute.
            touched += await _sum(session, _SUM_SLICES, facet, width, minutes)
        await _sum(session, _SUM_HOURS, facet, rules.HOUR, touched)
        await _sum(session, _SUM_DAYS, facet, rules.DAY, touched)


async def _sum(
    session: AsyncSession,
    statement: TextClause,
    facet: int,
    width: timedelta,
    touched: Sequence[datetime],
) -> list[datetime]:
    """Sum up the minutes, slices, hours or days that were touched; answers when these begin."""
    starts = rules.starts_of(touched, width)
    low, high = zip(*rules.stretches_of(starts, width), strict=True)
    parameters = {"facet": facet, "width": width, "low": list(low), "high": list(high)}
    await session.execute(statement, parameters)
    return starts


async def insert_facet(session: AsyncSession, facet: Facet) -> int | None:
    """The id of a new facet; None when there is such a one."""
    found: int | None = await session.scalar(_NEW_FACET, vars(facet))
    return found


async def facet_id(session: AsyncSession, facet: Facet) -> int | None:
    """The id of a facet that there is."""
    found: int | None = await session.scalar(_FACET, vars(facet))
    return found


async def require_facet(session: AsyncSession, facet: Facet) -> int:
    """The id of a way to look at an SLI; what was sampled before is summed up for a new one."""
    present = await facet_id(session, facet)
    if present is not None:
        return present
    await lock_samples(session, facet.sli)
    made = await insert_facet(session, facet)
    if made is None:
        present = await facet_id(session, facet)
        assert present is not None, "a facet is never deleted"
        return present
    minutes = await minutes_with_samples(session, facet.sli)
    if minutes:
        await sum_up(session, [(made, facet.slice_minutes)], minutes)
    return made


async def list_samples(
    session: AsyncSession,
    sli: str,
    span: tuple[datetime | None, datetime | None],
    page: PageParams,
    as_of: datetime | None = None,
) -> list[Row[Any]]:
    """Samples of an SLI in [start, end), newest first, one more than the page holds.

    `as_of`: as they had been sent by then.
    """
    known: Any = _sample if as_of is None else _known_at(as_of).c
    statement = select(*known).where(known.sli == sli)
    if span[0] is not None:
        statement = statement.where(known.at >= span[0])
    if span[1] is not None:
        statement = statement.where(known.at < span[1])
    order = [known.at.desc(), known.series.desc()]
    return list((await session.execute(keyset(statement, order, page))).all())


def _known_at(as_of: datetime) -> Subquery:
    """What was the sample of its identity at a moment: at most one of each."""
    replaced = [_before[column.name] for column in _sample]
    still = select(*_sample).where(_sample.received_at <= as_of)
    since = select(*replaced).where(_before.received_at <= as_of, _before.replaced_at > as_of)
    return union_all(still, since).subquery()
