"""Wire models of records as they are read; what is sent is in `fields.py`."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import Field

from shared.schemas.common import Out
from shared.schemas.metrics import IncidentState


class ChangeOutcome(StrEnum):
    SUCCESSFUL = "successful"
    FAILED = "failed"
    ROLLED_BACK = "rolled_back"


class SurveyKind(StrEnum):
    CSAT = "csat"
    NPS = "nps"


class RecordOut(Out):
    """The end state of a record: the fold over all its versions."""

    source: str
    external_id: str
    service: str | None = Field(description="key of the service; null: unattributed")
    service_name: str | None = Field(description="the service in the tool's words")
    title: str | None
    channel: str | None
    touchpoint: str | None
    customer: str | None = Field(description="key of the customer that the tool's words mean")
    customer_name: str | None = Field(description="the customer in the tool's words")
    vendor: str | None = Field(description="the vendor or its product in the tool's words")
    vendor_product: str | None = Field(description="key of the vendor product that this means")
    assignment_group: str | None
    extra: dict[str, Any] | None
    version: int | None = Field(description="the tool's number of the newest version")
    updated_at: datetime | None = Field(description="the tool's stamp of the newest version")
    versions: int = Field(description="how many are kept, superseded ones apart")
    first_received_at: datetime
    last_received_at: datetime


class StatefulOut(RecordOut):
    """The end state of a record of a kind that has states."""

    state: IncidentState | None = Field(description="null: no known state was sent yet")
    raw_state: str | None = Field(description="the state in the tool's words, also an unknown one")
    priority: int | None = Field(description="1 (highest) to 5; null: none or an unknown one")
    raw_priority: str | None
    impact: str | None
    urgency: str | None


class StepOut(Out):
    """A step of the fulfilment of a request."""

    id: str
    title: str | None
    owner_role: str | None
    target_minutes: int | None
    started_at: datetime | None
    completed_at: datetime | None
    minutes: float | None = Field(description="from start to completion")
    met: bool | None = Field(description="null until it is completed")


class RequestOut(StatefulOut):
    """What was asked for, how far it is; `catalog` is the source of the catalog's own requests."""

    opened_at: datetime | None
    due_at: datetime | None
    started_at: datetime | None
    fulfilled_at: datetime | None = Field(
        description="the tool's of the newest version that carries it, else the last transition"
        " into resolved or closed"
    )
    ended_at: datetime | None = Field(description="fulfilled or given up")
    met: bool | None = Field(description="fulfilled when it was due; null until it is fulfilled")
    offering: str | None
    requester: str | None
    low_value: bool | None = Field(description="as the tool marks it; null: it does not")
    steps: list[StepOut] | None
    reopened: bool
    reassignment_count: int | None


class RiskFactor(Out):
    factor: str = Field(examples=["lead_time"])
    points: int
    why: str = Field(examples=["0.5 hours from opening to planned start"])


class ChangeOut(StatefulOut):
    """A change, how it ended, and how risky it looked when it was last told of."""

    type: str | None = Field(description="in the tool's words")
    opened_at: datetime | None
    planned_start_at: datetime | None
    planned_end_at: datetime | None
    started_at: datetime | None
    completed_at: datetime | None = Field(
        description="the tool's of the newest version that carries it, else the last transition"
        " into resolved or closed"
    )
    outcome: ChangeOutcome | None = Field(description="null: none yet, unknown or cancelled")
    raw_outcome: str | None = Field(description="in the tool's words, also an unknown one")
    emergency: bool
    risk_score: int = Field(description="0 to 100: the sum of the points of its factors")
    risk_factors: list[RiskFactor]


class OutageOut(StatefulOut):
    """A time in which a service was not, or not fully, there."""

    started_at: datetime | None
    ended_at: datetime | None = Field(description="null: it is open")
    planned: bool = Field(description="maintenance that was announced")
    degraded: bool = Field(description="degradation only: no downtime")
    caused_by: str | None = Field(description="the tool's id of the causing change")


class SurveyOut(RecordOut):
    """A question to a customer, and the answer."""

    kind: SurveyKind | None
    raw_kind: str | None = Field(description="in the tool's words, also an unknown one")
    sent_at: datetime | None
    answered_at: datetime | None
    score: int | None = Field(description="csat 1-5, nps 0-10; null: no answer that counts")
    raw_score: int | float | str | None = Field(description="as it was sent")
    comment: str | None
    about: str | None = Field(description="id of the record it asks about")


class InfrastructureEventOut(StatefulOut):
    """Something that happened to a part of the infrastructure."""

    occurred_at: datetime | None
    cleared_at: datetime | None = Field(description="null: it lasts")
    severity: str | None = Field(description="the tool's words")
    component: str | None = Field(description="configuration item")
