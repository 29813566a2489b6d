"""Proposals on the wire."""

from datetime import date, datetime
from uuid import UUID

from pydantic import ConfigDict, Field

from metrics_api.target_proposals.rules import ProposalState
from shared.schemas.common import Day, Out, Reason, Wire
from shared.schemas.metrics import Comparator, KpiId


class ProposalAcceptance(Wire):
    """When the harder target takes over; absent: on the first day of the next period."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"starts_on": "2026-07-01"}]})

    starts_on: Day | None = None


class ProposalRefusal(Wire):
    model_config = ConfigDict(
        json_schema_extra={"examples": [{"reason": "Two of the three months were holidays."}]}
    )

    reason: Reason


class MetPeriod(Out):
    """A period in which the target was met."""

    period: str
    value: float
    count: int = Field(description="records that the figure is of")


class ProposalOut(Out):
    id: UUID
    target: UUID = Field(description="the target that was met")
    service: str
    kpi: KpiId
    comparator: Comparator
    old_value: float
    value: float = Field(
        description="midpoint between the old target and the mean of the periods, rounded to two"
        " significant digits"
    )
    mean: float = Field(description="of the periods, each counting alike")
    periods: list[MetPeriod] = Field(description="that caused it, the oldest first")
    state: ProposalState
    state_since: datetime
    created_at: datetime
    decided_by: str | None
    reason: str | None = Field(
        description="of a declined one what was said; of a lapsed one target_changed or"
        " no_longer_met"
    )
    new_target: UUID | None
    starts_on: date | None = Field(description="first day of the new target")
    revision: int
