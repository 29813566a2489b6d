"""Wire models of receipts."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from shared.schemas.common import Out, Timestamp, Wire


class ReceiptState(StrEnum):
    PENDING = "pending"
    PROCESSED = "processed"
    IGNORED = "ignored"
    FAILED = "failed"


class ReceivedOut(Out):
    """A delivery is stored: what becomes of it, its receipt says a moment later."""

    receipt: int
    repeated: bool = Field(description="the same delivery was stored before")


class RecordOut(Out):
    kind: str
    external_id: str
    outcome: str = Field(description="created, updated or repeated")


class IgnoredOut(Out):
    code: str = Field(examples=["problem_record"])
    reason: str


class FailureOut(Out):
    pointer: str = Field(description="JSON pointer to the field, or to the setting at fault")
    reason: str


class OutcomeOut(Out):
    """What became of a receipt; of each list the first 50."""

    records: list[RecordOut]
    ignored: list[IgnoredOut]
    failures: list[FailureOut]
    records_count: int
    ignored_count: int
    failures_count: int


class ReceiptOut(Out):
    id: int
    repeat_key: str = Field(description="names the delivery: a repeat has the same")
    received_at: datetime
    size: int = Field(description="bytes of the body")
    state: ReceiptState
    processed_at: datetime | None
    attempts: int
    outcome: OutcomeOut | None = Field(description="null: not processed yet")


class ReceiptWithBodyOut(ReceiptOut):
    """Exactly one of `text` and `base64` has the body: text where it is UTF-8."""

    headers: dict[str, str] = Field(description="those that carry no secret")
    text: str | None
    base64: str | None


class ReplayCreate(Wire):
    """Which receipts of the source are processed again by its present settings."""

    states: Annotated[
        list[ReceiptState],
        Field(min_length=1, max_length=3, description="processed, ignored or failed"),
    ] = [ReceiptState.FAILED]  # noqa: RUF012 - pydantic copies it
    received_from: Timestamp | None = None
    received_to: Annotated[Timestamp | None, Field(description="not included")] = None


class ReplayOut(Out):
    receipts: int = Field(description="how many are processed again")
