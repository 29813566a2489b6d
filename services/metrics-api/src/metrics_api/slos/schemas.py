"""SLOs on the wire: OpenSLO v1 maps onto these field by field."""

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated

from pydantic import ConfigDict, Field, StringConstraints, WithJsonSchema

from metrics_api.slis.schemas import AS_NUMBER, Annotations, Description, Kept, Labels, ObjectKey
from metrics_api.slos.durations import PATTERN
from metrics_api.slos.rules import BudgetingMethod, Level, SloState
from shared.kit.patches import absent
from shared.schemas.common import EXACT, Key, Out, ShortText, Wire
from shared.schemas.metrics import Comparator

Duration = Annotated[
    str,
    StringConstraints(pattern=PATTERN),
    Field(description="a number and m, h, d, w, M, Q or Y, as OpenSLO writes it", examples=["28d"]),
]
Share = Annotated[
    Decimal, Field(ge=0, lt=1, max_digits=10, decimal_places=9, examples=[0.999]), EXACT, AS_NUMBER
]


# Not `date-time`, which RFC 3339 has with an offset: clients would refuse to read it.
WallClock = Annotated[
    datetime,
    WithJsonSchema({"type": "string", "pattern": r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?$"}),
    Field(description="without an offset", examples=["2026-01-01T00:00:00"]),
]


class CalendarWindow(Kept):
    """When the first window begins, by the wall clock of a time zone."""

    start_time: WallClock
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
        Annotated[Decimal, Field(gt=0, le=1, max_digits=10, decimal_places=9), EXACT, AS_NUMBER]
        | None
    ) = Field(None, description="share of good events that makes a slice good")
    time_slice_window: Annotated[int, Field(ge=1, le=1440)] | None = Field(
        None, description="length of a slice in minutes"
    )
    sli: ObjectKey | None = Field(None, description="of a composite SLO")
    weight: Annotated[
        Decimal, Field(gt=0, le=1_000_000, max_digits=12, decimal_places=6), EXACT, AS_NUMBER
    ] = Field(Decimal(1), description="OpenSLO's compositeWeight")


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
    EXACT,
    AS_NUMBER,
]


class SloCreate(Wire):
    """Without `sli` it is a composite of the SLIs of its objectives."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "key": "checkout-is-fast",
                    "service": "erp",
                    "sli": "checkout-latency",
                    "budgeting_method": "occurrences",
                    "time_window": {"duration": "28d"},
                    "objectives": [{"target": 0.999, "op": "lte", "value": 300}],
                }
            ]
        }
    )

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


class SloPatch(Wire):
    """The fields to change; the earlier version is kept. Service and SLI stay."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"minimum_events": 20}]})

    name: ShortText | None = absent()
    description: Description = absent()
    budgeting_method: BudgetingMethod = absent()
    time_window: TimeWindow = absent()
    objectives: Objectives = absent()
    minimum_events: MinimumEvents = absent()
    at_risk_below: AtRiskBelow = absent()
    labels: Labels = absent()
    annotations: Annotations = absent()


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


class Unit(StrEnum):
    """What good and valid are counted in."""

    EVENTS = "events"
    MINUTES = "minutes"
    SLICES = "slices"


class IntervalOut(Out):
    """Wilson's 95 % interval of the share of good events: how little a few of them say."""

    low: float
    high: float


class BudgetOut(Out):
    """(1 − target) of what happened so far, and what of it is spent and left."""

    total: float
    spent: float
    remaining: float
    remaining_minutes: float | None = Field(description="of minutes and slices")
    remaining_ratio: float = Field(description="1: nothing spent; below 0: overspent")


class ReadingOut(Out):
    """Value, counts and budget of an objective in its window; null without any event."""

    value: float | None
    good: float
    bad: float
    total: float
    interval: IntervalOut | None
    budget: BudgetOut | None


class BurnOut(Out):
    """(1 − value) ÷ (1 − target) over a stretch before `at`, less corrections."""

    lookback: str
    burn_rate: float | None = Field(description="1 spends the budget in just the window")
    good: float | None
    total: float | None


class ObjectiveStatusOut(Out):
    """`corrected` leaves out the time of approved corrections, and decides."""

    number: int
    name: str | None
    sli: str
    target: float
    weight: float
    unit: Unit
    level: Level
    reason: str | None = Field(description="why the level is unknown")
    corrected: ReadingOut
    uncorrected: ReadingOut
    burn_rates: list[BurnOut]


class CompositeReadingOut(Out):
    """Of occurrences there is no value of the whole, only what is left of its budget."""

    value: float | None
    good: float | None
    total: float | None
    remaining_ratio: float | None


class CompositeStatusOut(Out):
    """Occurrences: each member burns the budget at its rate × its weight. Time slices: a slice is
    good if it is so for all members. Ratio time slices: the missing parts of the members add up.
    """

    target: float | None = Field(description="of slices: 1 − the sum of the members' missing parts")
    level: Level
    reason: str | None
    corrected: CompositeReadingOut
    uncorrected: CompositeReadingOut
    burn_rates: list[BurnOut]


class SloStatusOut(Out):
    """How an SLO stands at a moment: the worst of its objectives, or its composite."""

    slo: str
    service: str
    name: str | None
    budgeting_method: BudgetingMethod
    at: datetime = Field(description="the whole minute up to which was counted")
    as_of: datetime | None = Field(description="as it was known then; null: as it is known now")
    window_start: datetime | None = Field(description="null: its first window has not begun")
    window_end: datetime | None = Field(description="of a calendar window, when it will end")
    complete: bool
    level: Level
    reason: str | None
    objectives: list[ObjectiveStatusOut]
    composite: CompositeStatusOut | None


class HistoryObjectiveOut(Out):
    """`value` and `remaining_ratio` of the window up to the day's end, `day_…` of the day alone."""

    number: int = Field(description="its place, from 0; -1: the composite as a whole")
    level: Level
    value: float | None
    remaining_ratio: float | None
    day_good: float | None
    day_total: float | None
    day_value: float | None


class HistoryDayOut(Out):
    day: date
    as_of: datetime | None = Field(description="as it was known then; null: as it is known now")
    complete: bool = Field(
        description="false: the day was not over, it was counted up to now or as_of"
    )
    level: Level
    objectives: list[HistoryObjectiveOut]
