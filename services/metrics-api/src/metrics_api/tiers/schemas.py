"""Key result areas, links and the tree on the wire."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import ConfigDict, Field, StringConstraints

from metrics_api.slos.rules import Level
from metrics_api.tiers.rules import Break, LinkKind, Status, Tier
from shared.kit.patches import absent
from shared.schemas.catalog import Subject
from shared.schemas.common import Key, LongText, Out, ShortText, Wire
from shared.schemas.metrics import Comparator, KpiId

End = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class MeasuredKpi(Wire):
    """A KPI of a service; its target is the one that holds."""

    kpi: KpiId
    service: Annotated[Key, Field(examples=["network-infrastructure"])]


MeasuredKpis = Annotated[list[MeasuredKpi], Field(max_length=200)]


class KraCreate(Wire):
    """What the organisation must be good at, and the KPIs that show it."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "key": "reliable-workplaces",
                    "name": "Reliable workplaces",
                    "owner": "ada@example.org",
                    "objective": "fewer-interruptions",
                    "kpis": [{"kpi": "mttr", "service": "network-infrastructure"}],
                }
            ]
        }
    )

    key: Key
    name: Annotated[ShortText, Field(examples=["Reliable workplaces"])]
    description: LongText = ""
    owner: Subject
    objective: Annotated[Key | None, Field(description="an objective of the catalog")] = None
    kpis: Annotated[MeasuredKpis, Field(default_factory=list)]


class KraPatch(Wire):
    """The fields to change; `kpis` replaces the whole list."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"kpis": [{"kpi": "mttr", "service": "network-infrastructure"}]}]
        }
    )

    name: ShortText = absent()
    description: LongText = absent()
    owner: Subject = absent()
    objective: Key | None = absent()
    kpis: MeasuredKpis = absent()
    active: bool = absent()


class MeasuredKpiOut(Out):
    kpi: KpiId
    service: str


class KraOut(Out):
    key: str
    name: str
    description: str
    owner: str
    objective: str | None
    active: bool
    kpis: list[MeasuredKpiOut] = Field(description="by KPI and service")
    version: int
    created_at: datetime
    updated_at: datetime


class LinkCreate(Wire):
    """Joins two tiers. `kpt_vma`: a target's id and a vital activity; `vma_slo`: a vital activity
    and an SLO; `sli_sie`: an SLI and the component that infrastructure events name."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"kind": "vma_slo", "upper": "talk-to-customers", "lower": "people-can-sign-on"}
            ]
        }
    )

    kind: LinkKind
    upper: Annotated[End, Field(examples=["take-orders"])]
    lower: Annotated[End, Field(examples=["order-api-availability"])]


class LinkOut(Out):
    id: UUID
    kind: LinkKind
    upper: str
    lower: str
    linked_at: datetime
    linked_by: str


class TreeRecord(Out):
    """A record that made a node red."""

    kind: str = Field(description="incident, request, change, outage, survey, …")
    source: str
    external_id: str
    title: str | None
    at: datetime | None = Field(description="when it counted")
    value: float | None = Field(description="what it added, in `unit`")
    unit: str | None


class TreeKpi(Out):
    unit: str
    services: list[str] = Field(description="of which the key result area counts it")


class TreeTarget(Out):
    kpi: KpiId
    service: str
    comparator: Comparator
    target: float
    value: float | None = Field(description="of the period; null: no figure")
    count: int = Field(description="records behind it")
    unit: str


class TreeObjective(Out):
    sli: str
    target: float
    value: float | None = Field(description="share of what was good, without what was corrected")


class TreeSlo(Out):
    service: str
    level: Level
    objectives: list[TreeObjective]


class TreeSli(Out):
    components: list[str] = Field(description="that infrastructure events name")


class TreeEvent(Out):
    component: str
    severity: str | None = Field(description="in the tool's words")
    occurred_at: datetime
    cleared_at: datetime | None


class NoDetail(Out):
    """Of a key result area, a vital activity, and an SLO that is not there."""


Detail = TreeKpi | TreeTarget | TreeSlo | TreeSli | TreeEvent | NoDetail
DETAILS: Mapping[Tier, type[Detail]] = {
    Tier.KPI: TreeKpi,
    Tier.KPT: TreeTarget,
    Tier.SLO: TreeSlo,
    Tier.SLI: TreeSli,
    Tier.SIE: TreeEvent,
}


class TreeNode(Out):
    """`own` is what the node says itself; `status` the worst of that and of its children's."""

    id: str
    tier: Tier
    key: str
    name: str
    status: Status
    own: Status | None
    reason: str | None = Field(description="why it is not green by itself")
    detail: Detail = Field(description="figure, target, severity … by tier")
    children: list[str] = Field(description="ids of nodes of lower tiers")
    records: list[TreeRecord] = Field(description="under a red node: what made it red, worst first")


class BrokenLink(Out):
    tier: Tier = Field(description="of the end that stands higher")
    key: str
    code: Break
    text: str
    lower: str | None = Field(description="the end that is missing, where there is one")
    link: UUID | None = Field(description="the link to mend, where people drew it")


class Tree(Out):
    """The whole tree of a key result area, as a graph: a node may have several parents."""

    kra: str
    period: str
    start: datetime
    end: datetime
    complete: bool
    timezone: str
    as_of: datetime | None = Field(description="as it was known then; null: as things stand")
    status: Status
    nodes: list[TreeNode] = Field(description="from the root down, each once")
    broken_links: list[BrokenLink]


class EndangeredActivity(Out):
    """A vital activity that cannot be relied on while this lasts."""

    key: str
    name: str
    customer: str
    criticality: str
    services: list[str] = Field(description="by which services it is reached")
    strength: str | None = Field(description="the strongest support among them; null: by an SLO")
    slos: list[str] = Field(description="SLOs of the activity that are touched")


class EndangeredGuarantee(Out):
    """A guarantee of an agreement whose target this record counts for."""

    agreement: str
    version: int
    name: str
    target: str
    kpi: str | None
    credit: bool = Field(description="a credit is promised when the target is missed")
    clock: str | None = Field(description="breached, running or met, of the resolution clock")
    due_at: datetime | None


class IncidentDangers(Out):
    source: str
    external_id: str
    service: str | None
    reason: str | None = Field(description="why nothing can be said")
    vital_activities: list[EndangeredActivity]
    guarantees: list[EndangeredGuarantee]


class EventDangers(Out):
    source: str
    external_id: str
    component: str | None
    service: str | None
    slis: list[str]
    vital_activities: list[EndangeredActivity]
