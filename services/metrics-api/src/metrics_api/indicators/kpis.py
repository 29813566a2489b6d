"""The KPIs: what each is called, counted in, computed by, and divided from. Pure."""

from typing import Any, Final

from metrics_api.indicators.definitions import (
    Better,
    DurationKind,
    Kpi,
    Reason,
    RecordKind,
    Shape,
)
from shared.schemas.metrics import KpiId

_UNRESOLVED: Final = {
    "no_resolution_time": "no_resolution_time",
    "negative_duration": "resolved_negative_duration",
    "no_opening_time": "resolved_no_opening_time",
    "cancelled": "cancelled",
}
_NOTHING_RESOLVED: Final = Reason("nothing_resolved", "No incident was resolved in the period")


def _of_resolved(kpi: KpiId, **facts: Any) -> Kpi:
    """A share of the incidents resolved in a period, unless the facts say otherwise."""
    usual = {
        "unit": "ratio",
        "shape": Shape.SHARE,
        "better": Better.LOWER,
        "of": RecordKind.INCIDENT,
        "count": "resolved",
        "records": facts.get("count", "resolved"),
        "exclusions": _UNRESOLVED,
        "nothing": _NOTHING_RESOLVED,
    }
    return Kpi(id=kpi, **{**usual, **facts})


def _of_records(kpi: KpiId, of: RecordKind, nothing: Reason, **facts: Any) -> Kpi:
    """A KPI whose sums are those of record_kpis; `excluded` are its reason codes."""
    exclusions = {code: code for code in facts.pop("excluded", ())}
    return Kpi(id=kpi, of=of, nothing=nothing, exclusions=exclusions, **facts)


_RESOLUTION: Final = (
    _of_resolved(
        KpiId.MTTR,
        name="Mean time to resolve",
        unit="hours",
        shape=Shape.MEAN_HOURS,
        formula=(
            "Σ(resolution − opening) / n over the incidents resolved in the period,"
            " in elapsed hours"
        ),
        source="Records rules 3 and 4; MTTR read as time to resolve (Atlassian)",
        total="resolved_us",
        duration=DurationKind.RESOLUTION,
    ),
    _of_resolved(
        KpiId.MTTR_BUSINESS,
        name="Mean time to resolve in support hours",
        unit="hours",
        shape=Shape.MEAN_HOURS,
        formula=(
            "Σ support time / n over the incidents resolved in the period; support time is that"
            " from opening to resolution inside the support hours, without time on hold and"
            " without time between a resolution and a reopening"
        ),
        source="Records rule 9 (ServiceNow business duration)",
        total="business_us",
        count="business",
        exclusions={**_UNRESOLVED, "no_business_time": "no_business_time"},
        duration=DurationKind.BUSINESS,
    ),
    Kpi(
        id=KpiId.MTTA,
        name="Mean time to acknowledge",
        unit="hours",
        shape=Shape.MEAN_HOURS,
        better=Better.LOWER,
        formula=(
            "Σ(acknowledgement − opening) / n over the incidents acknowledged in the period,"
            " in elapsed hours; the unacknowledged among those opened are counted beside it"
        ),
        source="Records rules 4 and 7 (Atlassian)",
        of=RecordKind.INCIDENT,
        total="acknowledged_us",
        count="acknowledged",
        records="acknowledged",
        exclusions={
            "negative_duration": "acknowledged_negative_duration",
            "no_opening_time": "acknowledged_no_opening_time",
        },
        nothing=Reason("nothing_acknowledged", "No incident was acknowledged in the period"),
        duration=DurationKind.ACKNOWLEDGEMENT,
    ),
    _of_resolved(
        KpiId.FCR,
        name="First contact resolution",
        better=Better.HIGHER,
        formula=(
            "incidents resolved on first contact / incidents resolved in the period that were"
            " not raised by monitoring; the tool's flag, else no reassignment and no reopening"
        ),
        source="Records rule 8; gross first contact resolution (MetricNet)",
        total="first_contact",
        count="first_contact_base",
        nothing=Reason(
            "nothing_resolved", "No incident that people had raised was resolved in the period"
        ),
    ),
    _of_resolved(
        KpiId.REOPEN_RATE,
        name="Reopen rate",
        formula=(
            "incidents resolved in the period that had been reopened before /"
            " incidents resolved in the period, each once"
        ),
        source="Records rule 6 (ServiceNow service quality)",
        total="resolved_reopened",
    ),
)

