"""Summing samples up by minute, slice, hour and day, as each facet of their SLI sees them."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import NamedTuple

from sqlalchemy import ARRAY, BigInteger, TextClause, bindparam, text
from sqlalchemy.dialects.postgresql import INTERVAL
from sqlalchemy.ext.asyncio import AsyncSession

from metrics_api.as_of.relations import THEN
from metrics_api.base import Stamp
from metrics_api.indicators.scopes import LIVE, Relations
from metrics_api.samples import rules

# What each sample of the asked stretches adds, as a facet sees it. A counter adds its growth, and
# all of itself after a reset: when it or its total has become smaller; its first sample nothing.
# The stretches stand in a lateral so that each is one range of the index, whatever is known of
# the table's size.
_MINUTES = """
INSERT INTO {cells} AS cell
    (facet, grain, start, good, total, samples, slices, slices_good, slices_ratio)
SELECT f.id, 'm', sums.start, sums.good, sums.total, sums.samples, 0, 0, 0
FROM metrics.sli_facet f
JOIN metrics.sli ON sli.key = f.sli
CROSS JOIN unnest(:low, :high) AS w(low, high)
CROSS JOIN LATERAL (
    SELECT date_bin(:width, s.at, 'epoch') AS start,
           coalesce(sum(least(greatest(p.good, 0), p.total)), 0) AS good,
           coalesce(sum(p.total), 0) AS total, count(p.total) AS samples
    FROM {samples} s
    LEFT JOIN LATERAL (
        SELECT b.part, b.total FROM {samples} b
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
INSERT INTO {cells} AS cell
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
    FROM {cells} c
    WHERE c.facet = f.id AND c.grain = 'm' AND c.start >= w.low AND c.start < w.high
    GROUP BY 1
) AS slice
WHERE f.id = :facet
ON CONFLICT (facet, grain, start) DO UPDATE
SET slices = EXCLUDED.slices, slices_good = EXCLUDED.slices_good,
    slices_ratio = EXCLUDED.slices_ratio"""

_COARSER = """
INSERT INTO {cells} AS cell
    (facet, grain, start, good, total, samples, slices, slices_good, slices_ratio)
SELECT :facet, '{grain}', sums.*
FROM unnest(:low, :high) AS w(low, high)
CROSS JOIN LATERAL (
    SELECT date_bin(:width, c.start, 'epoch'), sum(c.good), sum(c.total), sum(c.samples),
           sum(c.slices), sum(c.slices_good), sum(c.slices_ratio)
    FROM {cells} c
    WHERE c.facet = :facet AND c.grain = '{finer}' AND c.start >= w.low AND c.start < w.high
    GROUP BY 1
) AS sums
ON CONFLICT (facet, grain, start) DO UPDATE
SET good = EXCLUDED.good, total = EXCLUDED.total, samples = EXCLUDED.samples,
    slices = EXCLUDED.slices, slices_good = EXCLUDED.slices_good,
    slices_ratio = EXCLUDED.slices_ratio"""


class Summing(NamedTuple):
    """The statements in their order: each reads what those before it wrote."""

    minutes: TextClause
    slices: TextClause
    hours: TextClause
    days: TextClause


@cache
def _summing(relations: Relations) -> Summing:
    return Summing(
        _statement(_MINUTES, relations),
        _statement(_SLICES, relations),
        _statement(_COARSER, relations, grain="h", finer="m"),
        _statement(_COARSER, relations, grain="d", finer="h"),
    )


def _statement(template: str, relations: Relations, **grains: str) -> TextClause:
    tables = {"samples": relations.sli_sample, "cells": relations.sli_cell}
    return text(template.format(**tables, **grains)).bindparams(
        bindparam("facet", type_=BigInteger),
        bindparam("low", type_=ARRAY(Stamp)),
        bindparam("high", type_=ARRAY(Stamp)),
        bindparam("width", type_=INTERVAL),
    )


async def sum_up(
    session: AsyncSession, facets: Sequence[tuple[int, int | None]], minutes: Sequence[datetime]
) -> None:
    """Compute minutes, and the slices, hours and days they lie in, anew from the samples.

    The samples of the SLI must be locked.
    """
    summing = _summing(LIVE)
    for facet, slice_minutes in facets:
        touched = await _sum(session, summing.minutes, facet, rules.MINUTE, minutes)
        if slice_minutes is not None:
            width = slice_minutes * rules.MINUTE
            # A slice may begin in an hour before that of its minute.
            touched += await _sum(session, summing.slices, facet, width, minutes)
        await _sum(session, summing.hours, facet, rules.HOUR, touched)
        await _sum(session, summing.days, facet, rules.DAY, touched)


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


async def sum_up_then(
    session: AsyncSession, facet: tuple[int, int | None], low: datetime, high: datetime
) -> None:
    """The same of the samples that are laid out as they were known, for a facet between two whole
    minutes: slices, hours and days that reach beyond these are not whole."""
    number, slice_minutes = facet
    summing = _summing(THEN)
    steps = [(summing.minutes, rules.MINUTE)]
    if slice_minutes is not None:
        steps.append((summing.slices, slice_minutes * rules.MINUTE))
    steps += [(summing.hours, rules.HOUR), (summing.days, rules.DAY)]
    for statement, width in steps:
        parameters = {"facet": number, "width": width, "low": [low], "high": [high]}
        await session.execute(statement, parameters)
