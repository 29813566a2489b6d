"""Wire models of request records."""

from datetime import datetime
from typing import Any

from pydantic import Field

from shared.schemas.catalog import StepTiming
from shared.schemas.common import Out
from shared.schemas.metrics import IncidentState


class RequestOut(Out):
    """The end state of a request."""

    source: str = Field(description="`catalog` for requests of the catalog's own offerings")
    external_id: str = Field(examples=["REQ-000123"])
    service: str | None
    offering: str | None
    customer: str | None
    state: IncidentState | None
    raw_state: str | None = Field(description="the state in the source's words")
    impact: str | None
    urgency: str | None
    priority: int | None
    opened_at: datetime | None
    due_at: datetime | None
    started_at: datetime | None
    fulfilled_at: datetime | None
    ended_at: datetime | None = Field(description="fulfilled or given up")
    met: bool | None = Field(description="fulfilled when it was due; null until it is fulfilled")
    steps: list[StepTiming]
    version: int = Field(description="the source's number of the newest version")
    updated_at: datetime = Field(description="the source's stamp of the newest version")
    versions: int = Field(description="how many are kept")
    first_received_at: datetime
    last_received_at: datetime


class RequestVersionOut(Out):
    """One update as it was received."""

    digest: str = Field(description="SHA-256 of the canonical payload, in hex")
    version: int
    updated_at: datetime
    received_at: datetime
    payload: dict[str, Any]
