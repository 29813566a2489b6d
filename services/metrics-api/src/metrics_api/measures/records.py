"""What is counted of which record, as SQL: the closed set of record feeds. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from metrics_api.indicators.scopes import Relations
from metrics_api.slis.rules import RecordMeasure
from shared.schemas.metrics import RecordKind


@dataclass(frozen=True)
class RecordSource:
    """Records `r` of a kind: when they count (`at`), which do, and which are good; `weight` is how
    much a bad one weighs, in `unit` (None: one as much as the other)."""

    kind: RecordKind
    at: str
    counts: str
    good: str
    weight: str = "NULL"
    unit: str | None = None


def _fits(value: str) -> str:
    """Whether a value fits the objective that looks at it (`s`)."""
    return (
        f"CASE s.op WHEN 'lte' THEN {value} <= s.value WHEN 'lt' THEN {value} < s.value"
        f" WHEN 'gte' THEN {value} >= s.value WHEN 'gt' THEN {value} > s.value END"
    )


def _hours(start: str, end: str) -> str:
    return f"extract(epoch FROM {end} - {start}) / 3600"


_TO_RESOLUTION = _hours("r.opened_at", "r.resolution_at")
_TO_ACKNOWLEDGEMENT = _hours("r.opened_at", "r.acknowledgement_at")
_COUNTED = "r.exclusion IS NULL"
_RESOLVED = f"{_COUNTED} AND r.opened_at IS NOT NULL"
_ACKNOWLEDGED = "r.acknowledgement_at >= r.opened_at"
# Who is resolved without an acknowledgement, or before it, was responded to by the resolution.
_RESOLVED_FIRST = (
    f"{_COUNTED} AND r.resolution_at < coalesce(r.acknowledgement_at, timestamptz 'infinity')"
)
_BUSINESS = "r.business_us / 3.6e9"
_TO_FULFILMENT = _hours("r.opened_at", "r.fulfilled_at")
_BELOW = ("-r.score", "rating below")
_RATED = "r.kind = 'csat' AND r.score IS NOT NULL"

SOURCES: Final[Mapping[RecordMeasure, RecordSource]] = {
    RecordMeasure.INCIDENTS_RESOLVED_IN_TIME: RecordSource(
        RecordKind.INCIDENT,
        "resolution_at",
        f"{_COUNTED} AND r.resolution_met IS NOT NULL",
        "r.resolution_met",
        _BUSINESS,
        "hours",
    ),
    RecordMeasure.INCIDENTS_RESPONDED_IN_TIME: RecordSource(
        RecordKind.INCIDENT,
        "acknowledgement_at",
        f"r.response_met IS NOT NULL AND ({_RESOLVED_FIRST}) IS NOT TRUE",
        "r.response_met",
        _TO_ACKNOWLEDGEMENT,
        "hours",
    ),
    RecordMeasure.INCIDENTS_RESOLVED_WITHIN: RecordSource(
        RecordKind.INCIDENT,
        "resolution_at",
        _RESOLVED,
        f"{_TO_RESOLUTION} <= s.within_hours",
        _TO_RESOLUTION,
        "hours",
    ),
    RecordMeasure.INCIDENTS_ACKNOWLEDGED_WITHIN: RecordSource(
        RecordKind.INCIDENT,
        "acknowledgement_at",
        _ACKNOWLEDGED,
        f"{_TO_ACKNOWLEDGEMENT} <= s.within_hours",
        _TO_ACKNOWLEDGEMENT,
        "hours",
    ),
    RecordMeasure.INCIDENTS_NOT_REOPENED: RecordSource(
        RecordKind.INCIDENT,
        "resolution_at",
        _COUNTED,
        "NOT r.reopened",
        "coalesce(r.reopen_count, 1)",
        "reopenings",
    ),
    RecordMeasure.REQUESTS_FULFILLED_IN_TIME: RecordSource(
        RecordKind.REQUEST, "fulfilled_at", "r.met IS NOT NULL", "r.met", _TO_FULFILMENT, "hours"
    ),
    RecordMeasure.CHANGES_SUCCESSFUL: RecordSource(
        RecordKind.CHANGE,
        "completed_at",
        "r.outcome IS NOT NULL",
        "r.outcome = 'successful'",
    ),
    RecordMeasure.CSAT_SATISFIED: RecordSource(
        RecordKind.SURVEY, "answered_at", _RATED, "r.score >= 4", *_BELOW
    ),
    RecordMeasure.RESOLUTION_HOURS: RecordSource(
        RecordKind.INCIDENT,
        "resolution_at",
        _RESOLVED,
        _fits(_TO_RESOLUTION),
        _TO_RESOLUTION,
        "hours",
    ),
    RecordMeasure.ACKNOWLEDGEMENT_HOURS: RecordSource(
        RecordKind.INCIDENT,
        "acknowledgement_at",
        _ACKNOWLEDGED,
        _fits(_TO_ACKNOWLEDGEMENT),
        _TO_ACKNOWLEDGEMENT,
        "hours",
    ),
    RecordMeasure.FULFILMENT_HOURS: RecordSource(
        RecordKind.REQUEST,
        "fulfilled_at",
        "r.fulfilled_at >= r.opened_at",
        _fits(_TO_FULFILMENT),
        _TO_FULFILMENT,
        "hours",
    ),
    RecordMeasure.CSAT_SCORE: RecordSource(
        RecordKind.SURVEY, "answered_at", _RATED, _fits("r.score"), *_BELOW
    ),
}
"""All but availability, which is no count of records."""
BESIDES: Final[Mapping[RecordMeasure, RecordSource]] = {
    RecordMeasure.INCIDENTS_RESPONDED_IN_TIME: RecordSource(
        RecordKind.INCIDENT,
        "resolution_at",
        f"r.response_met IS NOT NULL AND {_RESOLVED_FIRST}",
        "r.response_met",
        _TO_RESOLUTION,
        "hours",
    ),
}
"""What a measure counts at another time of its records: each column is found by its own index."""


def kind_of(measure: RecordMeasure) -> RecordKind:
    """The kind of records that a measure is made of."""
    return RecordKind.OUTAGE if measure not in SOURCES else SOURCES[measure].kind


def table_of(kind: RecordKind, relations: Relations) -> str:
    """Where records of a kind that events are counted of are read from."""
    tables = {
        RecordKind.INCIDENT: relations.incident,
        RecordKind.REQUEST: relations.request_record,
        RecordKind.CHANGE: relations.change_record,
        RecordKind.SURVEY: relations.survey,
    }
    return tables[kind]
