"""KPI definitions and figures on the wire."""

from datetime import datetime

from pydantic import Field

from metrics_api.indicators.kpis import Better
from shared.schemas.common import Out
from shared.schemas.metrics import KpiId


class KpiDefinition(Out):
    id: KpiId
    name: str
    unit: str
    better: Better = Field(description="which way is better")
    formula: str
    source: str = Field(description="where the formula comes from")
    exclusions: list[str] = Field(description="reasons for which a record may not count")


class KpiDefinitions(Out):
    items: list[KpiDefinition]


class Percentiles(Out):
    """In hours, exact, interpolated between neighbours."""

    p50: float
    p90: float
    p95: float


class Share(Out):
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


class NoNumber(Out):
    """Why there is no number: `no_records`, `nothing_resolved` or `nothing_acknowledged`."""

    code: str
    text: str


class KpiValue(Out):
    period: str
    start: datetime
    end: datetime = Field(description="exclusive; now, for an unfinished period")
    complete: bool
    value: float | None = Field(description="unrounded")
    count: int = Field(description="records that the number is of")
    exclusions: dict[str, int] = Field(description="records that do not count, by reason")
    reason: NoNumber | None
    percentiles: Percentiles | None = Field(description="of durations")
    share: Share | None
    backlog: BacklogIdentity | None
    unacknowledged: int | None = Field(
        description="mtta: of the incidents opened in the period, those not acknowledged by now"
    )


class KpiSeries(Out):
    kpi: KpiId
    unit: str
    values: list[KpiValue]


class ServiceKpis(Out):
    """Definitions of the KPIs are at /v1/kpis."""

    service: str
    name: str
    timezone: str
    kpis: list[KpiSeries]
