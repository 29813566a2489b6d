"""Wire models of breaches."""

from datetime import datetime

from pydantic import Field

from metrics_api.clocks.standing import Clock
from shared.schemas.common import Out


class BreachOut(Out):
    """A clock of an incident that ran out; there is one at most for each clock."""

    source: str
    external_id: str
    clock: Clock
    service: str
    priority: int
    basis: str = Field(
        description="what it was judged by: agreement:KEY@VERSION or scheme:KEY@VERSION",
        examples=["agreement:mail-sla@2"],
    )
    target_minutes: int
    calendar: str = Field(
        description="the calendar version that it counts by", examples=["office@1"]
    )
    breached_at: datetime = Field(description="when it had counted all it might")
    detected_at: datetime
    told_at: datetime | None = Field(
        description="when the event went out; null: not yet, or it was too old for that"
    )
    retracted_at: datetime | None = Field(
        description="since when it is no breach any more, by late data or a changed promise"
    )
