"""Every SQL statement about samples and the facets of their SLIs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    ARRAY,
    Numeric,
    Row,
    Subquery,
    Text,
    bindparam,
    column,
    insert,
    select,
    table,
    text,
    union_all,
)
from sqlalchemy.dialects.postgresql import DOUBLE_PRECISION, distinct_on
from sqlalchemy.ext.asyncio import AsyncSession

from metrics_api.as_of.relations import THEN
from metrics_api.base import Stamp
from metrics_api.samples.rules import Sample
from metrics_api.samples.sum_queries import sum_up, sum_up_then
from metrics_api.samples.tables import SliFacet, SliSample, SliSampleBefore
from metrics_api.slis.queries import lock_samples
from metrics_api.slis.tables import Sli
from shared.kit.pagination import PageParams, keyset

_sample = SliSample.__table__.c
_before = SliSampleBefore.__table__.c
_facet = SliFacet.__table__.c
_sli = Sli.__table__.c
_schema, _name = THEN.sli_sample.split(".")
_sample_then = table(_name, *map(column, _sample.keys()), schema=_schema)


@dataclass(frozen=True)
class Facet:
    """One way to look at an SLI; see SliFacet."""

    sli: str
    op: str | None
    value: float | None
    slice_minutes: int | None
    slice_target: Decimal | None


# The later of two samples of one identity wins; what does not differ is not written, and what is
# replaced is kept. Where the clock of another process was ahead, the later one counts from when
# what it replaces did, so that there is one sample at every moment.
_UPSERT = text("""
WITH sent AS (
    SELECT * FROM unnest(:series, :at, :part, :total, :value) AS s(series, at, part, total, value)
), replaced AS (
    INSERT INTO metrics.sli_sample_before
        (sli, series, at, part, total, value, received_at, replaced_at)
    SELECT k.sli, k.series, k.at, k.part, k.total, k.value, k.received_at,
           greatest(:received_at, k.received_at)
    FROM sent s
    JOIN metrics.sli_sample k ON k.sli = :sli AND k.series = s.series AND k.at = s.at
    WHERE (k.part, k.total, k.value) IS DISTINCT FROM (s.part, s.total, s.value)
), changed AS (
    INSERT INTO metrics.sli_sample AS kept (sli, series, at, part, total, value, received_at)
    SELECT :sli, s.series, s.at, s.part, s.total, s.value, :received_at FROM sent s
    ON CONFLICT (sli, series, at) DO UPDATE
    SET part = EXCLUDED.part, total = EXCLUDED.total, value = EXCLUDED.value,
        received_at = greatest(EXCLUDED.received_at, kept.received_at)
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


async def lay_out_samples(
    session: AsyncSession, as_of: datetime, stretches: Mapping[int, tuple[datetime, datetime]]
) -> None:
    """Lay out what had been sent by then and sum it up, for each of these facets between two
    minutes; the session is one of as_of.knowing, and can still be written in."""
    statement = select(_facet.id, _facet.sli, _facet.slice_minutes).where(_facet.id.in_(stretches))
    facets = (await session.execute(statement)).all()
    spans: dict[str, tuple[datetime, datetime]] = {}
    for facet in facets:
        low, high = stretches[facet.id]
        before = spans.get(facet.sli, (low, high))
        spans[facet.sli] = min(low, before[0]), max(high, before[1])
    for sli, span in spans.items():
        await _lay_out_some(session, as_of, sli, span)
    await session.execute(text(f"ANALYZE {THEN.sli_sample}"))
    for facet in facets:
        await sum_up_then(session, (facet.id, facet.slice_minutes), *stretches[facet.id])


async def _lay_out_some(
    session: AsyncSession, as_of: datetime, sli: str, span: tuple[datetime, datetime]
) -> None:
    """Samples in [low, high); of a counter the last of each series before them, too, which say
    what the first ones add."""
    known, (low, high) = _known_at(as_of).c, span
    within = select(*known).where(known.sli == sli, known.at >= low, known.at < high)
    counts = select(_sli.key).where(_sli.key == sli, _sli.counter).exists()
    before = (
        select(*known)
        .ext(distinct_on(known.series))
        .where(known.sli == sli, known.at < low, counts)
        .order_by(known.series, known.at.desc())
    )
    both = union_all(within, select(before.subquery()))
    await session.execute(insert(_sample_then).from_select([*_sample.keys()], both))
