"""Triggers on the wire."""

from datetime import datetime

from pydantic import ConfigDict, Field

from improvement_api.opportunities.rules import Figure, Impact
from improvement_api.triggers.definitions import Condition, TriggerBody
from shared.schemas.common import Out, Wire


class TriggerOut(Out):
    key: str
    version: int
    title: str
    benefit: str
    impacts: list[Impact]
    condition: Condition
    services: list[str] | None
    owner: str | None
    quiet_days: int
    enabled: bool
    reason: str
    published_at: datetime
    published_by: str


class SimulationAsked(Wire):
    """Without a `definition` the version in force is tried."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"days": 90}]})

    days: int = Field(90, ge=1, le=400, description="look back so far")
    definition: TriggerBody | None = None


class WouldFire(Out):
    service: str
    subject: str
    identity: str = Field(description="the signal's id, or the newest period of the figures")
    until: datetime
    title: str
    figures: list[Figure]
    first_of_cause: bool = Field(description="it would open; the others of its cause be added")


class SimulationOut(Out):
    """Nothing was opened. What is open now, rejected or planned is not taken into account."""

    since: datetime
    looked_at: int = Field(description="signals of its kind, or rows of figures")
    fired: int
    causes: int = Field(description="different ones: opportunities that it would have opened")
    complete: bool = Field(description="false: there was more than is looked at in one go")
    items: list[WouldFire] = Field(description="the first 200, in order")


class CheckOut(Out):
    trigger: str
    queued: bool
