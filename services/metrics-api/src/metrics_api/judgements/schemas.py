"""Judgements on the wire."""

from datetime import date, datetime
from uuid import UUID

from pydantic import Field

from metrics_api.judgements.rules import Verdict
from shared.schemas.common import Out
from shared.schemas.metrics import Comparator, KpiId


class JudgementVersionOut(Out):
    target: UUID
    service: str
    kpi: KpiId
    period: str = Field(examples=["2026-03"])
    first_day: date
    last_day: date
    verdict: Verdict
    value: float | None = Field(description="the figure that was judged, unrounded")
    count: int = Field(description="records that the figure is of")
    reason: str | None = Field(
        description="why the verdict is unknown, such as no_records or nothing_resolved;"
        " target_did_not_hold: the target was changed and no longer covers the period"
    )
    comparator: Comparator
    target_value: float = Field(description="what the figure was compared with")
    version: int
    recorded_at: datetime = Field(description="when this version was made")


class JudgementOut(JudgementVersionOut):
    streak: int = Field(description="for how many periods running the verdict has been the same")
