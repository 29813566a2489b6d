"""KPI definitions and figures on the wire."""

from datetime import datetime

from pydantic import Field, JsonValue

from metrics_api.indicators.definitions import Better, RecordKind
from metrics_api.indicators.scopes import ScopeKind, Slice
from shared.schemas.common import Out
from shared.schemas.metrics import KpiId


class NoNumber(Out):
    """Why there is no number.

    `no_records`: no record of this kind was ever attributed to it; `unattributed`: none was, and
    some are attributed to nothing; `all_excluded`: those of the period do not count, by reason;
    otherwise what did not happen in the period, such as `nothing_resolved` or `no_outages`.
    """

    code: str = Field(examples=["nothing_resolved"])
    text: str = Field(examples=["No incident was resolved in the period"])


class KpiDefinition(Out):
    id: KpiId
    name: str
    unit: str = Field(examples=["hours"])
    better: Better = Field(description="which way is better")
    formula: str
    source: str = Field(description="where the formula comes from")
    of: RecordKind = Field(description="records it is counted from")
    exclusions: list[str] = Field(description="reasons for which a record may not count")
    nothing: NoNumber = Field(description="what it means that there are records but no number")


class KpiDefinitions(Out):
    items: list[KpiDefinition]


class Percentiles(Out):
    """In hours, interpolated between neighbours."""

    p50: float
    p90: float
    p95: float
    approximate: bool = Field(
        description="of many services: each within 1 % (DDSketch); else they are exact"
    )


class Share(Out):
    """Shares of time are parts in microseconds."""

    numerator: int
    denominator: int


class BacklogIdentity(Out):
    """open_at_start + opened + reopened − resolved − closed_unresolved − cancelled = open_at_end.

    Moves of transitions, each counted: an incident may move several times.
    """

    open_at_start: int
    opened: int
    reopened: int
    resolved: int
    closed_unresolved: int
    cancelled: int
    open_at_end: int


class KpiValue(Out):
    period: str
    start: datetime
    end: datetime = Field(description="exclusive; now, for an unfinished period")
    complete: bool
    value: float | None = Field(description="unrounded")
    count: int = Field(description="records that the number is of")
    exclusions: dict[str, int] = Field(description="records that do not count, by reason")
    reason: NoNumber | None = Field(description="why there is no number; null where there is one")
    percentiles: Percentiles | None = Field(description="of durations")
    percentiles_reason: NoNumber | None = Field(
        description="why there are none beside a number of durations: being_counted, of many"
        " services for some minutes after a bulk load"
    )
    share: Share | None
    small_sample: bool | None = Field(description="csat, nps: of fewer than five answers")
    margin_of_error: float | None = Field(
        description="csat, nps: half the width of the 95 % interval, in the unit of the KPI"
    )
    backlog: BacklogIdentity | None
    unacknowledged: int | None = Field(
        description="mtta: of the incidents opened in the period, those not acknowledged by now"
    )
    open_breached: int | None = Field(
        description="sla_attainment: incidents open now that were due before the period's end"
    )
    extras: dict[str, JsonValue] = Field(
        description="parts of the figure by name, such as promoters or downtime_hours"
    )


class SlicedValues(Out):
    slice: str | None = Field(description="null: the records do not say")
    values: list[KpiValue]


class KpiSeries(Out):
    kpi: KpiId
    unit: str
    definition: str = Field(examples=["/v1/kpis/mttr"])
    values: list[KpiValue]
    slices: list[SlicedValues] = Field(
        description="the same by `slice`, the largest first, at most 100; empty if not asked for"
    )


class ScopeKpis(Out):
    """KPIs of a scope; their definitions are at /v1/kpis."""

    scope: ScopeKind
    key: str | None = Field(description="null for `all`")
    name: str
    timezone: str
    slice: Slice | None
    as_of: datetime | None = Field(description="null: as things stand")
    kpis: list[KpiSeries]


class ServiceKpis(ScopeKpis):
    service: str
