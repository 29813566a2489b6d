"""The objects of OpenSLO v1 as they are written (https://github.com/OpenSLO/OpenSLO).

Fields that the specification does not know are refused, with a pointer: a typing mistake in an
objective is a promise that nobody watches.
"""

from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel

from metrics_api.slis.schemas import Annotations, Description, Labels, MetricSource, ObjectKey
from metrics_api.slos.durations import PATTERN
from shared.schemas.common import ShortText
from shared.schemas.metrics import Comparator

V1 = "openslo/v1"


class Kind(StrEnum):
    SERVICE = "Service"
    DATA_SOURCE = "DataSource"
    SLI = "SLI"
    SLO = "SLO"
    ALERT_POLICY = "AlertPolicy"
    ALERT_CONDITION = "AlertCondition"
    ALERT_NOTIFICATION_TARGET = "AlertNotificationTarget"


class Part(BaseModel):
    model_config = ConfigDict(
        extra="forbid", frozen=True, alias_generator=to_camel, populate_by_name=True
    )


class Metadata(Part):
    name: ObjectKey
    display_name: ShortText | None = None
    labels: Labels = Field(default_factory=dict)
    annotations: Annotations = Field(default_factory=dict)


class MetricSourceDoc(Part):
    metric_source_ref: ShortText | None = None
    type: ShortText | None = None
    spec: dict[str, Any] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _is_storable(self) -> "MetricSourceDoc":
        MetricSource(spec=self.spec)  # as deep and large as an SLI may hold
        return self


class Metric(Part):
    metric_source: MetricSourceDoc


class RatioMetric(Part):
    counter: bool = False
    good: Metric | None = None
    bad: Metric | None = None
    total: Metric | None = None
    raw_type: Literal["success", "failure"] | None = None
    raw: Metric | None = None

    @model_validator(mode="after")
    def _is_one_ratio(self) -> "RatioMetric":
        raw = self.raw is not None and self.raw_type is not None
        parts = self.total is not None and (self.good is None) != (self.bad is None)
        others = (self.good, self.bad, self.total) if raw else (self.raw, self.raw_type)
        if not (raw or parts) or any(one is not None for one in others):
            raise ValueError("give good and total, or bad and total, or raw and rawType")
        return self


class SliSpec(Part):
    description: Description = ""
    threshold_metric: Metric | None = None
    ratio_metric: RatioMetric | None = None

    @model_validator(mode="after")
    def _is_one_metric(self) -> "SliSpec":
        if (self.threshold_metric is None) == (self.ratio_metric is None):
            raise ValueError("give thresholdMetric or ratioMetric, one of them")
        return self


class Indicator(Part):
    """An SLI inside an SLO."""

    metadata: Metadata
    spec: SliSpec


class WindowCalendar(Part):
    start_time: Annotated[
        str, Field(pattern=r"^\d{4}-\d{2}-\d{2}[ T]\d{2}:\d{2}:\d{2}$", max_length=19)
    ]
    time_zone: ShortText


class Window(Part):
    duration: Annotated[str, Field(pattern=PATTERN)]
    is_rolling: bool = False
    calendar: WindowCalendar | None = None


Share = Annotated[Decimal, Field(ge=0, lt=1)]


class ObjectiveDoc(Part):
    display_name: ShortText | None = None
    op: Comparator | None = None
    value: float | None = None
    target: Share | None = None
    target_percent: Annotated[Decimal, Field(ge=0, lt=100)] | None = None
    time_slice_target: Annotated[Decimal, Field(gt=0, le=1)] | None = None
    time_slice_window: (
        Annotated[int, Field(ge=1)] | Annotated[str, Field(pattern=PATTERN)] | None
    ) = None
    indicator: Indicator | None = None
    indicator_ref: ObjectKey | None = None
    composite_weight: Annotated[Decimal, Field(gt=0)] | None = None

    @model_validator(mode="after")
    def _has_one_target(self) -> "ObjectiveDoc":
        if (self.target is None) == (self.target_percent is None):
            raise ValueError("give target or targetPercent, one of them")
        if self.indicator is not None and self.indicator_ref is not None:
            raise ValueError("give indicator or indicatorRef, one of them")
        return self


class BurnRate(Part):
    kind: Literal["burnrate"]
    op: Comparator = Comparator.GT
    threshold: Annotated[Decimal, Field(gt=0)]
    lookback_window: Annotated[str, Field(pattern=PATTERN)]
    alert_after: Annotated[str, Field(pattern=f"^0m$|{PATTERN}")] = "0m"


class ConditionSpec(Part):
    description: Description = ""
    severity: ShortText
    condition: BurnRate


class ConditionInline(Part):
    kind: Literal["AlertCondition"] = "AlertCondition"
    metadata: Metadata
    spec: ConditionSpec


class ConditionRef(Part):
    condition_ref: ObjectKey


class TargetSpec(Part):
    description: Description = ""
    target: ShortText


class TargetInline(Part):
    kind: Literal["AlertNotificationTarget"] = "AlertNotificationTarget"
    metadata: Metadata
    spec: TargetSpec


class TargetRef(Part):
    target_ref: ShortText


class PolicySpec(Part):
    description: Description = ""
    alert_when_no_data: bool = False
    alert_when_breaching: bool = False
    alert_when_resolved: bool = False
    conditions: Annotated[list[ConditionInline | ConditionRef], Field(min_length=1, max_length=1)]
    notification_targets: Annotated[
        list[TargetInline | TargetRef], Field(default_factory=list, max_length=20)
    ]


class PolicyInline(Part):
    kind: Literal["AlertPolicy"] = "AlertPolicy"
    metadata: Metadata
    spec: PolicySpec


class PolicyRef(Part):
    alert_policy_ref: ObjectKey


class SloSpec(Part):
    description: Description = ""
    service: ShortText
    indicator: Indicator | None = None
    indicator_ref: ObjectKey | None = None
    time_window: Annotated[list[Window], Field(min_length=1, max_length=1)]
    budgeting_method: Literal["Occurrences", "Timeslices", "RatioTimeslices"]
    objectives: Annotated[list[ObjectiveDoc], Field(min_length=1, max_length=20)]
    alert_policies: Annotated[list[PolicyInline | PolicyRef], Field(max_length=50)] | None = None

    @model_validator(mode="after")
    def _has_one_indicator(self) -> "SloSpec":
        if self.indicator is not None and self.indicator_ref is not None:
            raise ValueError("give indicator or indicatorRef, one of them")
        return self


class SourceSpec(Part):
    description: Description = ""
    type: ShortText
    connection_details: dict[str, Any] = Field(default_factory=dict)


class ServiceSpec(Part):
    description: Description = ""


SPECS: dict[Kind, type[Part]] = {
    Kind.SERVICE: ServiceSpec,
    Kind.DATA_SOURCE: SourceSpec,
    Kind.SLI: SliSpec,
    Kind.SLO: SloSpec,
    Kind.ALERT_POLICY: PolicySpec,
    Kind.ALERT_CONDITION: ConditionSpec,
    Kind.ALERT_NOTIFICATION_TARGET: TargetSpec,
}
