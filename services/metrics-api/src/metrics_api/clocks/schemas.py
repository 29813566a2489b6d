"""Wire models of clocks."""

from datetime import datetime

from pydantic import Field

from metrics_api.clocks.reading import Why
from metrics_api.clocks.standing import Clock, ClockState
from shared.schemas.common import Out


class ClockOut(Out):
    """A clock against one target, as it stands."""

    state: ClockState
    reason: str | None = Field(
        description="why there is no clock: nothing_promised, no_priority, no_target, …",
        examples=["no_target"],
    )
    target_minutes: int | None
    calendar: str | None = Field(description="the calendar version it counts by: key@version")
    elapsed_minutes: float | None = Field(description="counted so far, in hours of the calendar")
    left_minutes: float | None = Field(description="negative once it has run out")
    due_at: datetime | None = Field(
        description="when it runs out if it goes on; null while it stands still and once completed"
    )
    completed_at: datetime | None
    breached_at: datetime | None = Field(description="when it had counted all it might")
    predicted_breach: bool = Field(
        description="it runs, and less than the configured share of its time is left"
    )


class PromisedClocksOut(Out):
    """The clocks of an incident against one promise."""

    basis: str = Field(examples=["scheme:standard@3"])
    response: ClockOut
    resolution: ClockOut


class IncidentClocksOut(Out):
    source: str
    external_id: str
    service: str | None
    priority: int | None = Field(description="the tool's, else the scheme's of impact and urgency")
    judged_by: str | None = Field(description="the basis that SLA attainment and breaches go by")
    reason: str | None = Field(
        description="why it is judged by nothing: unattributed, nothing_promised, no_priority,"
        " no_target, …",
        examples=["nothing_promised"],
    )
    agreement: PromisedClocksOut | None = Field(
        description="null: no agreement with times covers its opening"
    )
    scheme: PromisedClocksOut | None = Field(description="null: no scheme holds for its service")
    hold_minutes: float | None = Field(description="of a resolved incident: elapsed time on hold")
    business_minutes: float | None = Field(description="of a resolved incident: support time")
    as_of: datetime


class IntervalOut(Out):
    """A stretch of an incident's life; without overlaps, in order."""

    start: datetime
    end: datetime
    counted: bool
    reason: Why
    minutes: float


class AtRiskOut(Out):
    """A running clock of an open incident."""

    source: str
    external_id: str
    title: str | None
    service: str
    priority: int
    clock: Clock
    basis: str | None
    due_at: datetime
    left_minutes: float | None = Field(description="in hours of its calendar, until it is due")
