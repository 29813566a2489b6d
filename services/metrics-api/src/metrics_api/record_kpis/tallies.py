# ruff: noqa: S608 - every fragment is of our own making, every value a parameter
"""SQL of the KPIs whose sums add up over time: what is counted of which records. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from metrics_api.indicators.scopes import Relations
from metrics_api.record_kpis.rules import CSAT_SCORES, NPS_SCORES
from metrics_api.record_kpis.scoping import Breakdown
from shared.schemas.metrics import KpiId


@dataclass(frozen=True)
class Tally:
    """Counts over the records `r` of a table (named as in Relations) in the period of `at`.

    `duration` is SQL of microseconds whose percentiles are wanted, null where a record has none;
    `beside` is joined to each record, and names tables in braces.
    """

    relation: str
    at: str
    counts: Mapping[str, str]
    where: str = "true"
    duration: str | None = None
    beside: str = ""


def number(condition: str) -> str:
    return f"count(*) FILTER (WHERE {condition})"


def _survey_tallies(kind: str, scores: range) -> tuple[Tally, Tally]:
    of_kind, scored = f"r.kind = '{kind}'", f"r.score BETWEEN {scores[0]} AND {scores[-1]}"
    each = {f"score_{score}": number(f"r.score = {score}") for score in scores}
    answers = Tally(
        relation="survey",
        at="r.answered_at",
        where=of_kind,
        counts={
            **each,
            "answered": number(scored),
            "no_score": number(f"({scored}) IS NOT TRUE"),
        },
    )
    sent = Tally(
        relation="survey",
        at="r.sent_at",
        where=of_kind,
        counts={
            "sent": "count(*)",
            "responded": number("r.answered_at IS NOT NULL"),
            "no_answer_time": number("r.answered_at IS NULL AND r.score IS NOT NULL"),
        },
    )
    return answers, sent


def _caused(effect: str) -> str:
    """Whether any record of a table was caused by the change `r`.

    An id names a change of its own tool; where that tool has none of that id, of another tool.
    """
    return f"""EXISTS (
        SELECT FROM {effect} e WHERE e.caused_by = r.external_id AND (
            e.source_id = r.source_id OR NOT EXISTS (
                SELECT FROM {{change_record}} own
                WHERE own.source_id = e.source_id AND own.external_id = e.caused_by)))"""


DONE: Final = "r.state IS DISTINCT FROM 'cancelled'"
BAD_OUTCOME: Final = "r.outcome IN ('failed', 'rolled_back')"
CAUSED_TROUBLE: Final = f"({_caused('{incident}')} OR {_caused('{outage}')})"
"""Of a change `r`: whether it caused any incident or outage; names tables in braces."""
_CHANGES: Final = Tally(
    relation="change_record",
    at="r.completed_at",
    counts={
        "completed": number(DONE),
        "failed": number(f"{DONE} AND ({BAD_OUTCOME} OR trouble.caused)"),
        "outcome_failed": number(f"{DONE} AND r.outcome = 'failed'"),
        "rolled_back": number(f"{DONE} AND r.outcome = 'rolled_back'"),
        "caused_trouble": number(f"{DONE} AND trouble.caused"),
        "unknown_outcome": number(f"{DONE} AND r.outcome IS NULL"),
        "emergencies": number(f"{DONE} AND r.emergency"),
        "cancelled": number("r.state = 'cancelled'"),
    },
    # Looked up once for each change; without OFFSET 0 the planner would do it for every count.
    beside=f"""CROSS JOIN LATERAL (
        SELECT {CAUSED_TROUBLE} AS caused OFFSET 0) AS trouble""",
)

_TAKEN: Final = "(extract(epoch FROM r.fulfilled_at - r.opened_at) * 1000000)::numeric"
FULFILLED: Final = f"{DONE} AND r.fulfilled_at >= r.opened_at"
_REQUESTS: Final = Tally(
    relation="request_record",
    at="r.fulfilled_at",
    counts={
        "fulfilled": number(FULFILLED),
        "fulfilled_us": f"sum({_TAKEN}) FILTER (WHERE {FULFILLED})",
        "negative_duration": number(f"{DONE} AND r.fulfilled_at < r.opened_at"),
        "no_opening_time": number(f"{DONE} AND r.opened_at IS NULL"),
        "cancelled": number("r.state = 'cancelled'"),
        "judged": number(f"{FULFILLED} AND r.met IS NOT NULL"),
        "in_time": number(f"{FULFILLED} AND r.met"),
    },
    duration=f"CASE WHEN {FULFILLED} THEN ({_TAKEN})::float8 END",
)

UNPLANNED: Final = (
    f"{DONE} AND r.planned IS NOT TRUE AND r.degraded IS NOT TRUE"
    " AND (r.ended_at IS NULL OR r.ended_at >= r.started_at)"
)
"""Of an outage `r`: whether it is unplanned, no mere degradation, and makes sense."""
PLANNED: Final = (
    f"{DONE} AND r.planned AND r.degraded IS NOT TRUE"
    " AND (r.ended_at IS NULL OR r.ended_at >= r.started_at)"
)
"""Of an outage `r`: whether it is maintenance that takes the service away."""
OUTAGES: Final = {
    "began": UNPLANNED,
    "planned": PLANNED,
    "degraded": f"{DONE} AND r.planned IS NOT TRUE AND r.degraded",
    "cancelled": "r.state = 'cancelled'",
    "negative_duration": f"{DONE} AND r.degraded IS NOT TRUE AND r.ended_at < r.started_at",
}
"""What is counted of the outages that began in a period, with its condition."""

TALLIES: Final[Mapping[KpiId, tuple[Tally, ...]]] = {
    KpiId.CSAT: _survey_tallies("csat", CSAT_SCORES),
    KpiId.NPS: _survey_tallies("nps", NPS_SCORES),
    KpiId.CHANGE_FAILURE_RATE: (_CHANGES,),
    KpiId.FULFILMENT_TIME: (_REQUESTS,),
    KpiId.UNPLANNED_OUTAGES: (
        Tally(
            relation="outage",
            at="r.started_at",
            counts={
                **{name: number(condition) for name, condition in OUTAGES.items()},
                "observed": "1",
            },
        ),
    ),
}


@lru_cache(maxsize=256)
def tally_statement(kpi: KpiId, parts: Breakdown, relations: Relations, groups: str = "") -> str:
    """SQL of rows (service, slice, n, percentiles, counts …) of the spans that have any record.

    A record is read once, counted in the stretch of time it falls into, and each span is the sum
    of its stretches. `groups` narrows what was `counted` (service, slice, stretch) as g.
    """
    tallies = TALLIES[kpi]
    names = [name for tally in tallies for name in tally.counts]
    counted = "\n    UNION ALL".join(_counted(tally, names, parts, relations) for tally in tallies)
    percentiles, joined = "NULL::float8[]", ""
    for tally in tallies:
        if tally.duration is not None:
            percentiles = "p.percentiles"
            joined = f"LEFT JOIN ({_percentiles(tally, parts, relations)}) AS p USING (n, slot)"
    return f"""
    WITH membership AS (
        SELECT * FROM unnest(CAST(:stretch AS int[]), CAST(:n AS int[])) AS m (stretch, n)
    ), counted AS ({counted}
    ), summed AS (
        SELECT g.service, g.slice, m.n, {_slot("g.service", "g.slice")} AS slot,
               {", ".join(f"sum(g.{name}) AS {name}" for name in names)}
        FROM counted g JOIN membership m USING (stretch)
        {groups}
        GROUP BY g.service, g.slice, m.n
    )
    SELECT s.service, s.slice, s.n, {percentiles} AS percentiles,
           {", ".join(f"s.{name}" for name in names)}
    FROM summed s {joined}"""


def _slot(service: str, piece: str) -> str:
    """A service and a slice as one value, in which nulls compare as equal."""
    return f"ROW ({service}, {piece})"


def stretch(at: str) -> str:
    """The stretch of time that a stamp falls into."""
    return f"width_bucket({at}, CAST(:bounds AS timestamptz[]))"


def in_reach(at: str) -> str:
    """Whether a stamp falls into any stretch: a condition that an index can answer."""
    return f"{at} >= CAST(:first AS timestamptz) AND {at} < CAST(:last AS timestamptz)"


def _records(tally: Tally, parts: Breakdown, relations: Relations) -> str:
    return f"{parts.rows_of(getattr(relations, tally.relation))} " + tally.beside.format(
        **vars(relations)
    )


def _counted(tally: Tally, names: list[str], parts: Breakdown, relations: Relations) -> str:
    columns = ", ".join(
        f"coalesce({tally.counts.get(name, '0')}, 0)::numeric AS {name}" for name in names
    )
    return f"""
    SELECT {parts.service} AS service, {parts.slice} AS slice, {stretch(tally.at)} AS stretch,
           {columns}
    FROM {_records(tally, parts, relations)}
    WHERE {parts.condition} AND {tally.where} AND {in_reach(tally.at)}
    GROUP BY 1, 2, 3"""


def _percentiles(tally: Tally, parts: Breakdown, relations: Relations) -> str:
    """p50, p90 and p95, exact, interpolated as percentile_cont does."""
    return f"""
        SELECT m.n, {_slot(parts.service, parts.slice)} AS slot,
               percentile_cont(ARRAY[0.5, 0.9, 0.95])
                   WITHIN GROUP (ORDER BY {tally.duration}) AS percentiles
        FROM {parts.rows_of(getattr(relations, tally.relation))}
        JOIN membership m ON m.stretch = {stretch(tally.at)}
        WHERE {parts.condition} AND {tally.where} AND {in_reach(tally.at)}
          AND {tally.duration} IS NOT NULL
        GROUP BY 1, 2"""
