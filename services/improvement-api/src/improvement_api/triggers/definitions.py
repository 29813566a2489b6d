"""What a trigger watches for: its kinds, and the triggers there are at the first start. Pure."""

from enum import StrEnum
from typing import Annotated, Final, Literal

from pydantic import ConfigDict, Field

from improvement_api.opportunities.rules import Impact
from improvement_api.periods import Grain
from shared.schemas.common import Key, LongText, NonBlank, ShortText, Wire
from shared.schemas.metrics import Comparator, KpiId

Kpis = Annotated[
    list[KpiId] | None, Field(min_length=1, max_length=50, description="null: every KPI")
]
Running = Annotated[int, Field(ge=1, le=36, description="so many periods one after the other")]
Limit = Annotated[float, Field(ge=-1e12, le=1e12, allow_inf_nan=False)]


class TriggerKind(StrEnum):
    TARGET_MISSED = "target_missed"
    BUDGET_SPENT = "budget_spent"
    TREND_DEGRADING = "trend_degrading"
    LINE_CROSSED = "line_crossed"


class TargetMissed(Wire):
    """A target was missed in so many periods running (signals target.missed and target.met)."""

    kind: Literal[TriggerKind.TARGET_MISSED]
    kpis: Kpis = None
    periods: Running = 3


class BudgetSpent(Wire):
    """The error budget of an SLO is spent, or an alert of such a severity fires (signals
    slo.budget_exhausted and slo.alert_firing)."""

    kind: Literal[TriggerKind.BUDGET_SPENT]
    severities: list[ShortText] = Field(
        default_factory=list, max_length=20, description="of alerts; empty: no alert counts"
    )


class TrendDegrading(Wire):
    """A KPI has begun to get worse, by a significance test (signal trend.degrading)."""

    kind: Literal[TriggerKind.TREND_DEGRADING]
    kpis: Kpis = None
    minimum_n: int = Field(8, ge=8, le=1000, description="figures that the trend is of")
    breach_within_days: int | None = Field(
        None, ge=0, le=3660, description="only if the target is breached so soon; null: any"
    )


class LineCrossed(Wire):
    """A KPI lies beyond a line in so many full periods running (metrics-api is asked hourly)."""

    kind: Literal[TriggerKind.LINE_CROSSED]
    kpi: KpiId
    comparator: Comparator = Field(description="how a value that counts compares with the line")
    line: Limit = Field(description="in the KPI's unit")
    grain: Grain = Grain.MONTH
    periods: Running = 3
    minimum_count: int = Field(
        5, ge=0, le=10**9, description="records that the value of each period is at least of"
    )


Condition = Annotated[
    TargetMissed | BudgetSpent | TrendDegrading | LineCrossed,
    Field(discriminator="kind"),
]