_NUMBERS: Final = (
    Kpi(
        id=KpiId.BACKLOG,
        name="Backlog",
        unit="incidents",
        shape=Shape.LEVEL,
        better=Better.LOWER,
        formula=(
            "incidents open at the end of the period = open at its start + opened + reopened"
            " − resolved − closed unresolved − cancelled, each move counted"
        ),
        source="Records rule 5",
        of=RecordKind.INCIDENT,
        total="open",
        count="open",
        records="open",
        exclusions={},
        nothing=Reason("none_in_period", "There is no incident up to the end of the period"),
    ),
    Kpi(
        id=KpiId.INCIDENT_COUNT,
        name="Incidents",
        unit="incidents",
        shape=Shape.COUNT,
        better=Better.LOWER,
        formula="incidents opened in the period, whatever became of them",
        source="Records rule 3: their state does not matter here",
        of=RecordKind.INCIDENT,
        total="opened",
        count="opened",
        records="opened",
        exclusions={},
        nothing=Reason("none_in_period", "Nothing happened to any incident in the period"),
    ),
)

_COURSE: Final = (
    _of_resolved(
        KpiId.SLA_ATTAINMENT,
        name="SLA attainment",
        better=Better.HIGHER,
        formula=(
            "resolved in time / (resolved in time + resolved late) over the resolution clocks"
            " completed in the period, judged against the agreement where one is active, else"
            " against the priority scheme; open incidents already late stand beside it"
        ),
        source="Records rule 11 (ITIL service level management)",
        total="sla_met",
        count="sla_clocks",
        exclusions={**_UNRESOLVED, "no_clock": "no_clock"},
        nothing=Reason("nothing_resolved", "No resolution clock was completed in the period"),
    ),
    _of_resolved(
        KpiId.BOUNCING_RATE,
        name="Bouncing rate",
        formula=(
            "incidents resolved in the period after two or more reassignments /"
            " incidents resolved in the period"
        ),
        source="Reassignment count (ServiceNow); waste of transport in lean IT",
        total="bounced",
    ),
    _of_resolved(
        KpiId.HOLD_SHARE,
        name="Share of time on hold",
        formula=(
            "Σ time on hold / Σ(resolution − opening) over the incidents resolved in the period"
            " whose time on hold is known"
        ),
        source="Hold states of ITSM tools; waste of waiting in lean IT",
        total="hold_us",
        count="hold_base_us",
        records="hold_known",
        exclusions={**_UNRESOLVED, "no_hold_time": "no_hold_time"},
    ),
    _of_resolved(
        KpiId.REWORK_RATE,
        name="Rework rate",
        formula=(
            "incidents resolved in the period on which work began more than once: reopened, or"
            " put back to new from in progress or on hold / incidents resolved in the period"
        ),
        source="Records rules 5 and 6; waste of defects in lean IT",
        total="reworked",
    ),
)

_NO_AGREED_TIME: Final = Reason("no_agreed_time", "No time was agreed in the period")
_OUTAGES_LEFT_OUT: Final = ("degraded", "cancelled", "negative_duration")
_OUTAGES: Final = (
    _of_records(
        KpiId.AVAILABILITY,
        RecordKind.OUTAGE,
        _NO_AGREED_TIME,
        name="Availability",
        unit="ratio",
        shape=Shape.SHARE,
        better=Better.HIGHER,
        formula=(
            "(agreed time − downtime) / agreed time; downtime is the union of the unplanned"
            " outages inside the support hours less planned maintenance, agreed time the support"
            " hours less planned maintenance"
        ),
        source="Records rule 10 (ITIL availability management)",
        excluded=(*_OUTAGES_LEFT_OUT, "unattributed"),
    ),
    _of_records(
        KpiId.MTBF,
        RecordKind.OUTAGE,
        Reason("no_outages", "No unplanned outage began in the period"),
        name="Mean time between failures",
        unit="hours",
        shape=Shape.MEAN_HOURS,
        better=Better.HIGHER,
        formula="(agreed time − downtime) / unplanned outages that began in the period",
        source="Records rule 10 (ITIL availability management)",
        excluded=(*_OUTAGES_LEFT_OUT, "unattributed"),
    ),
    _of_records(
        KpiId.UNPLANNED_OUTAGES,
        RecordKind.OUTAGE,
        Reason("none_in_period", "No outage is known up to the end of the period"),
        name="Unplanned outages",
        unit="outages",
        shape=Shape.COUNT,
        better=Better.LOWER,
        formula="unplanned outages that began in the period, degradation only left out",
        source="Records rule 10",
        excluded=_OUTAGES_LEFT_OUT,
    ),
)

