"""What is exported: the fields that the bulk upserts take, and nothing else."""

from pydantic import Field

from shared.schemas.catalog import Criticality, ReferenceSnapshot, ServiceKind, SupportHours
from shared.schemas.common import Out


class ExportedOwner(Out):
    role: str
    subject: str


class ExportedService(Out):
    """An item of POST /v1/services/bulk."""

    key: str
    name: str
    portfolio: str
    kind: ServiceKind
    description: str
    criticality: Criticality | None
    support_hours: SupportHours | None
    tags: list[str]
    owners: list[ExportedOwner] = Field(description="present ones")
    external_references: list[ReferenceSnapshot]


class ExportedPortfolio(Out):
    """An item of POST /v1/portfolios/bulk."""

    key: str
    name: str
    manager: str | None
    strategy: str | None
