"""Ceilings and their exceptions on the wire."""

from collections.abc import Collection
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated
from uuid import UUID

from pydantic import ConfigDict, Field

from catalog_api.ceilings.rules import Ceiling, Dimension, Promise, Standing, standing
from catalog_api.dependencies.rules import Node, NodeKind
from shared.schemas.catalog import Subject
from shared.schemas.common import Day, NonBlank, Out, Wire

_NAMED = 50


class CeilingExceptionCreate(Wire):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "dimension": "availability",
                    "reason": "The customer accepted the risk",
                    "risk_owner": "ada@example.org",
                    "expires_on": "2030-12-31",
                }
            ]
        }
    )

    dimension: Dimension
    reason: Annotated[NonBlank, Field(examples=["The customer accepted the risk"])]
    risk_owner: Subject
    expires_on: Annotated[Day, Field(description="last day on which it counts")]


class CeilingExceptionOut(Out):
    id: UUID
    service: str = Field(validation_alias="service_key")
    dimension: Dimension
    reason: str
    risk_owner: str
    expires_on: date
    recorded_by: str
    recorded_at: datetime


class CeilingNode(Out):
    """A service or vendor product; `figure` is its availability or recovery time, null if none."""

    kind: NodeKind
    key: str
    figure: float | None


class CeilingOut(Out):
    """What is possible in a dimension, beside what is promised."""

    standing: Standing = Field(description="of the promise to the ceiling")
    ceiling: float | None = Field(description="null while somebody lacks a figure")
    bound: float | None = Field(
        description="what the known figures allow; the ceiling cannot be better"
    )
    promised: float | None = Field(
        description="the highest availability that an agreement promises, or its own recovery time"
    )
    missing_count: int
    missing: list[CeilingNode] = Field(description="who lacks a figure: the first 50 by kind, key")
    limited_by: list[CeilingNode] = Field(description="who sets it: at most 50, the worst first")


class CeilingsOut(Out):
    """Availability as a ratio 0 to 1, recovery in hours."""

    service: str
    hard_dependency_count: int = Field(description="distinct transitive hard dependencies")
    availability: CeilingOut
    recovery: CeilingOut


def ceilings_out(
    promise: Promise, below: Collection[Node], availability: Ceiling, recovery: Ceiling
) -> CeilingsOut:
    """The reply for a service."""
    return CeilingsOut(
        service=promise.service,
        hard_dependency_count=len(below),
        availability=_out(promise, availability),
        recovery=_out(promise, recovery),
    )


def _out(promise: Promise, ceiling: Ceiling) -> CeilingOut:
    return CeilingOut(
        standing=standing(promise, ceiling),
        ceiling=_number(ceiling.value),
        bound=_number(ceiling.bound),
        promised=_number(promise.in_(ceiling.dimension)),
        missing_count=len(ceiling.missing),
        missing=[_node(node, None) for node in ceiling.missing[:_NAMED]],
        limited_by=[_node(node, figure) for node, figure in ceiling.limited_by[:_NAMED]],
    )


def _node(node: Node, figure: Decimal | None) -> CeilingNode:
    return CeilingNode(kind=node.kind, key=node.key, figure=_number(figure))


def _number(value: Decimal | None) -> float | None:
    return None if value is None else float(value)