_NO_ANSWERS: Final = Reason("no_answers", "No survey was answered in the period")
_SATISFACTION: Final = (
    _of_records(
        KpiId.CSAT,
        RecordKind.SURVEY,
        _NO_ANSWERS,
        name="Customer satisfaction",
        unit="ratio",
        shape=Shape.SHARE,
        better=Better.HIGHER,
        formula="ratings 4 and 5 of 5 / all ratings answered in the period",
        source="Records rule 12; interval of Wilson (1927)",
        excluded=("no_score", "no_answer_time"),
    ),
    _of_records(
        KpiId.NPS,
        RecordKind.SURVEY,
        _NO_ANSWERS,
        name="Net promoter score",
        unit="points",
        shape=Shape.POINTS,
        better=Better.HIGHER,
        formula="100 · (promoters, 9 and 10, − detractors, 0 to 6) / answers in the period",
        source="Records rule 12; Reichheld (2003); SE = 100·sqrt((p + d − (p − d)²)/n)",
        excluded=("no_score", "no_answer_time"),
    ),
)

_WORK: Final = (
    _of_records(
        KpiId.CHANGE_FAILURE_RATE,
        RecordKind.CHANGE,
        Reason("nothing_completed", "No change was completed in the period"),
        name="Change failure rate",
        unit="ratio",
        shape=Shape.SHARE,
        better=Better.LOWER,
        formula=(
            "changes completed in the period that failed, were rolled back or caused an incident"
            " or outage / changes completed in the period"
        ),
        source="DORA change failure rate",
        excluded=("cancelled",),
    ),
    _of_records(
        KpiId.FULFILMENT_TIME,
        RecordKind.REQUEST,
        Reason("nothing_fulfilled", "No request was fulfilled in the period"),
        name="Mean time to fulfil",
        unit="hours",
        shape=Shape.MEAN_HOURS,
        better=Better.LOWER,
        formula="Σ(fulfilment − opening) / n over the requests fulfilled in the period",
        source="ITIL service request management",
        excluded=("negative_duration", "no_opening_time", "cancelled"),
    ),
    _of_records(
        KpiId.LOW_VALUE_SHARE,
        RecordKind.REQUEST,
        Reason("none_in_period", "No request was opened in the period"),
        name="Share of low-value requests",
        unit="ratio",
        shape=Shape.SHARE,
        better=Better.LOWER,
        formula=(
            "requests opened in the period that are flagged as of low value or belong to a"
            " repetitive group / requests opened in the period"
        ),
        source="Waste of repetitive demand in lean IT",
    ),
    _of_records(
        KpiId.PERMANENT_FIX_RATE,
        RecordKind.PROBLEM,
        Reason("nothing_resolved", "No problem behind incidents was resolved in the period"),
        name="Permanent fix rate",
        unit="ratio",
        shape=Shape.SHARE,
        better=Better.HIGHER,
        formula=(
            "problems whose incidents were resolved in the period and did not come back within"
            " 30 days / those whose 30 days are over"
        ),
        source="ITIL problem management",
        excluded=("not_yet_verifiable",),
    ),
)

_DEFINED: Final = {
    kpi.id: kpi for kpi in (*_RESOLUTION, *_NUMBERS, *_COURSE, *_OUTAGES, *_SATISFACTION, *_WORK)
}
KPIS: Final[dict[KpiId, Kpi]] = {kpi: _DEFINED[kpi] for kpi in KpiId}
"""Every KPI, in the order of their ids."""
