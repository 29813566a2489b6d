"""Ceilings against brute force, and how promises stand to them."""

from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from itertools import combinations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog_api.ceilings import rules
from catalog_api.ceilings.rules import Dimension, Figures, Promise, Standing
from catalog_api.dependencies.rules import Node, NodeKind

NOW = datetime(2026, 3, 1, tzinfo=UTC)
NAMES = "abcdefg"


def service(key: str) -> Node:
    return Node(NodeKind.SERVICE, key)


def product(key: str) -> Node:
    return Node(NodeKind.VENDOR_PRODUCT, key)


NODES = [*map(service, NAMES), product("x"), product("y")]
# Any set of pairs of which the first stands before the second is a graph without cycles.
dags = st.sets(st.sampled_from(list(combinations(range(len(NODES)), 2))))
availabilities = st.decimals("0.9", "1", places=6)
hours = st.decimals("0", "200", places=2)
some = st.dictionaries(st.sampled_from(NODES), availabilities, min_size=len(NODES) - 2)
times = st.dictionaries(st.sampled_from(NODES), hours, min_size=len(NODES) - 2)


def providers_of(edges: set[tuple[int, int]]) -> dict[str, set[Node]]:
    found: dict[str, set[Node]] = {}
    for start, end in edges:
        if NODES[start].kind is NodeKind.SERVICE:
            found.setdefault(NODES[start].key, set()).add(NODES[end])
    return found


def every_path_below(start: Node, providers: dict[str, set[Node]]) -> list[Node]:
    """The ends of all paths: a node as often as paths lead to it."""
    if start.kind is NodeKind.VENDOR_PRODUCT:
        return []
    direct = providers.get(start.key, set())
    return [*direct, *(end for one in direct for end in every_path_below(one, providers))]


@given(dags, some)
def test_the_availability_ceiling_equals_brute_force(
    edges: set[tuple[int, int]], agreed: dict[Node, Decimal]
) -> None:
    providers = providers_of(edges)
    needed = set(every_path_below(service("a"), providers))

    ceiling = rules.availability_ceiling(rules.providers_below("a", providers), agreed)

    lacking = needed - agreed.keys()
    assert set(ceiling.missing) == lacking
    assert (ceiling.value is None) == bool(lacking)
    if ceiling.value is not None:
        product = Fraction(1)
        for node in needed:
            product *= Fraction(agreed[node])
        assert Fraction(ceiling.value) == product


@given(dags, times)
def test_the_recovery_ceiling_equals_brute_force(
    edges: set[tuple[int, int]], known: dict[Node, Decimal]
) -> None:
    providers = providers_of(edges)
    needed = {service("a"), *every_path_below(service("a"), providers)}

    ceiling = rules.recovery_ceiling("a", rules.providers_below("a", providers), known)

    lacking = needed - known.keys()
    assert set(ceiling.missing) == lacking
    if lacking:
        assert ceiling.value is None
    else:
        assert ceiling.value == max(known[node] for node in needed)


def test_a_provider_that_two_paths_lead_to_counts_once() -> None:
    providers = {"a": {service("b"), service("c")}, "b": {service("d")}, "c": {service("d")}}
    agreed = {service(key): Decimal("0.9") for key in "bcd"}

    ceiling = rules.availability_ceiling(rules.providers_below("a", providers), agreed)

    assert ceiling.value == Decimal("0.729")


def test_who_needs_nothing_may_promise_all() -> None:
    assert rules.availability_ceiling([], {}).value == 1


def test_the_worst_is_named_first() -> None:
    agreed = {
        service("b"): Decimal("0.99"), service("c"): Decimal("0.9"), service("d"): Decimal(1),
    }  # fmt: skip

    limited_by = rules.availability_ceiling(agreed, agreed).limited_by

    assert [node.key for node, _ in limited_by] == ["c", "b"]


def test_what_the_known_figures_allow_is_told_while_one_is_missing() -> None:
    below = [service("b"), product("x")]

    ceiling = rules.availability_ceiling(below, {service("b"): Decimal("0.9")})

    assert (ceiling.value, ceiling.bound, ceiling.missing) == (
        None,
        Decimal("0.9"),
        (product("x"),),
    )


