"""The planning cascade: layers, states, and what a service's facts say of it."""

from datetime import UTC, datetime
from itertools import product

import pytest

from catalog_api.objectives.rules import (
    MOVES,
    Layer,
    LayerCount,
    ObjectiveState,
    by_layer,
    check_leaving,
    check_parent_active,
    facts,
    parent_fault,
)
from shared.errors import Conflict
from shared.kit.states import check_move

NOW = datetime(2026, 3, 1, tzinfo=UTC)
ALLOWED = {
    ("active", "achieved"),
    ("active", "dropped"),
    ("achieved", "active"),
    ("dropped", "active"),
}
FITTING = {("corporate", None), ("business_area", "corporate"), ("operations", "business_area")}


@pytest.mark.parametrize(("state", "to"), list(product(ObjectiveState, ObjectiveState)))
def test_every_move_from_every_state(state: ObjectiveState, to: ObjectiveState) -> None:
    if (state, to) in ALLOWED:
        check_move("objective", MOVES, state, to)
        return

    with pytest.raises(Conflict) as refused:
        check_move("objective", MOVES, state, to)

    assert refused.value.extra["allowed"] == [b for a, b in sorted(ALLOWED) if a == state]


@pytest.mark.parametrize(("layer", "parent"), list(product(Layer, [None, *Layer])))
def test_a_parent_fits_only_on_the_layer_above(layer: Layer, parent: Layer | None) -> None:
    assert (parent_fault(layer, parent) is None) == ((layer, parent) in FITTING)


@pytest.mark.parametrize("state", [ObjectiveState.ACHIEVED, ObjectiveState.DROPPED])
def test_only_an_active_parent_can_be_contributed_to(state: ObjectiveState) -> None:
    check_parent_active("growth", ObjectiveState.ACTIVE)

    with pytest.raises(Conflict) as refused:
        check_parent_active("growth", state)

    assert refused.value.extra["allowed"] == ["active"]


def test_the_refusal_names_who_still_contributes() -> None:
    check_leaving("growth", [])

    with pytest.raises(Conflict, match="sales, web-shop still contribute to growth"):
        check_leaving("growth", ["sales", "web-shop"])


def test_a_layer_without_objectives_is_counted_too() -> None:
    assert by_layer({Layer.OPERATIONS: (3, 1)}) == [
        LayerCount(Layer.CORPORATE, 0, 0),
        LayerCount(Layer.BUSINESS_AREA, 0, 0),
        LayerCount(Layer.OPERATIONS, 3, 1),
    ]


def test_facts_are_as_old_as_the_last_link() -> None:
    section = {"active_count": 2, "corporate_count": 1, "changed_at": "2026-01-02T00:00:00+00:00"}

    found = facts(section, NOW)

    assert found["served_objective_count"].value == 2
    assert found["served_corporate_objective_count"].value == 1
    assert found["served_objective_count"].as_of == datetime(2026, 1, 2, tzinfo=UTC)


def test_serving_nothing_is_known_now() -> None:
    found = facts({"active_count": 0, "corporate_count": 0, "changed_at": None}, NOW)

    assert (found["served_objective_count"].value, found["served_objective_count"].as_of) == (
        0,
        NOW,
    )
