"""RACI charts as they are written and read."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field, model_validator

from catalog_api.raci.rules import GapKind, Responsibility
from shared.schemas.catalog import Role, Stage, Subject
from shared.schemas.common import Key, Out, Wire
from shared.schemas.processes import Process


class AssignmentIn(Wire):
    """A duty for exactly one of a person, an organisation unit or a role of the catalog."""

    responsibility: Responsibility
    subject: Subject | None = None
    unit: Key | None = None
    role: Role | None = None

    @model_validator(mode="after")
    def _has_one_assignee(self) -> "AssignmentIn":
        if [self.subject, self.unit, self.role].count(None) != 2:
            raise ValueError("name exactly one of subject, unit and role")
        return self


Assignments = Annotated[
    list[AssignmentIn],
    Field(
        max_length=50,
        examples=[
            [
                {"responsibility": "accountable", "role": "service_owner"},
                {"responsibility": "responsible", "unit": "network-operations"},
            ]
        ],
    ),
]


class AssignmentOut(Out):
    id: UUID
    responsibility: Responsibility
    subject: str | None
    unit: str | None
    role: str | None
    valid_from: datetime
    valid_to: datetime | None


class HeldAssignment(AssignmentOut):
    service: str
    process: Process


class GapOut(Out):
    process: Process
    kind: GapKind
    detail: str


class ChartOut(Out):
    """The chart of one process; `revision` 0 means that it has not been written yet."""

    service: str
    process: Process
    revision: int
    assignments: list[AssignmentOut]
    default_accountable: str | None = Field(
        description="role that is accountable because the chart names nobody"
    )
    gaps: list[GapOut]


class ProcessAssignments(Out):
    process: Process
    assignments: list[AssignmentOut]


class ServiceRaci(Out):
    """All ten processes of a service."""

    service: str
    as_of: datetime
    complete: bool | None = Field(
        description="null for the past: who stood behind roles and units then is not judged"
    )
    gaps: list[GapOut]
    processes: list[ProcessAssignments]


class ServiceGaps(Out):
    service: str
    name: str
    stage: Stage
    complete: bool
    gaps: list[GapOut]


class AssigneeJson(Out):
    """An assignment in the service document."""

    process: Process
    responsibility: Responsibility
    subject: str | None
    unit: str | None
    role: str | None


class HolderJson(Out):
    role: str
    subject: str
    catalogued: bool


class UnitJson(Out):
    unit: str
    manager: str | None
    members: list[str]


class NeededRole(Out):
    role: str
    name: str


class RaciSection(Out):
    """Who does what for a service, and the people behind the roles and units."""

    assignments: list[AssigneeJson]
    holders: list[HolderJson]
    units: list[UnitJson]
    required_roles: list[NeededRole] = Field(description="needed at the stage the service is at")
