"""Effects, measurements and guard-rails on the wire."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated

from pydantic import ConfigDict, Field, model_validator

from improvement_api.benefits.periods import Grain
from improvement_api.benefits.rules import Better, GuardRailStanding, MixBy, Verdict
from improvement_api.plans.rules import PlanOutcome
from shared.schemas.common import EXACT, Key, Out, Wire
from shared.schemas.metrics import KpiId

Tolerance = Annotated[
    Decimal,
    Field(
        ge=0,
        max_digits=18,
        decimal_places=6,
        allow_inf_nan=False,
        description="by how much it may become worse, in the unit of the KPI",
        examples=["0.5"],
    ),
    EXACT,
]


class Measure(Wire):
    """How to measure; what is left out is chosen by what the records allow."""

    model_config = ConfigDict(json_schema_extra={"examples": [{}, {"grain": "month"}]})

    grain: Grain | None = Field(
        None, description="by default weeks, or months where weeks have too few records"
    )
    mix_by: MixBy | None = Field(None, description="by default priority; for surveys touchpoint")


class CellFigure(Out):
    value: float
    count: int


class PeriodFigure(Out):
    """The figure of a period, and of its groups where the KPI is divided."""

    period: str
    value: float | None
    count: int
    groups: dict[str, CellFigure]


class MeasurementInputs(Out):
    """All that a result follows from."""

    service: str
    kpi: KpiId
    kpi_name: str
    unit: str
    better: Better
    grain: Grain
    mix_by: MixBy | None = Field(description="null where the KPI is not one of records")
    start: date
    end: date
    look: int | None = Field(description="periods after that are judged; null before the first")
    others: list[str] = Field(
        description="other initiatives for the KPI from its start to the last look, five at most"
    )
    before: list[PeriodFigure]
    after: list[PeriodFigure]


class EstimateOut(Out):
    """In the unit of the KPI, with its 95 % interval."""

    value: float
    low: float
    high: float


class ExplainedOut(Out):
    """Parts of the naive difference; with the effect they add up to it."""

    mix: float
    trend: float
    season: float
    volume: float


class ExpectedFigure(Out):
    """Without the intervention, with the 95 % interval of the expected line."""

    period: str
    value: float
    low: float
    high: float


class EffectResult(Out):
    """What was found; the figures are null where there is too little data."""

    n_before: int
    n_after: int
    missing: list[str] = Field(description="what it takes for an effect to be told")
    naive: float | None = Field(description="after less before, unadjusted")
    average: EstimateOut | None = Field(description="the effect, averaged over the time after")
    at_end: EstimateOut | None = Field(description="the effect in the last period after")
    relative: EstimateOut | None = Field(
        description="the average as a part of what was to be expected, which is taken as known"
    )
    judged: EstimateOut | None = Field(
        description="the average with the 97.79 % interval of its judgement (Pocock, three looks)"
    )
    p_value: float | None
    detectable: float | None = Field(
        description="the smallest effect that would be shown four times in five, when judged once"
    )
    autocorrelation: float | None = Field(description="of neighbouring periods, as found")
    explained: ExplainedOut | None
    not_adjusted: dict[str, str] = Field(description="rivals that could not be ruled out, and why")
    adjusted: list[float] = Field(description="the figures used with the mix of before")
    expected: list[ExpectedFigure]
    sentence: str


class MeasurementOut(Out):
    id: str
    initiative: str | None = Field(description="null: of a guard-rail")
    plan: str
    service: str
    kpi: KpiId
    verdict: Verdict
    grain: Grain
    look: int | None = Field(description="periods after that were judged")
    judged_on: date | None = Field(description="when it is judged next; null: for good")
    last_judged_on: date
    start: date
    end: date
    exploratory: bool = Field(description="somebody chose how to look: it decides nothing")
    result: EffectResult
    inputs: MeasurementInputs
    inputs_hash: str = Field(description="SHA-256 of the RFC 8785 JSON of the inputs")
    method: str
    as_of: datetime = Field(description="when metrics-api was asked")
    measured_at: datetime
    measured_by: str


class GuardRailIn(Wire):
    service: Key
    kpi: KpiId
    tolerance: Tolerance


class GuardRailsPut(Wire):
    """All guard-rails of a plan."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"items": [{"service": "application-support", "kpi": "csat", "tolerance": "0.05"}]}
            ]
        }
    )

    items: list[GuardRailIn] = Field(max_length=20)

    @model_validator(mode="after")
    def _each_once(self) -> "GuardRailsPut":
        named = [(item.service, item.kpi) for item in self.items]
        if len(set(named)) < len(named):
            raise ValueError("each service and KPI may be named once")
        return self


class GuardRailOut(Out):
    id: str
    service: str
    kpi: KpiId
    tolerance: str
    standing: GuardRailStanding
    change: EstimateOut | None = Field(
        description="of the KPI by the plan's initiatives, with the interval of its judgement"
    )
    judged_on: date | None = Field(description="when it is judged next")
    measurement: str | None
    measured_at: datetime | None


class GuardRailsOut(Out):
    items: list[GuardRailOut]


class MeasurementsOut(Out):
    items: list[MeasurementOut]


class MissingOut(Out):
    """What is not conclusive; `on`: the day it can be judged, null where that is up to people."""

    what: str
    on: date | None


class ClosingOut(Out):
    """How a plan ends if it is closed now; `outcome` is null while something is missing."""

    outcome: PlanOutcome | None
    reasons: list[str]
    missing: list[MissingOut]
