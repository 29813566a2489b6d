"""The planning cascade: which layer stands under which, and when an objective may change state.

One invariant holds it together: the parent of an active objective is active. So nothing is planned
towards an objective that was given up.

| state | meaning | becomes |
|---|---|---|
| active | it is worked towards | achieved, dropped |
| achieved | its measure was reached | active, when that turns out not to last |
| dropped | given up | active, when it is taken up again |
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from catalog_api.fact_values import known
from shared.errors import Conflict, FieldError
from shared.schemas.common import FactValue


class Layer(StrEnum):
    CORPORATE = "corporate"
    BUSINESS_AREA = "business_area"
    OPERATIONS = "operations"


class ObjectiveState(StrEnum):
    ACTIVE = "active"
    ACHIEVED = "achieved"
    DROPPED = "dropped"


class LinkKind(StrEnum):
    """What may serve an objective; services are ours, the others belong to other services."""

    SERVICE = "service"
    KRA = "kra"
    IMPROVEMENT_OBJECTIVE = "improvement_objective"


MOVES: Mapping[ObjectiveState, tuple[ObjectiveState, ...]] = {
    ObjectiveState.ACTIVE: (ObjectiveState.ACHIEVED, ObjectiveState.DROPPED),
    ObjectiveState.ACHIEVED: (ObjectiveState.ACTIVE,),
    ObjectiveState.DROPPED: (ObjectiveState.ACTIVE,),
}

DEPTH = len(Layer)
"""How deep the cascade is at most."""

_LAYER_ABOVE: Mapping[Layer, Layer | None] = {
    Layer.CORPORATE: None,
    Layer.BUSINESS_AREA: Layer.CORPORATE,
    Layer.OPERATIONS: Layer.BUSINESS_AREA,
}


def layer_above(layer: Layer) -> Layer | None:
    """The layer of the parent; None at the top of the cascade."""
    return _LAYER_ABOVE[layer]


def parent_fault(layer: Layer, parent_layer: Layer | None) -> FieldError | None:
    """Why an objective of this layer cannot have that parent (None: no parent); None if it can."""
    needed = layer_above(layer)
    if parent_layer is needed:
        return None
    if needed is None:
        return FieldError("/parent", "a corporate objective has no parent", "parent_refused")
    if parent_layer is None:
        detail = f"an objective of the layer {layer} needs a parent of the layer {needed}"
        return FieldError("/parent", detail, "parent_required")
    detail = f"the parent of a {layer} objective is a {needed} one, and this is a {parent_layer}"
    return FieldError("/parent", detail, "wrong_layer")


def check_parent_active(parent: str, state: ObjectiveState) -> None:
    """An active objective contributes to an active one (409)."""
    if state is not ObjectiveState.ACTIVE:
        raise Conflict(
            f"The objective {parent} is {state}: nothing active can contribute to it."
            " Take it up again first, or choose another parent",
            code="parent_not_active",
            parent=parent,
            state=state.value,
            allowed=[ObjectiveState.ACTIVE.value],
        )


def check_leaving(key: str, active_children: Sequence[str]) -> None:
    """An objective stays active while active ones contribute to it (409)."""
    if active_children:
        raise Conflict(
            f"{', '.join(active_children)} still contribute to {key}:"
            " achieve or drop them first, or give them another parent",
            code="active_children",
            missing=list(active_children),
        )


@dataclass(frozen=True)
class LayerCount:
    """Active objectives of a layer, and those of them that nothing serves."""

    layer: Layer
    active: int
    unserved: int


def by_layer(counts: Mapping[Layer, tuple[int, int]]) -> list[LayerCount]:
    """The three layers from the top, also those without an objective."""
    return [LayerCount(layer, *counts.get(layer, (0, 0))) for layer in Layer]


def facts(section: Mapping[str, Any], now: datetime) -> dict[str, FactValue]:
    """How many objectives a service serves; nothing linked is known as of now."""
    linked = section["changed_at"]
    as_of = now if linked is None else datetime.fromisoformat(linked)
    return {
        "served_objective_count": known(section["active_count"], as_of),
        "served_corporate_objective_count": known(section["corporate_count"], as_of),
    }
