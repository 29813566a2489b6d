"""Objectives, their links, the cascade below one, and the alignment report, on the wire."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import ConfigDict, Field

from catalog_api.objectives.rules import Layer, LinkKind, ObjectiveState
from shared.kit.patches import absent
from shared.schemas.catalog import Stage, Subject
from shared.schemas.common import Day, Key, LongText, Out, Page, Reason, ShortText, Wire

Measure = Annotated[
    ShortText,
    Field(
        description="what will tell that it is reached",
        examples=["Cost of a workplace 10 % under 2025"],
    ),
]


class ObjectiveCreate(Wire):
    """A new, active objective. One of the layer corporate has no parent, every other has one."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "name": "Cheaper workplaces",
                    "owner": "ada@example.org",
                    "layer": "corporate",
                    "measure": "Cost of a workplace 10 % under 2025",
                    "target_date": "2027-12-31",
                }
            ]
        }
    )

    key: Annotated[Key | None, Field(description="absent: the slug of the name")] = None
    name: Annotated[ShortText, Field(examples=["Cheaper workplaces"])]
    description: LongText = ""
    owner: Subject
    layer: Layer
    parent: Annotated[
        Key | None, Field(description="an active objective of the layer above", examples=["growth"])
    ] = None
    measure: Measure | None = None
    target_date: Day | None = None


class ObjectivePatch(Wire):
    """The fields to change; those left out stay as they are. The layer never changes."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"measure": "Cost of a workplace 10 % under 2025"}]}
    )

    name: ShortText = absent()
    description: LongText = absent()
    owner: Subject = absent()
    parent: Key = absent()
    measure: Measure | None = absent()
    target_date: Day | None = absent()


class ObjectiveMove(Wire):
    """The state the objective comes to, and why."""

    state: ObjectiveState
    reason: Annotated[Reason, Field(examples=["The measure was reached in the third quarter"])]


class ObjectiveOut(Out):
    key: str
    name: str
    description: str
    owner: str
    layer: Layer
    parent: str | None
    measure: str | None
    target_date: date | None
    state: ObjectiveState
    state_since: datetime
    state_reason: str | None
    revision: int
    created_at: datetime
    updated_at: datetime


class ObjectiveLinkCreate(Wire):
    """Who serves the objective. KRAs and improvement objectives are recorded, not looked up."""

    kind: LinkKind
    target: Annotated[
        ShortText,
        Field(
            description="key of the service, or key or id of what another service keeps",
            examples=["network-infrastructure"],
        ),
    ]
    contribution: Annotated[LongText | None, Field(description="how it serves the objective")] = (
        None
    )


class ObjectiveLinkOut(Out):
    id: UUID
    objective: str
    kind: LinkKind
    target: str
    contribution: str | None
    linked_at: datetime


class ServedObjectiveOut(Out):
    """An objective that a service serves directly."""

    key: str
    name: str
    layer: Layer
    state: ObjectiveState
    contribution: str | None
    linked_at: datetime
    link_id: UUID


class LinkedServiceOut(Out):
    key: str
    name: str
    stage: Stage


class CascadeNodeOut(Out):
    """An objective of the cascade with what serves it."""

    key: str
    name: str
    owner: str
    layer: Layer
    parent: str | None
    state: ObjectiveState
    target_date: date | None
    depth: int = Field(description="1 is the objective that was asked for")
    path: list[str] = Field(description="keys from the objective that was asked for to this one")
    services: list[LinkedServiceOut] = Field(
        description="the first 50 by key; the whole list is at the objective's links"
    )
    service_count: int = Field(description="services linked to this objective itself")
    other_link_count: int = Field(description="KRAs and improvement objectives linked to it")
    served: bool = Field(description="it or an active objective below it is served")


class UnservedObjectiveOut(Out):
    """An active objective that nothing serves, itself or through those below it."""

    key: str
    name: str
    owner: str
    layer: Layer
    parent: str | None
    target_date: date | None


class UnalignedServiceOut(Out):
    """A service, not retired, that serves no active objective."""

    key: str
    name: str
    stage: Stage
    portfolio: str


class LayerAlignment(Out):
    """Active objectives of a layer."""

    layer: Layer
    active: int
    unserved: int


class AlignmentReport(Out):
    """How well services and the business's objectives meet.

    Both lists show their first page; each has an address of its own for the pages after it.
    """

    layers: list[LayerAlignment] = Field(description="the three layers from the top")
    active_objective_count: int
    unserved_objective_count: int
    service_count: int = Field(description="without those in retirement")
    unaligned_service_count: int
    unserved_objectives: Page[UnservedObjectiveOut]
    unaligned_services: Page[UnalignedServiceOut]


class ObjectivesServed(Out):
    """The objectives that a service serves directly."""

    active_count: int
    corporate_count: int = Field(description="different corporate objectives it contributes to")
    changed_at: datetime | None = Field(
        description="when the last of them was linked or changed its state"
    )
    items: list[ServedObjectiveOut] = Field(description="the first 100 by key")
