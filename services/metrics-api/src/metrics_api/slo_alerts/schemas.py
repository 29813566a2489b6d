"""Alert policies and alerts on the wire: OpenSLO v1's AlertPolicy and AlertCondition."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated
from uuid import UUID

from pydantic import ConfigDict, Field, StringConstraints

from metrics_api.slis.schemas import AS_NUMBER, Annotations, Description, Labels, ObjectKey
from metrics_api.slo_alerts.rules import AlertCause, AlertState, BurnComparator, PolicyState
from metrics_api.slos.durations import PATTERN
from metrics_api.slos.schemas import Duration
from shared.kit.patches import absent
from shared.schemas.common import EXACT, Out, ShortText, Storable, Wire

Severity = Annotated[
    str,
    StringConstraints(min_length=1, max_length=63),
    Storable,
    Field(description="page, ticket or a word of your own", examples=["page"]),
]
Factor = Annotated[
    Decimal,
    Field(
        gt=0,
        le=1_000_000_000,
        max_digits=18,
        decimal_places=9,
        description="burn rate above which it fires; 1 spends the budget exactly in the window",
        examples=[14.4],
    ),
    EXACT,
    AS_NUMBER,
]
AlertAfter = Annotated[
    str,
    StringConstraints(pattern=f"^0m$|{PATTERN}"),
    Field(description="how long the condition lasts before it fires", examples=["2m"]),
]
Targets = Annotated[
    list[ShortText],
    Field(max_length=20, description="OpenSLO's notificationTargets, kept; subscribers get events"),
]


class AlertPolicyCreate(Wire):
    """Fires when the burn rate exceeds the factor over the long window and over the short one.

    OpenSLO's condition has the long window only.
    """

    key: ObjectKey
    name: ShortText | None = Field(None, description="OpenSLO's displayName")
    description: Description = ""
    severity: Severity
    op: BurnComparator = BurnComparator.GT
    factor: Factor
    long_window: Duration = Field(examples=["1h"])
    short_window: Duration | None = Field(None, examples=["5m"])
    alert_after: AlertAfter = "0m"
    alert_when_breaching: bool = True
    alert_when_resolved: bool = True
    alert_when_no_data: bool = Field(
        False, description="also fire while the long window has no events at all"
    )
    notification_targets: Targets = Field(default_factory=list)
    labels: Labels = Field(default_factory=dict)
    annotations: Annotations = Field(default_factory=dict)


class AlertPolicyPatch(Wire):
    """The fields to change; the earlier version is kept."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"alert_after": "2m"}]})

    name: ShortText | None = absent()
    description: Description = absent()
    severity: Severity = absent()
    op: BurnComparator = absent()
    factor: Factor = absent()
    long_window: Duration = absent()
    short_window: Duration | None = absent()
    alert_after: AlertAfter = absent()
    alert_when_breaching: bool = absent()
    alert_when_resolved: bool = absent()
    alert_when_no_data: bool = absent()
    notification_targets: Targets = absent()
    labels: Labels = absent()
    annotations: Annotations = absent()


class AlertPolicyOut(Out):
    id: UUID
    slo: str
    key: str
    name: str | None
    description: str
    severity: str
    op: BurnComparator
    factor: Annotated[Decimal, AS_NUMBER]
    long_window: str
    short_window: str | None
    alert_after: str
    alert_when_breaching: bool
    alert_when_resolved: bool
    alert_when_no_data: bool
    notification_targets: list[str]
    labels: Labels
    annotations: Annotations
    state: PolicyState
    version: int
    recorded_at: datetime = Field(description="when this version was recorded")
    recorded_by: str


class SkippedPolicy(Out):
    key: str
    reason: str


class DefaultPolicies(Out):
    """Policies of the SRE workbook, scaled to the SLO's window; some could never fire."""

    created: list[AlertPolicyOut]
    skipped: list[SkippedPolicy]


class SloAlertOut(Out):
    id: UUID
    policy: UUID
    policy_key: str
    slo: str
    service: str
    objective: int = Field(description="its place, from 0; -1: the composite as a whole")
    severity: str
    cause: AlertCause
    state: AlertState
    since: datetime = Field(description="when the condition was first found to hold")
    fired_at: datetime | None
    resolved_at: datetime | None
    factor: Annotated[Decimal, AS_NUMBER]
    long_burn: float | None = Field(description="burn rates when last looked at")
    short_burn: float | None
