"""Service reviews on the wire."""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Any, Self

from pydantic import ConfigDict, Field, StringConstraints, model_validator

from improvement_api.service_reviews.rules import ActionState, PackState, ReviewState
from shared.kit.etag import ETAG_HEADER
from shared.kit.patches import absent
from shared.schemas.common import Day, Key, LongText, NonBlank, Out, ShortText, Timestamp, Wire

MOST_SERVICES = 20
Services = Annotated[list[Key], Field(max_length=MOST_SERVICES)]
PeriodLabel = Annotated[
    str,
    StringConstraints(max_length=10),
    Field(description="year, quarter or month", examples=["2026-Q3"]),
]
Agenda = Annotated[list[ShortText], Field(max_length=50)]


class AttendeeKind(StrEnum):
    """Ours, or a representative of the customer."""

    SUBJECT = "subject"
    CUSTOMER_REPRESENTATIVE = "customer_representative"


class Attendee(Wire):
    name: ShortText = Field(description="subject, or name of the customer's representative")
    kind: AttendeeKind = AttendeeKind.SUBJECT


Attendees = Annotated[list[Attendee], Field(max_length=100)]


class ServiceReviewCreate(Wire):
    """Of services, or of a customer and then of all that it is engaged with on that day."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "title": "Quarterly review of the network",
                    "services": ["network-infrastructure"],
                    "period": "2026-Q3",
                    "timezone": "Europe/Vienna",
                    "scheduled_at": "2026-10-12T09:00:00+02:00",
                    "chair": "rosa.klein",
                    "attendees": [{"name": "ines.moreau"}],
                    "agenda": ["Open actions", "Figures", "Risks"],
                }
            ]
        }
    )

    title: ShortText
    services: Services = Field(default_factory=list)
    customer: Key | None = None
    period: PeriodLabel
    timezone: Annotated[str, Field(max_length=100)] = "UTC"
    scheduled_at: Timestamp
    chair: ShortText = Field(description="subject; approves the minutes")
    attendees: Attendees = Field(default_factory=list)
    agenda: Agenda = Field(default_factory=list)

    @model_validator(mode="after")
    def _of_one_or_the_other(self) -> Self:
        if bool(self.services) == (self.customer is not None):
            raise ValueError("name either services or a customer")
        if len(set(self.services)) < len(self.services):
            raise ValueError("a service is named twice")
        return self


class ServiceReviewPatch(Wire):
    """What is absent stays as it is; once it was held, only `attendees` may be put right."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"agenda": ["Figures"]}]})

    title: ShortText = absent()
    period: PeriodLabel = absent()
    scheduled_at: Timestamp = absent()
    chair: ShortText = absent()
    attendees: Attendees = absent()
    agenda: Agenda = absent()


class ServiceReviewMove(Wire):
    model_config = ConfigDict(json_schema_extra={"examples": [{"to": "held"}]})

    to: ReviewState
    held_at: Timestamp | None = Field(None, description="with `held`; absent: now")
    comment: LongText = ""


class ServiceReviewOut(Out):
    id: str
    title: str
    services: list[str]
    customer: str | None
    period: str
    timezone: str
    scheduled_at: datetime
    chair: str
    attendees: list[Attendee]
    agenda: list[str]
    state: ReviewState
    moves: list[ReviewState] = Field(description="states that it can be moved to")
    held_at: datetime | None
    pack: int | None = Field(description="number of the pack that was reviewed, for good")
    covered: list[str] = Field(description="services that the reviewed pack is about")
    next_due_on: date | None = Field(
        description="when the next review is due, by the customer's cadence or an agreement's date"
    )
    closed_at: datetime | None
    version: int
    created_at: datetime
    created_by: str
    updated_at: datetime


class PackOrderCreate(Wire):
    """Which moment's figures."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"as_of": None}]})

    as_of: Timestamp | None = Field(
        None, description="absent: the date of the review, or now where that lies ahead"
    )


class PackOut(Out):
    """A pack that was ordered; hashes are null until it is made."""

    review: str
    number: int
    as_of: datetime
    state: PackState
    attempts: int
    failure: str | None = Field(description="why it was not made, or not yet")
    ordered_at: datetime
    ordered_by: str
    made_at: datetime | None
    services: list[str] = Field(description="that it is about")
    inputs_sha256: str | None = Field(description="of the JSON form, which is all it is made of")
    figures_sha256: str | None = Field(
        description="of the figures as of its moment: the same whenever the pack is made again"
    )
    page_sha256: str | None = Field(description="of the HTML form")


class PackVerification(Out):
    """Whether the inputs, made into a page again, give the bytes that are kept."""

    number: int
    same: bool
    page_sha256: str = Field(description="of the page that is kept")
    made_again_sha256: str
    inputs_intact: bool = Field(description="the inputs have the hash that was noted with them")


class MinutesCreate(Wire):
    model_config = ConfigDict(
        json_schema_extra={"examples": [{"text": "All figures were looked at; two actions."}]}
    )

    text: NonBlank


class MinutesApprove(Wire):
    model_config = ConfigDict(json_schema_extra={"examples": [{"text_hash": "9f86d081884c7d65"}]})

    text_hash: ShortText = Field(description="of the minutes as the chair has read them")


class MinutesOut(Out):
    number: int
    text: str
    text_hash: str = Field(description="SHA-256 of the text in UTF-8, in hex")
    written_at: datetime
    written_by: str
    approved_at: datetime | None
    approved_by: str | None


class DecisionNote(Wire):
    model_config = ConfigDict(
        json_schema_extra={"examples": [{"text": "Renew the contract.", "decided_by": ["rosa"]}]}
    )

    text: NonBlank
    decided_by: Annotated[list[ShortText], Field(max_length=100)] = Field(default_factory=list)


class ReviewDecisionOut(Out):
    id: str
    text: str
    decided_by: list[str]
    recorded_at: datetime
    recorded_by: str


class ReviewActionCreate(Wire):
    """Owner and due date may come later, but before the review is closed."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"text": "Add a second uplink", "owner": "ines.moreau", "due_on": "2026-11-30"}
            ]
        }
    )

    text: NonBlank
    owner: ShortText | None = None
    due_on: Day | None = None


class ReviewActionPatch(Wire):
    """What is absent stays as it is; an action that is done or cancelled stays so."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"due_on": "2026-12-15"}]})

    text: NonBlank = absent()
    owner: ShortText = absent()
    due_on: Day = absent()


class ReviewActionEnd(Wire):
    model_config = ConfigDict(
        json_schema_extra={"examples": [{"evidence": "https://changes.example/CHG0042"}]}
    )

    state: ActionState = Field(ActionState.DONE, description="done or cancelled")
    evidence: NonBlank = Field(description="what shows it, or why it is not done any more")

    @model_validator(mode="after")
    def _ends(self) -> Self:
        if self.state is ActionState.OPEN:
            raise ValueError("state must be done or cancelled")
        return self


class ReviewActionOut(Out):
    id: str
    review: str
    text: str
    owner: str | None
    due_on: date | None
    overdue: bool = Field(description="open, and its date is past (UTC)")
    state: ActionState
    evidence: str | None
    done_at: datetime | None
    done_by: str | None
    version: int
    created_at: datetime
    created_by: str
    updated_at: datetime


DOCUMENT: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The bytes that were kept",
        "content": {
            "application/json": {"schema": {"type": "object"}},
            "text/html": {"schema": {"type": "string"}},
        },
        "headers": ETAG_HEADER,
    }
}
