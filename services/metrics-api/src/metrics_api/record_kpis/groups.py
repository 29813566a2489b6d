# ruff: noqa: S608 - every fragment is of our own making, every value a parameter
"""SQL of KPIs that look at groups: requests like one another, incidents of a problem. Pure."""

from functools import lru_cache
from typing import Final

from metrics_api.indicators.scopes import Relations
from metrics_api.record_kpis.rules import REPETITIVE_FROM, VERIFIED_AFTER_DAYS
from metrics_api.record_kpis.scoping import Breakdown
from metrics_api.record_kpis.tallies import in_reach, stretch

TOP_GROUPS: Final = 5
_MEMBERSHIP = """membership AS (
        SELECT * FROM unnest(CAST(:stretch AS int[]), CAST(:n AS int[])) AS m (stretch, n)
    )"""

# Numbers in a title (of a room, an account, a ticket) do not make a request another one.
LIKENESS: Final = """CASE WHEN r.offering IS NOT NULL THEN 'offering ' || r.offering
            WHEN r.title ~ '[^[:space:]]' THEN 'title ' || btrim(regexp_replace(
                regexp_replace(lower(r.title), '[0-9]+', '#', 'g'), '[[:space:]]+', ' ', 'g'))
        END"""


@lru_cache(maxsize=256)
def low_value_statement(parts: Breakdown, relations: Relations) -> str:
    """SQL of rows (service, slice, n, percentiles, counts …, top): requests of low value.

    The tool's flag decides where it sends one. Else a request is of low value when at least
    REPETITIVE_FROM requests of its service in the span are like it: of the same offering, or where
    there is none of the same title, but for case, spaces and numbers. `top` has the largest groups.
    """
    return f"""
    WITH {_MEMBERSHIP}, asked AS (
        SELECT {parts.service} AS service, {parts.slice} AS slice, m.n,
               r.low_value, r.title, r.offering, {LIKENESS} AS likeness, r.service AS of_service
        FROM {parts.rows_of(relations.request_record)}
        JOIN membership m ON m.stretch = {stretch("r.opened_at")}
        WHERE {parts.condition} AND {in_reach("r.opened_at")}
    ), grouped AS (
        SELECT service, slice, n, of_service, likeness, min(left(title, 200)) AS title,
               min(offering) AS offering, count(*) AS size,
               count(*) FILTER (WHERE low_value) AS flagged,
               count(*) FILTER (WHERE low_value IS NULL) AS undecided
        FROM asked GROUP BY service, slice, n, of_service, likeness
    ), judged AS (
        SELECT g.*, likeness IS NOT NULL AND sum(size) OVER like_these >= {REPETITIVE_FROM}
                    AS repeats
        FROM grouped g
        WINDOW like_these AS (PARTITION BY n, of_service, likeness)
    ), ranked AS (
        SELECT j.*, row_number() OVER (
                   PARTITION BY service, slice, n, repeats
                   ORDER BY size DESC, likeness COLLATE "C", of_service COLLATE "C") AS place
        FROM judged j
    )
    SELECT service, slice, n, NULL::float8[] AS percentiles,
           sum(size) AS opened,
           sum(flagged) AS flagged,
           coalesce(sum(undecided) FILTER (WHERE repeats), 0) AS repetitive,
           sum(flagged) + coalesce(sum(undecided) FILTER (WHERE repeats), 0) AS low_value,
           count(*) FILTER (WHERE repeats) AS groups,
           jsonb_agg(jsonb_build_object('service', of_service, 'offering', offering,
                                        'title', title, 'requests', size) ORDER BY place)
               FILTER (WHERE repeats AND place <= {TOP_GROUPS}) AS top
    FROM ranked GROUP BY service, slice, n"""


@lru_cache(maxsize=256)
def permanent_fix_statement(parts: Breakdown, relations: Relations) -> str:
    """SQL of rows (service, slice, n, percentiles, counts …): problems that did not come back.

    A problem counts once in each service it hit, with its last resolution in the span; it came back
    when an incident of that problem and service was opened within VERIFIED_AFTER_DAYS after.
    """
    return f"""
    WITH {_MEMBERSHIP}, last AS (
        SELECT DISTINCT ON (m.n, r.service, r.source_id, r.problem)
               {parts.service} AS service, {parts.slice} AS slice, m.n,
               r.service AS of_service, r.source_id, r.problem, r.resolution_at
        FROM {parts.rows_of(relations.incident)}
        JOIN membership m ON m.stretch = {stretch("r.resolution_at")}
        WHERE {parts.condition} AND r.problem IS NOT NULL AND r.resolution_at >= r.opened_at
          AND {in_reach("r.resolution_at")}
        ORDER BY m.n, r.service, r.source_id, r.problem, r.resolution_at DESC, r.external_id
    ), judged AS (
        SELECT l.service, l.slice, l.n,
               l.resolution_at + interval '{VERIFIED_AFTER_DAYS} days' > CAST(:now AS timestamptz)
                   AS early,
               EXISTS (
                   SELECT FROM {relations.incident} i
                   WHERE i.problem = l.problem AND i.source_id = l.source_id
                     AND (i.service = l.of_service
                          OR (i.service IS NULL AND l.of_service IS NULL))
                     AND i.opened_at > l.resolution_at
                     AND i.opened_at
                         <= l.resolution_at + interval '{VERIFIED_AFTER_DAYS} days') AS recurred
        FROM last l
    )
    SELECT service, slice, n, NULL::float8[] AS percentiles,
           count(*) FILTER (WHERE NOT early) AS judged,
           count(*) FILTER (WHERE NOT early AND NOT recurred) AS fixed,
           count(*) FILTER (WHERE early) AS not_yet_verifiable
    FROM judged GROUP BY service, slice, n"""
