"""Wire models of imports."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from pydantic import Field

from shared.schemas.common import Out
from shared.schemas.metrics import RecordKind


class ImportState(StrEnum):
    RUNNING = "running"
    COMPLETE = "complete"
    INCOMPLETE = "incomplete"


class ImportOut(Out):
    """The counts are those of the chunks that were committed; re-sending is the recovery."""

    id: UUID
    kind: RecordKind = Field(description="of its records")
    state: ImportState
    problem: str | None = Field(description="why it is incomplete")
    started_by: str
    started_at: datetime
    finished_at: datetime | None
    rows: int
    accepted: int
    rejected: int
    created: int = Field(description="distinct records seen for the first time")
    repeated: int = Field(description="accepted rows that were known already")
