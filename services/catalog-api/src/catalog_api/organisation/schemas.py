"""Units, members and roles as they are written and read."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, ConfigDict, Field

from catalog_api.organisation.rules import UnitKind
from shared.kit.patches import absent
from shared.schemas.catalog import Role, Stage, Subject
from shared.schemas.common import Day, Key, NonBlank, Out, ShortText, Wire
from shared.schemas.processes import Process


def _stages_once(stages: list[Stage]) -> list[Stage]:
    return [stage for stage in Stage if stage in stages]


def _processes_once(processes: list[Process]) -> list[Process]:
    return [process for process in Process if process in processes]


Stages = Annotated[
    list[Stage],
    Field(max_length=20, description="stages at which a service needs somebody in this role"),
    AfterValidator(_stages_once),
]
Processes = Annotated[
    list[Process],
    Field(max_length=20, description="processes that this role carries"),
    AfterValidator(_processes_once),
]
Responsibilities = Annotated[
    NonBlank,
    Field(examples=["Negotiates agreements and reports on their targets."]),
]


class UnitCreate(Wire):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"name": "Print room", "kind": "team", "parent": "it", "manager": "ada@example.org"}
            ]
        }
    )

    key: Annotated[Key | None, Field(description="absent: the slug of the name")] = None
    name: Annotated[ShortText, Field(examples=["Network operations"])]
    kind: UnitKind
    parent: Annotated[Key | None, Field(description="the unit above; null at the top")] = None
    manager: Subject | None = None


class UnitPatch(Wire):
    """The fields to change; those left out stay as they are."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"manager": "ada@example.org"}]})

    name: ShortText = absent()
    kind: UnitKind = absent()
    parent: Key | None = absent()
    manager: Subject | None = absent()


class UnitOut(Out):
    key: str
    name: str
    kind: UnitKind
    parent: str | None
    manager: str | None
    ended_on: date | None = Field(description="the first day on which the unit is no more")
    revision: int
    created_at: datetime
    updated_at: datetime


class MemberCreate(Wire):
    model_config = ConfigDict(
        json_schema_extra={"examples": [{"subject": "ada@example.org", "valid_from": "2026-03-01"}]}
    )

    subject: Subject
    valid_from: Annotated[Day | None, Field(description="absent: today, in UTC")] = None
    valid_to: Annotated[Day | None, Field(description="the first day of not belonging")] = None


class MemberPatch(Wire):
    valid_to: Annotated[
        Day | None, Field(description="the first day of not belonging", examples=["2027-03-01"])
    ]


class MemberOut(Out):
    id: UUID
    unit: str
    subject: str
    valid_from: date
    valid_to: date | None
    revision: int


class RoleCreate(Wire):
    role: Role
    name: Annotated[ShortText, Field(examples=["Service level manager"])]
    responsibilities: Responsibilities
    required_stages: Annotated[Stages, Field(default_factory=list)]
    required_processes: Annotated[Processes, Field(default_factory=list)]


class RolePatch(Wire):
    """The fields to change; a retired role is not offered any more and counts as uncatalogued."""

    name: ShortText = absent()
    responsibilities: Responsibilities = absent()
    required_stages: Stages = absent()
    required_processes: Processes = absent()
    retired: bool = absent()


class RoleOut(Out):
    role: str
    name: str
    responsibilities: str
    required_stages: list[Stage]
    required_processes: list[Process]
    retired: bool
    revision: int
    created_at: datetime
    updated_at: datetime


class UncataloguedRole(Out):
    """A role that people hold and the catalog does not describe."""

    role: str
    holders: int = Field(description="different people who hold it now")
    services: int = Field(description="services that it is held for")
    reason: str = Field(description="not in the catalog of roles, or retired there")


class RequiredRole(Out):
    role: str
    name: str
    holders: list[str]


class ServiceRoles(Out):
    """Which roles a service needs at its stage and which are held."""

    service: str
    stage: Stage
    required: list[RequiredRole]
    missing: list[str] = Field(description="required roles that nobody holds")
    uncatalogued: list[str] = Field(description="held roles that the catalog does not describe")
