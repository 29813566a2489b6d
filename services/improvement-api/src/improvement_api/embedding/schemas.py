"""The report on embedding on the wire."""

from datetime import datetime

from pydantic import Field

from shared.schemas.common import Out
from shared.schemas.metrics import KpiId
from shared.schemas.processes import Process


class ProcessEmbedding(Out):
    process: Process
    numerator: int = Field(description="live services that meet every demand of the process")
    denominator: int = Field(description="live services that the process concerns")
    share: float | None = Field(description="numerator / denominator, 0 to 1")
    reason: str | None = Field(description="why there is no share")
    formula: str
    facts: list[str] = Field(description="the facts it is counted from")
    outcome: KpiId = Field(description="KPI in which living the process shows")


class EmbeddingReport(Out):
    """How far each of the ten processes is lived."""

    as_of: datetime | None = Field(
        description="when the first of the services was looked at; null before the first look"
    )
    newest: datetime | None = Field(description="when the last of them was")
    services: int = Field(description="live services that were looked at")
    source: str
    items: list[ProcessEmbedding] = Field(description="the ten, in the order of the lifecycle")


class ServiceMissing(Out):
    service: str
    name: str
    missing: list[str] = Field(description="which demands it does not meet, with what shows it")
    seen_at: datetime


class LookOrdered(Out):
    """A look at every service has been ordered; the report says when it has been made."""

    ordered: bool
