"""Initiatives on the wire."""

from datetime import date, datetime

from pydantic import AliasChoices, Field

from shared.schemas.common import Out
from shared.schemas.metrics import InitiativeState, KpiId


class InitiativeCopyOut(Out):
    """An initiative as improvement-api last pushed it."""

    id: str
    service: str
    kpi: KpiId
    title: str
    start: date = Field(validation_alias=AliasChoices("starts_on", "start"))
    end: date | None = Field(validation_alias=AliasChoices("ends_on", "end"))
    state: InitiativeState
    plan: str = Field(description="id of the plan in improvement-api")
    revision: int
    recorded_at: datetime
