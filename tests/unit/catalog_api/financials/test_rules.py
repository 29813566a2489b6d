"""Total cost of ownership along dependencies, exactly."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog_api.currencies.rules import Rate, rate_table
from catalog_api.dependencies.rules import Edge, Node, NodeKind, Strength
from catalog_api.financials.rules import (
    ZERO,
    Figure,
    Money,
    borne_shares,
    chosen_currency,
    converted,
    full_costs,
    missing,
    ratio,
    summed,
    total,
)
from catalog_api.money import rounded

MARCH = date(2026, 3, 1)
EUR_CHF = rate_table([Rate("EUR", "CHF", date(2026, 1, 1), Decimal("0.94"))])

Own = dict[Node, Figure]
Graph = tuple[Own, list[Edge]]


def service(key: str) -> Node:
    return Node(NodeKind.SERVICE, key)


def edge(consumer: str, provider: str, share: str) -> Edge:
    return Edge(consumer, service(provider), Strength.HARD, Decimal(share))


def known(**amounts: str) -> Own:
    return {service(key): Figure(Fraction(amount)) for key, amount in amounts.items()}


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    """Services s0, s1, …: each may use later ones; the shares of a provider sum to 1 at most."""
    count = draw(st.integers(1, 8))
    amounts = st.decimals(0, 10**9, places=4)
    own = {service(f"s{number}"): Figure(Fraction(draw(amounts))) for number in range(count)}
    edges: list[Edge] = []
    for provider in range(1, count):
        left = 1_000_000
        for consumer in draw(st.sets(st.integers(0, provider - 1))):
            millionths = draw(st.integers(0, left))
            left -= millionths
            edges.append(edge(f"s{consumer}", f"s{provider}", str(Decimal(millionths) / 10**6)))
    return own, draw(st.permutations(edges))


def paths(node: str, edges: list[Edge]) -> Iterator[tuple[str, Fraction]]:
    """Every path from a service: where it ends, and the product of the shares along it."""
    yield node, Fraction(1)
    for one in edges:
        if one.consumer == node:
            for end, share in paths(one.provider.key, edges):
                yield end, share * Fraction(one.cost_share)


@given(graphs())
def test_full_cost_is_the_sum_over_every_path_to_the_cent(graph: Graph) -> None:
    own, edges = graph

    full = full_costs(own, edges)

    for node in own:
        expected = sum(
            (share * (own[service(end)].value or 0) for end, share in paths(node.key, edges)),
            Fraction(0),
        )
        assert full[node].value == expected
        assert rounded(full[node].value or Fraction(0)) == rounded(expected)


@given(graphs())
def test_a_group_of_all_services_bears_each_own_cost_once(graph: Graph) -> None:
    own, edges = graph

    borne = borne_shares(own, edges)

    assert borne == dict.fromkeys(own, Fraction(1))


@given(graphs(), st.data())
def test_no_group_bears_more_of_a_node_than_it_costs(graph: Graph, data: st.DataObject) -> None:
    own, edges = graph
    group = data.draw(st.sets(st.sampled_from(sorted(own))))

    borne = borne_shares(group, edges)

    assert all(0 <= share <= 1 for share in borne.values())
    assert all(borne[node] == 1 for node in group)


@given(graphs())
def test_a_group_of_one_bears_its_full_cost(graph: Graph) -> None:
    own, edges = graph
    first = service("s0")

    borne = borne_shares([first], edges)

    reckoned = sum(
        ((own[node].value or 0) * share for node, share in borne.items()), start=Fraction(0)
    )
    assert reckoned == full_costs(own, edges)[first].value


def test_a_shared_provider_of_a_provider_is_reckoned_once_for_each_way() -> None:
    own = known(shop="100", mail="10", identity="40")
    edges = [
        edge("shop", "mail", "0.5"),
        edge("shop", "identity", "0.25"),
        edge("mail", "identity", "0.5"),
    ]

    assert full_costs(own, edges)[service("shop")].value == 100 + 5 + 10 + 10


def test_a_provider_without_a_figure_leaves_its_consumers_without_one_and_the_reason() -> None:
    own = {**known(shop="100"), service("mail"): missing("no rate")}

    full = full_costs(own, [edge("shop", "mail", "0.5")])

    assert (full[service("shop")].value, full[service("shop")].reason) == (None, "no rate")


def test_no_share_of_what_is_missing_costs_nothing() -> None:
    own = {**known(shop="100"), service("mail"): missing("no rate")}

    assert full_costs(own, [edge("shop", "mail", "0")])[service("shop")].value == 100


def test_a_provider_without_any_cost_adds_nothing() -> None:
    assert full_costs(known(shop="7"), [edge("shop", "mail", "1")])[service("shop")].value == 7


def test_money_is_converted_before_it_is_summed() -> None:
    moneys = [Money(MARCH, "EUR", Fraction(100)), Money(MARCH, "CHF", Fraction(6))]

    assert summed(moneys, "CHF", EUR_CHF).value == 100


def test_without_a_rate_there_is_no_sum_but_a_reason_with_pair_and_day() -> None:
    moneys = [Money(MARCH, "USD", Fraction(100)), Money(MARCH, "CHF", Fraction(6))]

    figure = summed(moneys, "CHF", EUR_CHF)

    assert figure.value is None
    assert figure.reason == "there is no exchange rate from USD to CHF on 2026-03-01"


def test_nothing_is_nothing_in_any_currency() -> None:
    free = Money(MARCH, "USD", Fraction(0))

    assert converted(free, "CHF", EUR_CHF) == ZERO
    assert summed([free, Money(MARCH, "CHF", Fraction(6))], "CHF", EUR_CHF).value == 6


def test_many_reasons_are_named_and_the_rest_counted() -> None:
    figure = total(missing(f"reason {number}") for number in range(7))

    assert figure.reason == "reason 0; reason 1; reason 2; reason 3; reason 4; and 2 more"


def test_a_ratio_to_nothing_has_no_value() -> None:
    figure = ratio(Figure(Fraction(5)), ZERO, "the full cost is 0")

    assert (figure.value, figure.reason) == (None, "the full cost is 0")


@pytest.mark.parametrize(
    ("asked", "own", "found", "currency"),
    [
        ("USD", {"EUR"}, {"EUR"}, "USD"),
        (None, {"EUR"}, {"EUR", "CHF"}, "EUR"),
        (None, set(), {"CHF"}, "CHF"),
        (None, {"EUR", "CHF"}, {"EUR", "CHF"}, None),
        (None, set(), set(), None),
    ],
)
def test_the_currency_is_the_one_asked_for_or_the_only_one(
    asked: str | None, own: set[str], found: set[str], currency: str | None
) -> None:
    chosen, reason = chosen_currency(asked, own, found)

    assert chosen == currency
    assert (reason == "") == (currency is not None)
