"""Impact on the wire."""

from pydantic import Field

from catalog_api.dependencies.rules import NodeKind
from catalog_api.vendors.rules import ProductState
from shared.schemas.catalog import Stage
from shared.schemas.common import Out


class ImpactNode(Out):
    """A service or vendor product that is reached."""

    kind: NodeKind
    key: str
    name: str
    stage: Stage | None = Field(description="of a service; null for a vendor product")
    state: ProductState | None = Field(description="of a vendor product; null for a service")
    depth: int = Field(description="length of the shortest path there")
    hard: bool = Field(description="a path of hard dependencies alone leads there")
