"""Wire models that metrics-api owns and other services or tools write and read."""

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from pydantic import Field, model_validator

from shared.schemas.common import Day, Key, Out, ShortText, Wire


class IncidentState(StrEnum):
    NEW = "new"
    IN_PROGRESS = "in_progress"
    ON_HOLD = "on_hold"
    RESOLVED = "resolved"
    CLOSED = "closed"
    CANCELLED = "cancelled"


class RecordKind(StrEnum):
    INCIDENT = "incident"
    REQUEST = "request"
    CHANGE = "change"
    OUTAGE = "outage"
    SURVEY = "survey"
    INFRASTRUCTURE_EVENT = "infrastructure_event"


class Comparator(StrEnum):
    LTE = "lte"
    LT = "lt"
    GTE = "gte"
    GT = "gt"


class KpiId(StrEnum):
    MTTR = "mttr"
    MTTR_BUSINESS = "mttr_business"
    MTTA = "mtta"
    FCR = "fcr"
    REOPEN_RATE = "reopen_rate"
    BACKLOG = "backlog"
    INCIDENT_COUNT = "incident_count"
    SLA_ATTAINMENT = "sla_attainment"
    BOUNCING_RATE = "bouncing_rate"
    HOLD_SHARE = "hold_share"
    REWORK_RATE = "rework_rate"
    AVAILABILITY = "availability"
    MTBF = "mtbf"
    UNPLANNED_OUTAGES = "unplanned_outages"
    CSAT = "csat"
    NPS = "nps"
    CHANGE_FAILURE_RATE = "change_failure_rate"
    FULFILMENT_TIME = "fulfilment_time"
    LOW_VALUE_SHARE = "low_value_share"
    PERMANENT_FIX_RATE = "permanent_fix_rate"


class InitiativeState(StrEnum):
    PLANNED = "planned"
    IN_PROGRESS = "in_progress"
    DONE = "done"
    CANCELLED = "cancelled"


class InitiativePut(Wire):
    """An improvement initiative as the performance report shows it; `revision` orders updates."""

    service: Key
    kpi: KpiId
    title: ShortText
    start: Day
    end: Day | None = None
    state: InitiativeState
    plan: ShortText = Field(max_length=100, description="id of the plan in improvement-api")
    revision: int = Field(ge=1, lt=2**31)

    @model_validator(mode="after")
    def _ends_after_start(self) -> "InitiativePut":
        if self.end is not None and self.end < self.start:
            raise ValueError("end must not be before start")
        return self


class PeriodValue(Out):
    period: str
    value: float | None
    count: int
    complete: bool


class ReportTarget(Out):
    comparator: Comparator
    value: float


class PerformanceRow(Out):
    service: str
    name: str
    values: list[PeriodValue]
    target: ReportTarget | None
    met: bool | None
    improvement_action: str | None


class PerformanceReport(Out):
    """The service performance table; see rules "The performance report"."""

    kpi: KpiId
    unit: str
    timezone: str
    rows: list[PerformanceRow]
    next_cursor: str | None


class BatchReply(Out):
    """Totals of a bulk ingest; `rejections` holds the first 1,000, the rest are at `import`."""

    id: str
    rows: int
    accepted: int
    rejected: int
    created: int = Field(description="distinct records seen for the first time")
    repeated: int = Field(description="accepted rows that were known already")
    rejections: list["Rejection"]


class Rejection(Out):
    line: int = Field(description="1-based line, or index + 1 of a JSON array")
    pointer: str
    reason: str


class TargetOut(Out):
    id: str
    service: str
    kpi: KpiId
    comparator: Comparator
    value: Decimal
    valid_from: date
    valid_to: date | None


class KpiMeaning(Out):
    """What others need to know of a KPI; `better` is lower or higher."""

    id: KpiId
    name: str
    unit: str
    better: str


class TrendCrossingSummary(Out):
    """`state` is breach, recovery, never, already, no_target or unknown."""

    state: str
    on: date | None


class TrendSummary(Out):
    """Where a KPI is heading: improving, degrading or none; null: there are too few figures."""

    kpi: KpiId
    n: int
    direction: str | None
    p_value: float | None
    slope_per_month: float | None
    crossing: TrendCrossingSummary


class ServiceTrendSummaries(Out):
    trends: list[TrendSummary]


class KpiFigure(Out):
    """The figure of a full or unfinished period; `count` are the records it is of."""

    period: str
    value: float | None
    count: int
    complete: bool


class KpiSlice(Out):
    """The figures of a part of the records; `slice` null: the records do not say."""

    slice: str | None
    values: list[KpiFigure]


class KpiFigures(Out):
    """A KPI by period, in the order asked; `slices` is empty where none were asked for."""

    kpi: KpiId
    values: list[KpiFigure]
    slices: list[KpiSlice]


class ServiceKpiFigures(Out):
    service: str
    kpis: list[KpiFigures]


class MajorIncident(Out):
    """A major incident in short: what improvement-api keeps of it."""

    source: str
    external_id: str
    service: str | None
    title: str | None
    priority: int | None
    state: str | None
    opened_at: datetime
    resolution_at: datetime | None


class Recurrence(Out):
    source: str
    external_id: str
    opened_at: datetime
    title: str | None


class Recurrences(Out):
    """Incidents that fit a fingerprint, counted; the first hundred by opening are named."""

    as_of: datetime = Field(description="incidents opened from then on are not counted")
    count: int
    first: list[Recurrence] = Field(description="the first hundred by opening")


class CustomerComment(Out):
    """A comment of an answered survey, as improvement-api keeps it."""

    source: str
    external_id: str
    kind: str | None
    service: str | None
    customer: str | None
    touchpoint: str | None
    channel: str | None
    score: int | None
    comment: str
    answered_at: datetime
    received_at: datetime
