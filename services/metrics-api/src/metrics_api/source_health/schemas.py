"""How a source's deliveries are getting on, on the wire."""

from datetime import datetime

from pydantic import Field

from shared.schemas.common import Out


class RefusedOut(Out):
    """Deliveries that were answered 4xx and not stored; a week without any ends the count."""

    code: str = Field(examples=["bad_signature"])
    detail: str = Field(
        description="why, of the last one",
        examples=["x-hub-signature does not fit any valid secret of this source"],
    )
    count: int
    first_at: datetime
    last_at: datetime


class RecentOut(Out):
    """Of the deliveries that were received since: what became of them so far."""

    since: datetime
    received: int
    processed: int
    ignored: int
    failed: int
    wait_seconds_p95: float | None = Field(
        description="95 of 100 were processed so soon after their receipt; null: none was, or"
        " they all were replayed"
    )


class SourceHealthOut(Out):
    """Whether a source delivers, and whether we keep up with it."""

    source: str
    as_of: datetime
    active: bool
    pending: int = Field(description="receipts that wait to be processed")
    lag_seconds: float = Field(description="for how long the oldest of them has waited; 0: none")
    failed: int = Field(description="receipts that failed and were not replayed since")
    last_received_at: datetime | None
    last_processed_at: datetime | None = Field(description="of the recent ones")
    recent: RecentOut
    refused: list[RefusedOut] = Field(
        description="by reason, the latest first: what a wrong secret or a wrong clock looks like"
    )
