"""What an SLI may be. Pure."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final

from shared.errors import Invalid


class SliKind(StrEnum):
    """OpenSLO's ratioMetric and thresholdMetric."""

    RATIO = "ratio"
    THRESHOLD = "threshold"


class RatioParts(StrEnum):
    """Which numbers of a ratio are measured; a raw one is a share of successes or failures."""

    GOOD_TOTAL = "good_total"
    BAD_TOTAL = "bad_total"
    RAW_SUCCESS = "raw_success"
    RAW_FAILURE = "raw_failure"


class FeedKind(StrEnum):
    RECORDS = "records"
    SAMPLES = "samples"
    PROMETHEUS = "prometheus"


class RecordMeasure(StrEnum):
    """What can be measured of the records kept here; each belongs to the moment it was decided."""

    INCIDENTS_RESOLVED_IN_TIME = "incidents_resolved_in_time"
    INCIDENTS_RESPONDED_IN_TIME = "incidents_responded_in_time"
    INCIDENTS_RESOLVED_WITHIN = "incidents_resolved_within"
    INCIDENTS_ACKNOWLEDGED_WITHIN = "incidents_acknowledged_within"
    INCIDENTS_NOT_REOPENED = "incidents_not_reopened"
    REQUESTS_FULFILLED_IN_TIME = "requests_fulfilled_in_time"
    CHANGES_SUCCESSFUL = "changes_successful"
    CSAT_SATISFIED = "csat_satisfied"
    AVAILABILITY = "availability"
    RESOLUTION_HOURS = "resolution_hours"
    ACKNOWLEDGEMENT_HOURS = "acknowledgement_hours"
    FULFILMENT_HOURS = "fulfilment_hours"
    CSAT_SCORE = "csat_score"


class SliState(StrEnum):
    ACTIVE = "active"
    RETIRED = "retired"


THRESHOLD_MEASURES: Final = frozenset(
    {
        RecordMeasure.RESOLUTION_HOURS,
        RecordMeasure.ACKNOWLEDGEMENT_HOURS,
        RecordMeasure.FULFILMENT_HOURS,
        RecordMeasure.CSAT_SCORE,
    }
)
WITHIN_MEASURES: Final = frozenset(
    {RecordMeasure.INCIDENTS_RESOLVED_WITHIN, RecordMeasure.INCIDENTS_ACKNOWLEDGED_WITHIN}
)
_SOURCES: Final[Mapping[RatioParts | None, frozenset[str]]] = {
    RatioParts.GOOD_TOTAL: frozenset({"good", "total"}),
    RatioParts.BAD_TOTAL: frozenset({"bad", "total"}),
    RatioParts.RAW_SUCCESS: frozenset({"raw"}),
    RatioParts.RAW_FAILURE: frozenset({"raw"}),
    None: frozenset({"threshold"}),
}
"""The queries that OpenSLO knows for an SLI of these parts; None stands for a threshold."""


def is_raw(parts: RatioParts | None) -> bool:
    return parts in (RatioParts.RAW_SUCCESS, RatioParts.RAW_FAILURE)


def check_sli(sli: Mapping[str, Any]) -> None:
    """Refuse what contradicts itself (422), with the pointer of the field that does."""
    kind, parts, feed = sli["kind"], sli["parts"], sli["feed"]
    if (kind == SliKind.RATIO) != (parts is not None):
        raise Invalid("parts are given for a ratio, and only there", pointer="/parts")
    if sli["counter"] and (kind != SliKind.RATIO or is_raw(parts)):
        raise Invalid("Only good, bad and total can be counters", pointer="/counter")
    if feed["kind"] == FeedKind.RECORDS:
        _check_record_feed(sli)
    _check_sources(parts, sli["sources"], demanded=feed["kind"] == FeedKind.PROMETHEUS)


def _check_record_feed(sli: Mapping[str, Any]) -> None:
    measure = RecordMeasure(sli["feed"]["measure"])
    threshold = sli["kind"] == SliKind.THRESHOLD
    if threshold != (measure in THRESHOLD_MEASURES):
        raise Invalid(
            f"{measure} is measured as a {'ratio' if threshold else 'threshold'}",
            code="measure_of_other_kind",
            pointer="/feed/measure",
        )
    if not threshold and sli["parts"] != RatioParts.GOOD_TOTAL:
        raise Invalid("Records are counted as good and total", pointer="/parts")
    if sli["counter"]:
        raise Invalid("Records are no counters", pointer="/counter")
    if (measure in WITHIN_MEASURES) != (sli["feed"]["within_hours"] is not None):
        raise Invalid(
            "within_hours is given for measures that end in _within, and only there",
            pointer="/feed/within_hours",
        )


def _check_sources(parts: RatioParts | None, sources: Mapping[str, Any], *, demanded: bool) -> None:
    wanted = _SOURCES[parts]
    given = frozenset(sources)
    if given - wanted:
        raise Invalid(
            f"This SLI has queries for {' and '.join(sorted(wanted))} only",
            code="unknown_part",
            pointer=f"/sources/{min(given - wanted)}",
        )
    if (demanded or given) and wanted - given:
        raise Invalid(
            f"The query for {min(wanted - given)} is missing",
            code="query_missing",
            pointer=f"/sources/{min(wanted - given)}",
        )


def check_change(before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
    """Samples were taken in for this feed: another kind of feed is another SLI (422)."""
    if before["feed"]["kind"] != after["feed"]["kind"]:
        raise Invalid(
            "An SLI keeps the kind of its feed: define another SLI",
            code="feed_kind_fixed",
            pointer="/feed/kind",
        )
    check_sli(after)
