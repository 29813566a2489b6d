"""What a tool may send of each kind of record beside incidents. Pure."""

from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, UnsetType

from metrics_api.intake.fields import STAMP, Beginning, Priority, Stamp, State, UpdateIn
from metrics_api.intake.updates import Count, Level, Words

Text = Annotated[str, Meta(max_length=10_000)]
Score = int | float | Words


class RecordIn(UpdateIn, forbid_unknown_fields=True, kw_only=True):
    """What every kind has."""

    customer: (
        Annotated[str, Meta(max_length=200, description="Key or name of a customer")]
        | UnsetType
        | None
    ) = UNSET


class StatefulIn(RecordIn, forbid_unknown_fields=True, kw_only=True):
    """What every kind with a state has."""

    state: State | UnsetType | None = UNSET
    priority: Priority | UnsetType | None = UNSET
    impact: Level | UnsetType | None = UNSET
    urgency: Level | UnsetType | None = UNSET


class StepIn(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A step of the fulfilment of a request."""

    id: Words
    title: Annotated[str, Meta(max_length=1000)] | None = None
    owner_role: Words | None = None
    target_minutes: Count | None = None
    started_at: Stamp | None = None
    completed_at: Stamp | None = None
    minutes: Annotated[float, Meta(ge=0)] | None = None
    met: bool | None = None


class RequestIn(StatefulIn, forbid_unknown_fields=True, kw_only=True):
    """An update of a request."""

    opened_at: Beginning | UnsetType | None = UNSET
    due_at: Stamp | UnsetType | None = UNSET
    started_at: Stamp | UnsetType | None = UNSET
    fulfilled_at: (
        Annotated[
            Stamp,
            Meta(
                description=f"Null: the tool has this field, and no fulfilment time in it. {STAMP}"
            ),
        ]
        | UnsetType
        | None
    ) = UNSET
    ended_at: Stamp | UnsetType | None = UNSET
    met: (
        Annotated[bool, Meta(description="Absent: fulfilled when it was due, once it is fulfilled")]
        | UnsetType
        | None
    ) = UNSET
    offering: Words | UnsetType | None = UNSET
    requester: Words | UnsetType | None = UNSET
    low_value: (
        Annotated[bool, Meta(description="Repetitive, and of little value to anybody")]
        | UnsetType
        | None
    ) = UNSET
    steps: Annotated[list[StepIn], Meta(max_length=100)] | UnsetType | None = UNSET
    reassignment_count: Count | UnsetType | None = UNSET


class ChangeIn(StatefulIn, forbid_unknown_fields=True, kw_only=True):
    """An update of a change."""

    opened_at: Beginning | UnsetType | None = UNSET
    planned_start_at: Stamp | UnsetType | None = UNSET
    planned_end_at: Stamp | UnsetType | None = UNSET
    started_at: Stamp | UnsetType | None = UNSET
    completed_at: Stamp | UnsetType | None = UNSET
    type: (
        Annotated[str, Meta(max_length=200, description="standard, normal, emergency or another")]
        | UnsetType
        | None
    ) = UNSET
    emergency: (
        Annotated[bool, Meta(description="Absent: whether the type is emergency")]
        | UnsetType
        | None
    ) = UNSET
    outcome: (
        Annotated[
            str,
            Meta(
                max_length=200,
                description="successful, failed or rolled_back; any other is kept and counts"
                " as none",
            ),
        ]
        | UnsetType
        | None
    ) = UNSET
    test_plan: (
        Annotated[bool, Meta(description="Whether there is one; absent: the tool does not say")]
        | UnsetType
        | None
    ) = UNSET
    backout_plan: (
        Annotated[bool, Meta(description="Whether there is one; absent: the tool does not say")]
        | UnsetType
        | None
    ) = UNSET


class OutageIn(StatefulIn, forbid_unknown_fields=True, kw_only=True):
    """An update of an outage. Open: it has no end; planned ones may be sent ahead."""

    started_at: Beginning | UnsetType | None = UNSET
    ended_at: Stamp | UnsetType | None = UNSET
    planned: (
        Annotated[bool, Meta(description="Maintenance that was announced; absent: it was not")]
        | UnsetType
        | None
    ) = UNSET
    degraded: (
        Annotated[bool, Meta(description="Degradation only, no downtime; absent: downtime")]
        | UnsetType
        | None
    ) = UNSET
    caused_by: (
        Annotated[str, Meta(max_length=200, description="The tool's id of the causing change")]
        | UnsetType
        | None
    ) = UNSET


class SurveyIn(RecordIn, forbid_unknown_fields=True, kw_only=True):
    """An update of a survey: the question, or the answer."""

    kind: (
        Annotated[str, Meta(max_length=200, description="csat or nps; any other is kept")]
        | UnsetType
        | None
    ) = UNSET
    sent_at: Stamp | UnsetType | None = UNSET
    answered_at: (
        Annotated[
            Stamp, Meta(description=f"Absent beside a score: the stamp of the update. {STAMP}")
        ]
        | UnsetType
        | None
    ) = UNSET
    score: (
        Annotated[
            Score, Meta(description="csat 1-5, nps 0-10; any other is kept and does not count")
        ]
        | UnsetType
        | None
    ) = UNSET
    comment: Text | UnsetType | None = UNSET
    about: (
        Annotated[str, Meta(max_length=200, description="Id of the record it asks about")]
        | UnsetType
        | None
    ) = UNSET


class InfrastructureEventIn(StatefulIn, forbid_unknown_fields=True, kw_only=True):
    """An update of an infrastructure event."""

    occurred_at: Beginning | UnsetType | None = UNSET
    cleared_at: Stamp | UnsetType | None = UNSET
    severity: Words | UnsetType | None = UNSET
    component: (
        Annotated[str, Meta(max_length=200, description="Configuration item")] | UnsetType | None
    ) = UNSET
