"""The artifact register as it is written and read."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import ConfigDict, Field

from catalog_api.artifacts.rules import ArtifactKey, ResourceKind
from catalog_api.fields import Uri
from shared.kit.patches import absent
from shared.schemas.catalog import Subject
from shared.schemas.common import Day, Key, Out, ShortText, Wire


class ArtifactPatch(Wire):
    """The fields to change; those left out stay as they are."""

    owner: Subject | None = absent()
    review_on: Day | None = absent()
    review_cadence_days: Annotated[int, Field(ge=1, le=3650)] | None = absent()


class ResourceCreate(Wire):
    """`uri` for a document or portal, `key` for what the catalog holds."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "kind": "document",
                    "title": "Governance handbook",
                    "uri": "https://wiki.example.org/governance",
                }
            ]
        }
    )

    kind: ResourceKind
    title: Annotated[ShortText, Field(examples=["Governance handbook"])]
    key: Key | None = None
    uri: Uri | None = None


class ResourceOut(Out):
    id: UUID
    kind: ResourceKind
    key: str | None
    uri: str | None
    title: str
    present: bool = Field(description="false: what was linked has ended or is not active any more")
    added_at: datetime
    added_by: str


class ArtifactOut(Out):
    key: ArtifactKey
    name: str
    meaning: str
    owner: str | None
    review_on: date | None
    review_cadence_days: int | None
    realised_by: list[ResourceKind] = Field(description="kinds of resources that can realise it")
    resources: list[ResourceOut]
    completeness: float = Field(description="0 to 1; 1 only when nothing is missing")
    missing: list[str]
    revision: int
    updated_at: datetime


class AssessedArtifact(Out):
    """An artifact in the service document: the last assessment."""

    artifact: ArtifactKey
    name: str
    owner: str | None
    completeness: float
    missing: list[str]
    assessed_at: datetime
