# ruff: noqa: S608 - every fragment is of our own making, every value a parameter
"""SQL of agreed time, downtime and outages, and the support hours it is told. Pure."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import cache, lru_cache
from typing import Any, NamedTuple

from metrics_api.indicators.scopes import Relations
from metrics_api.record_kpis.tallies import OUTAGES, PLANNED, UNPLANNED, number
from shared.calendars import Calendar, OutsideCalendar, open_intervals

UNATTRIBUTED = ""
"""Stands for the service of outages that belong to none."""


class Stretch(NamedTuple):
    """[low, high) of the span n."""

    n: int
    low: datetime
    high: datetime


@cache
def observed_statement(condition: str, relations: Relations, *, by_key: bool) -> str:
    """SQL of (service, start of its first outage) of the services of which any outage is known.

    Of the others nobody knows whether they fail, so they have no availability.
    """
    if by_key:  # one probe of an index for each, however many outages there are
        return f"""
    SELECT asked.service, first.started_at
    FROM unnest(CAST(:services AS text[])) AS asked (service)
    CROSS JOIN LATERAL (
        SELECT min(r.started_at) AS started_at FROM {relations.outage} r
        WHERE r.service = asked.service AND {condition}) AS first
    WHERE first.started_at IS NOT NULL"""
    return f"""
    SELECT coalesce(r.service, '{UNATTRIBUTED}'), min(r.started_at) FROM {relations.outage} r
    WHERE {condition} AND r.started_at IS NOT NULL GROUP BY 1"""


def support_parameters(
    services: Iterable[str],
    calendars: Mapping[str, Calendar],
    spans: Iterable[Stretch],
    now: datetime,
) -> dict[str, Any]:
    """The services with numbers of their calendars, and the open time of each calendar and span.

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
    }


def _open_time(calendar: Calendar, span: Stretch, now: datetime) -> str | None:
    # The end of an unfinished span never comes again, so it would only push others out.
    count = _open_multirange.__wrapped__ if span.high == now else _open_multirange
    try:
        return count(calendar, span.low, span.high)
    except OutsideCalendar:
        return None


@lru_cache(maxsize=2048)
def _open_multirange(calendar: Calendar, low: datetime, high: datetime) -> str:
    """The open time as PostgreSQL writes a tstzmultirange."""
    intervals = open_intervals(calendar, low, high)
    ranges = ",".join(f"[{one.start.isoformat()},{one.end.isoformat()})" for one in intervals)
    return f"{{{ranges}}}"


def _began(condition: str) -> str:
    return number(f"r.started_at >= s.low AND {condition}")


def _stretches(condition: str) -> str:
    return f"""coalesce(range_agg(tstzrange(r.started_at,
                   greatest(r.started_at, coalesce(r.ended_at, CAST(:now AS timestamptz)))))
                   FILTER (WHERE {condition}), '{{}}'::tstzmultirange)"""


def _length(multirange: str) -> str:
    return f"""(SELECT coalesce(sum(extract(epoch FROM upper(one) - lower(one))), 0) * 1000000
                FROM unnest({multirange}) AS one)"""


@cache
def uptime_statement(condition: str, relations: Relations, *, by_service: bool) -> str:
    """SQL of rows (service, slice, n, percentiles, counts …) of every span, if there is a service.

    Of each service: agreed = support hours − planned maintenance, downtime = (union of unplanned
    outages ∩ support hours) − planned maintenance (Records rule 10). An open outage lasts until
    now. The parameters are spans, those of `support_parameters`, and now.
    """
    begun = ", ".join(f"{_began(kind)} AS {name}" for name, kind in OUTAGES.items())
    sums = ", ".join(f"coalesce(sum({name}), 0) AS {name}" for name in OUTAGES)
    service = "service" if by_service else "NULL::text"
    maintained = "coalesce(maintained, '{}'::tstzmultirange)"
    known = f"service <> '{UNATTRIBUTED}'"
    return f"""
    WITH span AS (
        SELECT * FROM unnest(CAST(:n AS int[]), CAST(:low AS timestamptz[]),
                             CAST(:high AS timestamptz[])) AS s (n, low, high)
    ), hours AS (
        SELECT calendar, n, CAST(hours AS tstzmultirange) AS hours
        FROM unnest(CAST(:hours_calendar AS int[]), CAST(:hours_n AS int[]),
                    CAST(:hours AS text[])) AS h (calendar, n, hours)
    ), asked AS (
        SELECT * FROM unnest(CAST(:service AS text[]), CAST(:service_calendar AS int[]))
                      AS a (service, calendar)
    ), outages AS (
        SELECT coalesce(r.service, '{UNATTRIBUTED}') AS service, s.n, {begun},
               {number(UNPLANNED)} AS overlapping,
               {_stretches(UNPLANNED)} AS down, {_stretches(PLANNED)} AS maintained
        FROM {relations.outage} r
        JOIN span s ON r.started_at < s.high AND (
            r.started_at >= s.low OR coalesce(r.ended_at, CAST(:now AS timestamptz)) > s.low)
        WHERE {condition} AND r.started_at < CAST(:last AS timestamptz)
        GROUP BY 1, 2
    ), timed AS (
        SELECT service, n, hours, {", ".join(OUTAGES)}, overlapping,
               {_length(f"hours - {maintained}")} AS agreed_us,
               {_length(f"down * hours - {maintained}")} AS downtime_us
        FROM asked CROSS JOIN span
        LEFT JOIN hours USING (calendar, n)
        LEFT JOIN outages USING (service, n)
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
