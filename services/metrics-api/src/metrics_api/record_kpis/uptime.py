# ruff: noqa: S608 - every fragment is of our own making, every value a parameter
"""SQL of agreed time, downtime and outages, and the support hours it is told. Pure."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any

from metrics_api.indicators.periods import Span
from metrics_api.indicators.scopes import Relations
from metrics_api.record_kpis.stretches import FIRST_MOMENT
from metrics_api.record_kpis.tallies import OUTAGES, PLANNED, UNPLANNED, number, stretch
from shared.calendars import Calendar, OutsideCalendar, open_intervals

UNATTRIBUTED = ""
"""Stands for the service of outages that belong to none."""


@lru_cache(maxsize=256)
def observed_statement(condition: str, relations: Relations) -> str:
    """SQL of (service, start of its first outage) of the services of which any outage is known."""
    return f"""
    SELECT coalesce(r.service, '{UNATTRIBUTED}'), min(r.started_at) FROM {relations.outage} r
    WHERE {condition} AND r.started_at IS NOT NULL GROUP BY 1"""


def support_parameters(
    services: Iterable[str],
    calendars: Mapping[str, Calendar],
    spans: Iterable[Span],
    now: datetime,
) -> dict[str, Any]:
    """Services with numbers of their calendars, open time of each calendar and span, all spans.

    Services without a calendar, and spans for which a calendar does not know its holidays, have
    no hours.
    """
    spans, services = list(spans), list(services)
    numbers: dict[Calendar, int] = {}
    of_service = [
        numbers.setdefault(calendars[service], len(numbers)) if service in calendars else None
        for service in services
    ]
    hours = [
        (number, span.n, text)
        for calendar, number in numbers.items()
        for span in spans
        if (text := _open_time(calendar, span, now)) is not None
    ]
    return {
        "service": services,
        "service_calendar": of_service,
        "hours_calendar": [number for number, _, _ in hours],
        "hours_n": [n for _, n, _ in hours],
        "hours": [text for _, _, text in hours],
        "span": [span.n for span in spans],
    }


def _open_time(calendar: Calendar, span: Span, now: datetime) -> str | None:
    # The end of an unfinished span never comes again, so it would only push others out.
    count = _open_multirange.__wrapped__ if span.end == now else _open_multirange
    try:
        return count(calendar, span.start or FIRST_MOMENT, span.end)
    except OutsideCalendar:
        return None


@lru_cache(maxsize=2048)
def _open_multirange(calendar: Calendar, low: datetime, high: datetime) -> str:
    """The open time as PostgreSQL writes a tstzmultirange."""
    intervals = open_intervals(calendar, low, high)
    ranges = ",".join(f"[{one.start.isoformat()},{one.end.isoformat()})" for one in intervals)
    return f"{{{ranges}}}"


def _length(multirange: str) -> str:
    return f"""(SELECT coalesce(sum(extract(epoch FROM upper(one) - lower(one))), 0) * 1000000
                FROM unnest({multirange}) AS one)"""


def _united(condition: str) -> str:
    """The union of outages. Null where there is none."""
    return f"range_agg(tstzrange(r.started_at, r.until)) FILTER (WHERE {condition})"


@lru_cache(maxsize=256)
def uptime_statement(condition: str, relations: Relations, *, by_service: bool) -> str:
    """SQL of rows (service, slice, n, percentiles, counts …) of every span, if there is a service.

    Only services of which any outage is known: of the others nobody knows whether they fail.
    Of each service: agreed = support hours − planned maintenance, downtime = (union of unplanned
    outages ∩ support hours) − planned maintenance (Records rule 10). An open outage lasts until
    now. An outage is joined to the stretches of time it reaches, and so to the spans they are of.
    The parameters are those of stretches and of `support_parameters`, numbers of spans, and now.
    """
    begun = ", ".join(
        f"{number(f'r.stretch = r.first_reached AND {kind}')} AS {name}"
        for name, kind in OUTAGES.items()
    )
    sums = ", ".join(f"coalesce(sum({name}), 0) AS {name}" for name in OUTAGES)
    service = "service" if by_service else "NULL::text"
    known = f"service <> '{UNATTRIBUTED}'"
    maintained = "coalesce(maintained, '{}'::tstzmultirange)"
    return f"""
    WITH membership AS (
        SELECT stretch, n, min(stretch) OVER (PARTITION BY n) AS first_of_span
        FROM unnest(CAST(:stretch AS int[]), CAST(:n AS int[])) AS m (stretch, n)
    ), hours AS MATERIALIZED (
        SELECT h.calendar, h.n, o.hours, {_length("o.hours")} AS open_us
        FROM unnest(CAST(:hours_calendar AS int[]), CAST(:hours_n AS int[]),
                    CAST(:hours AS text[])) AS h (calendar, n, hours)
        CROSS JOIN LATERAL (SELECT CAST(h.hours AS tstzmultirange) AS hours) AS o
    ), asked AS (
        SELECT a.service, a.calendar, s.n
        FROM (SELECT * FROM unnest(CAST(:service AS text[]), CAST(:service_calendar AS int[]))
                            AS a (service, calendar)
              WHERE service = '{UNATTRIBUTED}' OR EXISTS (
                  SELECT FROM {relations.outage} r WHERE r.service = a.service
                      AND {condition} AND r.started_at IS NOT NULL)) AS a
        CROSS JOIN unnest(CAST(:span AS int[])) AS s (n)
    ), lasting AS (
        SELECT r.*, greatest(r.started_at, coalesce(r.ended_at, CAST(:now AS timestamptz)))
                    AS until
        FROM {relations.outage} r
        WHERE {condition} AND r.started_at < CAST(:last AS timestamptz)
    ), reaching AS (
        SELECT l.*, {stretch("l.started_at")} AS first_reached,
               generate_series(greatest({stretch("l.started_at")}, 1), {stretch("l.until")})
                   AS stretch
        FROM lasting l
    ), outages AS (
        SELECT coalesce(r.service, '{UNATTRIBUTED}') AS service, m.n, {begun},
               {number(f"r.stretch IN (r.first_reached, m.first_of_span) AND {UNPLANNED}")}
                   AS overlapping,
               {_united(UNPLANNED)} AS down, {_united(PLANNED)} AS maintained
        FROM reaching r JOIN membership m USING (stretch)
        WHERE r.stretch = r.first_reached
           OR r.until > (CAST(:bounds AS timestamptz[]))[r.stretch]
        GROUP BY 1, 2
    ), timed AS (
        SELECT service, n, hours, {", ".join(OUTAGES)}, overlapping,
               CASE WHEN maintained IS NULL THEN open_us
                    ELSE {_length("hours - maintained")} END AS agreed_us,
               CASE WHEN down IS NULL THEN 0
                    ELSE {_length(f"down * hours - {maintained}")} END AS downtime_us
        FROM asked LEFT JOIN hours USING (calendar, n) LEFT JOIN outages USING (service, n)
    )
    SELECT {service} AS service, NULL::text AS slice, n, NULL::float8[] AS percentiles, {sums},
           coalesce(sum(agreed_us), 0) AS agreed_us, coalesce(sum(downtime_us), 0) AS downtime_us,
           coalesce(sum(began) FILTER (WHERE hours IS NOT NULL), 0) AS timed,
           coalesce(sum(overlapping) FILTER (WHERE hours IS NOT NULL), 0) AS overlapping,
           coalesce(sum(overlapping) FILTER (WHERE NOT ({known})), 0) AS unattributed,
           count(*) AS observed,
           count(*) FILTER (WHERE {known}) AS services,
           count(*) FILTER (WHERE {known} AND hours IS NULL) AS outside_calendar
    FROM timed GROUP BY 1, 2, 3"""