@pytest.mark.parametrize(
    ("dimension", "promised", "excepted", "expected"),
    [
        (Dimension.AVAILABILITY, "0.95", False, Standing.KEPT),
        (Dimension.AVAILABILITY, "0.950001", False, Standing.BROKEN),
        (Dimension.AVAILABILITY, "0.950001", True, Standing.EXCEPTED),
        (Dimension.AVAILABILITY, None, False, Standing.NO_PROMISE),
        (Dimension.RECOVERY, "8", False, Standing.KEPT),
        (Dimension.RECOVERY, "7.99", False, Standing.BROKEN),
        (Dimension.RECOVERY, "7.99", True, Standing.EXCEPTED),
    ],
)
def test_a_promise_stands_to_its_ceiling(
    dimension: Dimension, promised: str | None, excepted: bool, expected: Standing
) -> None:
    figure = None if promised is None else Decimal(promised)
    is_availability = dimension is Dimension.AVAILABILITY
    promise = Promise(
        "a",
        figure if is_availability else None,
        None if is_availability else figure,
        frozenset([dimension]) if excepted else frozenset(),
    )
    if is_availability:
        ceiling = rules.availability_ceiling([service("b")], {service("b"): Decimal("0.95")})
    else:
        own = {service("a"): figure or Decimal(0), service("b"): Decimal(8)}
        ceiling = rules.recovery_ceiling("a", [service("b")], own)

    assert rules.standing(promise, ceiling) is expected


def test_a_promise_under_an_unknown_ceiling_is_not_broken() -> None:
    promise = Promise("a", Decimal(1), None, frozenset())

    assert not rules.breaches([promise], {"a": {service("b")}}, Figures({}, {}, {}))


def test_breaches_name_the_service_and_who_limits_it() -> None:
    promises = [Promise(key, Decimal("0.99"), None, frozenset()) for key in "ba"]
    figures = Figures({service("b"): Decimal("0.99"), product("x"): Decimal("0.9")}, {}, {})
    providers = {"a": {service("b")}, "b": {product("x")}}

    found = rules.breaches(promises, providers, figures)

    assert [breach.promise.service for breach in found] == ["a", "b"]
    assert [breach.ceiling.limited_by[0][0].key for breach in found] == ["x", "x"]


def section(**standings: Any) -> dict[str, Any]:
    empty = {"ceiling": 0.9, "promised": 0.8, "missing": [], "missing_count": 0, "standing": "kept"}
    return {
        "hard_dependency_count": 2,
        "availability": empty | standings.get("availability", {}),
        "recovery": empty | standings.get("recovery", {}),
    }


LACKING = {
    "ceiling": None,
    "standing": "unknown",
    "missing": [{"kind": "service", "key": "dns"}],
    "missing_count": 3,
}


def test_a_ceiling_that_is_unknown_names_who_lacks_a_figure() -> None:
    found = rules.facts(section(availability=LACKING), NOW)

    assert set(found) == {definition.name for definition in rules.DEFINITIONS}
    assert found["availability_ceiling"].value is None
    assert found["availability_ceiling"].reason == (
        "no figure is agreed or planned for dns and 2 more"
    )
    assert found["recovery_ceiling_hours"].value == 0.9


@pytest.mark.parametrize(
    ("standings", "value"),
    [
        ({}, False),
        ({"recovery": {"standing": "broken"}}, True),
        ({"recovery": {"standing": "broken"}, "availability": LACKING}, True),
        ({"recovery": {"standing": "excepted"}}, False),
        ({"availability": LACKING}, None),
        ({"availability": LACKING | {"promised": None}}, False),
    ],
)
def test_promises_beyond_their_ceiling_are_a_fact(
    standings: dict[str, Any], value: bool | None
) -> None:
    assert rules.facts(section(**standings), NOW)["promises_beyond_ceiling"].value is value
