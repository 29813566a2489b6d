"""The planning cascade: which layer stands under which, and when an objective may change state.

One invariant holds it together: the parent of an active objective is active. So nothing is planned
towards an objective that was given up.

| state | meaning | becomes |
|---|---|---|
| active | it is worked towards | achieved, dropped |
| achieved | its measure was reached | active, when that turns out not to last |
| dropped | given up | active, when it is taken up again |
"""

from collections.abc import Mapping
from enum import StrEnum


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

_LAYER_ABOVE: Mapping[Layer, Layer | None] = {
    Layer.CORPORATE: None,
    Layer.BUSINESS_AREA: Layer.CORPORATE,
    Layer.OPERATIONS: Layer.BUSINESS_AREA,
}


def layer_above(layer: Layer) -> Layer | None:
    """The layer of the parent; None at the top of the cascade."""
    return _LAYER_ABOVE[layer]
