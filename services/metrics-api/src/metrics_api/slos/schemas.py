"""SLOs on the wire: OpenSLO v1 maps onto these field by field."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any

from pydantic import Field, StringConstraints

from metrics_api.slis.schemas import AS_NUMBER, Annotations, Description, Kept, Labels, ObjectKey
from metrics_api.slos.durations import PATTERN
from metrics_api.slos.rules import BudgetingMethod, SloState
from shared.schemas.common import Key, Out, ShortText, Wire
from shared.schemas.metrics import Comparator

Duration = Annotated[
    str,
    StringConstraints(pattern=PATTERN),
    Field(description="a number and m, h, d, w, M, Q or Y, as OpenSLO writes it", examples=["28d"]),
]
Share = Annotated[Decimal, Field(ge=0, lt=1, max_digits=10, decimal_places=9, examples=[0.999]), AS_NUMBER]


class CalendarWindow(Kept):
    """When the first window begins, by the wall clock of a time zone."""

    start_time: datetime = Field(description="without an offset", examples=["2026-01-01T00:00:00"])
    timezone: Annotated[str, StringConstraints(max_length=100)] = Field(
        description="IANA time zone", examples=["Europe/Vienna"]
    )


class TimeWindow(Kept):
    """Rolls with the time, or, with a calendar, begins anew after each duration.

    A rolling month counts 30 days, a quarter 90, a year 365.
    """

    duration: Duration
    calendar: CalendarWindow | None = Field(None, description="absent: the window rolls")


class Objective(Kept):
    """`op` and `value` belong to thresholds, `time_slice_…` to time slices.

    In a composite SLO each objective has an `sli` of its own and a `weight`.
    """

    name: ShortText | None = Field(None, description="OpenSLO's displayName")
    target: Share = Field(description="share of good events or slices that is promised")
    op: Comparator | None = Field(None, description="a value is good that fits it")
    value: Annotated[float, Field(allow_inf_nan=False, ge=-1e300, le=1e300)] | None = None
    time_slice_target: (
        Annotated[Decimal, Field(gt=0, le=1, max_digits=10, decimal_places=9), AS_NUMBER] | None
    ) = Field(None, description="share of good events that makes a slice good")
    time_slice_window: Annotated[int, Field(ge=1, le=1440)] | None = Field(
        None, description="length of a slice in minutes"
    )
    sli: ObjectKey | None = Field(None, description="of a composite SLO")
    weight: Annotated[
        Decimal, Field(gt=0, le=1_000_000, max_digits=12, decimal_places=6), AS_NUMBER
    ] = Field(
        Decimal(1), description="OpenSLO's compositeWeight"
    )


Objectives = Annotated[list[Objective], Field(min_length=1, max_length=20)]
MinimumEvents = Annotated[
    int,
    Field(
        ge=0,
        le=1_000_000_000,
        description="with fewer events or slices the state is unknown: insufficient_data",
    ),
]
AtRiskBelow = Annotated[
    Decimal,
    Field(
        ge=0,
        le=1,
        max_digits=6,
        decimal_places=4,
        description="at risk while less than this share of the budget remains",
    ),
    AS_NUMBER,
]


class SloCreate(Wire):
    """Without `sli` it is a composite of the SLIs of its objectives."""

    key: ObjectKey
    service: Key
    name: ShortText | None = Field(None, description="OpenSLO's displayName")
    description: Description = ""
    sli: ObjectKey | None = None
    budgeting_method: BudgetingMethod
    time_window: TimeWindow
    objectives: Objectives
    minimum_events: MinimumEvents = 5
    at_risk_below: AtRiskBelow = Decimal("0.25")
    labels: Labels = Field(default_factory=dict)
    annotations: Annotations = Field(default_factory=dict)


def _absent() -> Any:
    """A member that may be left out; read with `model_fields_set`."""
    return Field(default_factory=lambda: None)


class SloPatch(Wire):
    """The fields to change; the earlier version is kept. Service and SLI stay."""

    name: ShortText | None = _absent()
    description: Description = _absent()
    budgeting_method: BudgetingMethod = _absent()
    time_window: TimeWindow = _absent()
    objectives: Objectives = _absent()
    minimum_events: MinimumEvents = _absent()
    at_risk_below: AtRiskBelow = _absent()
    labels: Labels = _absent()
    annotations: Annotations = _absent()


class SloOut(Out):
    key: str
    service: str
    name: str | None
    description: str
    sli: str | None
    composite: bool
    budgeting_method: BudgetingMethod
    time_window: TimeWindow
    objectives: list[Objective]
    minimum_events: int
    at_risk_below: Annotated[Decimal, AS_NUMBER]
    labels: Labels
    annotations: Annotations
    state: SloState
    version: int
    recorded_at: datetime = Field(description="when this version was recorded")
    recorded_by: str