class TriggerBody(Wire):
    """A version of a trigger; what is left out has its default."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "title": "Too many calls are passed on",
                    "benefit": "Customers are helped by whom they reach first.",
                    "impacts": [
                        {
                            "stakeholder": "Customers who call",
                            "effect": "They tell their trouble again to each group.",
                        }
                    ],
                    "condition": {
                        "kind": "line_crossed",
                        "kpi": "bouncing_rate",
                        "comparator": "gt",
                        "line": 0.15,
                        "periods": 3,
                    },
                    "reason": "The desk has a target of 15 % since January.",
                }
            ]
        }
    )

    title: ShortText
    benefit: Annotated[NonBlank, Field(description="of what it opens")]
    impacts: list[Impact] = Field(
        default_factory=list,
        max_length=20,
        description="whom such a problem hurts, and how: what it opens begins with these",
    )
    condition: Condition
    services: list[Key] | None = Field(
        None, min_length=1, max_length=1000, description="null: every service"
    )
    owner: ShortText | None = Field(
        None, description="subject who owns what it opens; null: who answers for the service"
    )
    quiet_days: int = Field(
        90, ge=0, le=3660, description="after a rejection the same cause opens nothing so long"
    )
    enabled: bool = True
    reason: LongText = Field("", description="why it is defined so")


_SATISFACTION: Final = (KpiId.CSAT, KpiId.NPS)


def _line(kpi: KpiId, comparator: Comparator, line: float, periods: int = 3) -> LineCrossed:
    return LineCrossed(
        kind=TriggerKind.LINE_CROSSED,
        kpi=kpi,
        comparator=comparator,
        line=line,
        periods=periods,
    )


def _hurts(stakeholder: str, effect: str) -> list[Impact]:
    return [Impact(stakeholder=stakeholder, effect=effect)]


_OURS: Final = "A starting value of ours: set the line by what your services do"
_CUSTOMERS: Final = "Customers of the service"
_SUPPORT: Final = "Support groups of the service"

DEFAULTS: Final[dict[str, TriggerBody]] = {
    "target-missed": TriggerBody(
        title="A target is missed three periods running",
        benefit="The target is met again.",
        impacts=_hurts(_CUSTOMERS, "They get less than they were promised, and not for once."),
        condition=TargetMissed(
            kind=TriggerKind.TARGET_MISSED,
            kpis=[kpi for kpi in KpiId if kpi not in _SATISFACTION],
        ),
        reason="One miss may be chance; satisfaction has triggers of its own",
    ),
    "satisfaction-target-missed": TriggerBody(
        title="A target of satisfaction is missed",
        benefit="Customers are as satisfied as was aimed for.",
        impacts=_hurts(_CUSTOMERS, "They are less satisfied than was aimed for."),
        condition=TargetMissed(kind=TriggerKind.TARGET_MISSED, kpis=list(_SATISFACTION), periods=1),
        reason="What customers think is late news already",
    ),
    "satisfaction-csat": TriggerBody(
        title="Satisfaction is under the line",
        benefit="More customers are satisfied.",
        impacts=_hurts(_CUSTOMERS, "More than one in four of those who answer are not satisfied."),
        condition=_line(KpiId.CSAT, Comparator.LT, 0.75, periods=2),
        reason=_OURS,
    ),
    "satisfaction-nps": TriggerBody(
        title="More customers advise against the service than for it",
        benefit="More customers speak well of the service than ill.",
        impacts=_hurts(_CUSTOMERS, "More of them would advise against the service than for it."),
        condition=_line(KpiId.NPS, Comparator.LT, 0.0, periods=2),
        reason=_OURS,
    ),
    "budget-spent": TriggerBody(
        title="The error budget of an objective is spent",
        benefit="The service keeps its objective.",
        impacts=_hurts(_CUSTOMERS, "The service failed them more often than was agreed."),
        condition=BudgetSpent(kind=TriggerKind.BUDGET_SPENT),
        reason="A spent budget is the agreed sign that reliability goes first (Google SRE)",
    ),
    "trend-degrading": TriggerBody(
        title="A KPI gets worse",
        benefit="The KPI stops getting worse.",
        impacts=_hurts(_CUSTOMERS, "What they get becomes worse from month to month."),
        condition=TrendDegrading(kind=TriggerKind.TREND_DEGRADING),
        reason="A significant trend is found before the target is missed",
    ),
    "waste-bouncing": TriggerBody(
        title="Incidents bounce between groups",
        benefit="Incidents reach who can solve them at once.",
        impacts=[
            *_hurts(_CUSTOMERS, "They wait, and explain their trouble again to each group."),
            *_hurts(_SUPPORT, "They read, and pass on, what is not theirs to solve."),
        ],
        condition=_line(KpiId.BOUNCING_RATE, Comparator.GT, 0.2),
        reason=_OURS,
    ),
    "waste-rework": TriggerBody(
        title="Work is done twice",
        benefit="What is resolved stays resolved.",
        impacts=[
            *_hurts(_CUSTOMERS, "What they were told is resolved comes back."),
            *_hurts(_SUPPORT, "They do the same work twice."),
        ],
        condition=_line(KpiId.REWORK_RATE, Comparator.GT, 0.1),
        reason=_OURS,
    ),
    "waste-hold": TriggerBody(
        title="Incidents wait on hold",
        benefit="Customers wait for work, not for waiting.",
        impacts=_hurts(_CUSTOMERS, "Their incidents lie on hold while nobody works on them."),
        condition=_line(KpiId.HOLD_SHARE, Comparator.GT, 0.3),
        reason=_OURS,
    ),
    "waste-repetitive": TriggerBody(
        title="The same requests come again and again",
        benefit="What is asked for again and again is automated or made needless.",
        impacts=[
            *_hurts(_CUSTOMERS, "They ask, and wait, for what they could help themselves to."),
            *_hurts(_SUPPORT, "They spend their days on what a machine could do."),
        ],
        condition=_line(KpiId.LOW_VALUE_SHARE, Comparator.GT, 0.3),
        reason=_OURS,
    ),
}
