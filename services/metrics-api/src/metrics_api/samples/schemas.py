"""Samples on the wire."""

from datetime import datetime

from pydantic import Field

from shared.schemas.common import Out
from shared.schemas.metrics import Rejection


class SamplesReply(Out):
    """Totals of a push; `rejections` holds the first 1,000."""

    rows: int
    accepted: int
    rejected: int
    changed: int = Field(description="samples that were new or had other values before")
    rejections: list[Rejection]


class SampleOut(Out):
    """A sample as it was sent last."""

    at: datetime
    series: str = Field(description="empty where the SLI has one series only")
    good: float | None
    bad: float | None
    total: float | None
    value: float | None
    received_at: datetime
