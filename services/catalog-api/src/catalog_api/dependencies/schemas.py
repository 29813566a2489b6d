"""Dependencies on the wire."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated
from uuid import UUID

from pydantic import ConfigDict, Field

from catalog_api.dependencies.rules import NodeKind, Strength
from catalog_api.registry.schemas import FieldChangeOut, UpsertOutcome
from catalog_api.vendors.rules import ProductState
from shared.kit.patches import absent
from shared.schemas.catalog import Stage
from shared.schemas.common import EXACT, Key, LongText, Out, Wire

CostShare = Annotated[
    Decimal,
    Field(
        ge=0,
        le=1,
        decimal_places=6,
        description="part of the provider's full cost that the consumer bears, 0 to 1",
        examples=[0.25],
    ),
    EXACT,
]


class Provider(Wire):
    """What is depended on."""

    kind: NodeKind
    key: Key


class DependencyCreate(Wire):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "provider": {"kind": "vendor_product", "key": "backup-vault"},
                    "strength": "hard",
                    "cost_share": "0.05",
                }
            ]
        }
    )

    provider: Provider
    strength: Strength
    cost_share: CostShare = Decimal(0)
    description: LongText = ""


class DependencyPatch(Wire):
    """The fields to change; those left out stay as they are."""

    strength: Strength = absent()
    cost_share: CostShare = absent()
    description: LongText = absent()


class DependencyUpsert(DependencyPatch):
    """A dependency by its consumer and provider. A new one needs its strength."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "consumer": "intranet",
                    "provider": {"kind": "service", "key": "identity-and-access"},
                    "strength": "hard",
                }
            ]
        }
    )

    consumer: Key
    provider: Provider


DependencyItems = Annotated[list[DependencyUpsert], Field(min_length=1, max_length=5000)]


class ProviderOut(Out):
    kind: NodeKind
    key: str
    name: str
    stage: Stage | None = Field(description="of a service; null for a vendor product")
    state: ProductState | None = Field(description="of a vendor product; null for a service")


class DependencyOut(Out):
    id: UUID
    consumer: str
    provider: ProviderOut
    strength: Strength
    cost_share: float
    description: str
    revision: int
    created_at: datetime
    updated_at: datetime


class NodeOut(Out):
    """A service or vendor product."""

    kind: NodeKind
    key: str


class UpsertedDependency(Out):
    consumer: str
    provider: NodeOut
    outcome: UpsertOutcome
    changes: dict[str, FieldChangeOut] = Field(description="by field; before is null when created")


class DependencyUpsertReply(Out):
    """What was done, or with `dry_run` what would be done; items in the order sent."""

    dry_run: bool
    created: int
    changed: int
    unchanged: int
    items: list[UpsertedDependency]
