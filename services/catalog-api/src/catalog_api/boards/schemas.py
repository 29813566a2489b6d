"""Boards, meetings and decisions as they are written and read."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import ConfigDict, Field

from catalog_api.boards.rules import BoardOutcome, MeetingState, MemberRole, Settled, Vote
from catalog_api.fields import Uri
from shared.kit.patches import absent
from shared.schemas.catalog import Stage, Subject
from shared.schemas.common import Key, LongText, NonBlank, Out, ShortText, Timestamp, Wire
from shared.schemas.improvement import Gate

Cadence = Annotated[int, Field(ge=1, le=730, description="days from one meeting to the next")]


class QuorumIn(Wire):
    """How many voters a decision needs."""

    minimum: Annotated[int, Field(ge=1, le=100)] = 1
    share: Annotated[
        float | None,
        Field(ge=0.001, le=1, description="of all voters, rounded up; kept to three decimals"),
    ] = None


class SeatIn(Wire):
    subject: Subject
    role: MemberRole


class FirstSeat(SeatIn):
    valid_from: Annotated[
        Timestamp | None, Field(description="absent: now; a board may be older than its record")
    ] = None


class DecidesIn(Wire):
    gate: Gate
    portfolio: Annotated[
        Key | None, Field(description="null: wherever no board is named for the portfolio")
    ] = None


Seats = Annotated[
    list[SeatIn],
    Field(min_length=1, max_length=100, examples=[[{"subject": "ada", "role": "chair"}]]),
]
Decides = Annotated[list[DecidesIn], Field(max_length=200)]


class BoardCreate(Wire):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "name": "Workplace board",
                    "purpose": "Decides on stage changes of services.",
                    "cadence_days": 30,
                    "quorum": {"minimum": 1},
                    "members": [{"subject": "ada@example.org", "role": "chair"}],
                    "decides": [{"gate": "to-retirement", "portfolio": "workplace"}],
                }
            ]
        }
    )

    key: Annotated[Key | None, Field(description="absent: the slug of the name")] = None
    name: Annotated[ShortText, Field(examples=["Service board"])]
    purpose: Annotated[NonBlank, Field(examples=["Decides on stage changes of services."])]
    cadence_days: Cadence
    quorum: Annotated[QuorumIn, Field(default_factory=QuorumIn)]
    members: Annotated[list[FirstSeat], Field(min_length=1, max_length=100)]
    decides: Annotated[Decides, Field(default_factory=list)]


class BoardPatch(Wire):
    """The fields to change; those left out stay as they are."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"cadence_days": 14}]})

    name: ShortText = absent()
    purpose: NonBlank = absent()
    cadence_days: Cadence = absent()
    quorum: QuorumIn = absent()
    decides: Decides = absent()


class QuorumOut(Out):
    minimum: int
    share: float | None
    needed: int = Field(description="voters that a decision needs now")
    possible: bool = Field(description="the board has that many voters")


class SeatOut(Out):
    subject: str
    role: MemberRole
    valid_from: datetime


class SeatHistory(SeatOut):
    id: UUID
    valid_to: datetime | None


class DecidesOut(Out):
    gate: Gate
    portfolio: str | None


class BoardOut(Out):
    key: str
    name: str
    purpose: str
    cadence_days: int
    quorum: QuorumOut
    members: list[SeatOut] = Field(description="present ones, by subject")
    voting_members: list[str] = Field(description="chair and members, without advisors")
    decides: list[DecidesOut]
    last_held_at: datetime | None
    next_scheduled_for: datetime | None
    next_meeting_due: date | None = Field(description="null once the board has ended")
    overdue: bool
    ended_on: date | None
    revision: int
    created_at: datetime
    updated_at: datetime


class MeetingCreate(Wire):
    scheduled_for: Timestamp
    agenda: LongText = ""


class MeetingPatch(Wire):
    scheduled_for: Timestamp = absent()
    agenda: LongText = absent()


class MeetingHold(Wire):
    """Who was there; people without a seat on the board are recorded as guests."""

    held_at: Annotated[Timestamp | None, Field(description="absent: now")] = None
    attendees: Annotated[list[Subject], Field(max_length=200)]


class MeetingCancel(Wire):
    reason: Annotated[ShortText, Field(examples=["Nothing to decide"])]


class MeetingMinutes(Wire):
    minutes: NonBlank
    uri: Uri | None = None


class AttendeeOut(Out):
    subject: str
    role: MemberRole | None = Field(description="on the board then; null for a guest")
    votes: bool


class MeetingOut(Out):
    id: UUID
    board: str
    state: MeetingState
    scheduled_for: datetime
    agenda: str
    held_at: datetime | None
    attendees: list[AttendeeOut]
    quorum_needed: int | None = Field(description="set when it is held")
    voters_present: int
    quorate: bool | None
    minutes: str | None
    minutes_uri: str | None
    minuted_by: str | None
    cancelled_because: str | None
    revision: int
    created_at: datetime
    updated_at: datetime


class VoteIn(Wire):
    subject: Subject
    vote: Vote


class DecisionCreate(Wire):
    motion: Annotated[ShortText, Field(examples=["Move vpn to operate"])]
    reason: Annotated[NonBlank, Field(examples=["All criteria are met."])]
    service: Annotated[Key | None, Field(description="what it is about, if one service")] = None
    gate: Annotated[Gate | None, Field(description="for this service; needs `service`")] = None
    votes: Annotated[list[VoteIn], Field(max_length=100)]
    evidence_uri: Uri


class VoteOut(Out):
    subject: str
    vote: Vote


class DecisionOut(Out):
    id: UUID
    board: str
    meeting: UUID
    motion: str
    reason: str
    service: str | None
    gate: Gate | None
    outcome: BoardOutcome
    settled_by: Settled
    votes: list[VoteOut]
    votes_for: int
    votes_against: int
    abstained: int
    quorum_needed: int
    voters_present: int
    evidence_uri: str
    recorded_by: str
    recorded_at: datetime


class DecidingBoard(Out):
    """A board that decides a gate of a service, in the service document."""

    gate: Gate
    board: str
    name: str
    portfolio: str | None = Field(description="null: decides wherever no other board is named")
    quorum_minimum: int
    quorum_share: float | None
    voting_members: list[str]
    cadence_days: int
    last_held_at: datetime | None
    founded_at: datetime


class BoardsSection(Out):
    """The boards that decide the gates of a service; one per gate, if there is any."""

    stage: Stage
    gates: list[DecidingBoard]
