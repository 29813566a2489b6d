"""The graph of dependencies without a database."""

from datetime import UTC, datetime
from decimal import Decimal
from itertools import pairwise

import networkx
from hypothesis import given
from hypothesis import strategies as st

from catalog_api.dependencies import rules
from catalog_api.dependencies.rules import Node, NodeKind

NOW = datetime(2026, 3, 1, tzinfo=UTC)
edges = st.lists(st.tuples(st.sampled_from("abcdef"), st.sampled_from("abcdef")), max_size=15)


@given(edges)
def test_a_cycle_is_found_exactly_when_there_is_one(pairs: list[tuple[str, str]]) -> None:
    cycle = rules.cycle_in(pairs)

    assert (cycle is None) == networkx.is_directed_acyclic_graph(networkx.DiGraph(pairs))


@given(edges)
def test_a_cycle_is_a_path_along_dependencies_back_to_its_start(
    pairs: list[tuple[str, str]],
) -> None:
    cycle = rules.cycle_in(pairs)

    if cycle is not None:
        assert cycle[0] == cycle[-1]
        assert set(pairwise(cycle)) <= set(pairs)


def test_shares_may_sum_to_exactly_one() -> None:
    mail, web = Node(NodeKind.SERVICE, "mail"), Node(NodeKind.VENDOR_PRODUCT, "web")

    exceeded = rules.exceeded_shares({mail: Decimal("1.000000"), web: Decimal("1.000001")})

    assert list(exceeded) == [web]


def test_each_definition_has_its_fact() -> None:
    for definitions, facts, members in (
        (rules.PROVIDER_DEFINITIONS, rules.provider_facts, "count hard_count on_retired_count"),
        (rules.CONSUMER_DEFINITIONS, rules.consumer_facts, "count hard_count"),
        (
            rules.PRODUCT_DEFINITIONS,
            rules.product_facts,
            "count past_end_of_life_count expired_count expiring_count",
        ),
    ):
        section = {member: number for number, member in enumerate(members.split(), start=1)}

        found = facts(section, NOW)

        assert list(found) == [one.name for one in definitions]
        assert [fact.value for fact in found.values()] == list(section.values())
        assert {fact.as_of for fact in found.values()} == {NOW}
