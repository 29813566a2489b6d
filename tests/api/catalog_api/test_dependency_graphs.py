"""The graph in the database: no writes make a cycle, and what SQL says of it equals brute force."""

import asyncio
from typing import Any

import httpx
import networkx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalog_api.dependencies.closures import downstream
from catalog_api.dependencies.queries import dependents
from shared.kit.database import answer, transaction
from tests.support.catalog import Catalog, Make
from tests.support.graphs import Graph, load_graph, make_graph

KEYS = list("abcde")
keys = st.sampled_from(KEYS)
pairs = st.tuples(keys, keys)
writes = st.one_of(
    st.tuples(st.just("add"), pairs),
    st.tuples(st.just("bulk"), st.lists(pairs, min_size=1, max_size=4, unique=True)),
    st.tuples(st.just("remove"), st.integers(0, 9)),
)
# Each inner list is written at once, by as many transactions.
stories = st.lists(st.lists(writes, min_size=1, max_size=5), min_size=1, max_size=4)


def on(key: str) -> dict[str, Any]:
    return {"provider": {"kind": "service", "key": key}, "strength": "hard"}


async def edges(catalog: Catalog) -> list[dict[str, Any]]:
    reply = await catalog.http.get("/v1/dependencies", params={"limit": 500})
    found: list[dict[str, Any]] = reply.json()["items"]
    return found


async def write(catalog: Catalog, there: list[dict[str, Any]], what: tuple[str, Any]) -> Any:
    verb, detail = what
    if verb == "add":
        consumer, provider = detail
        url = f"/v1/services/{consumer}/dependencies"
        return await catalog.http.post(url, json=on(provider))
    if verb == "bulk":
        items = [{"consumer": consumer, **on(provider)} for consumer, provider in detail]
        return await catalog.http.post("/v1/dependencies/bulk", json=items)
    if not there:
        return httpx.Response(404)
    edge = there[detail % len(there)]
    url = f"/v1/services/{edge['consumer']}/dependencies/{edge['id']}"
    return await catalog.http.delete(url)


@pytest.fixture
async def services(make_service: Make) -> None:
    for key in KEYS:
        await make_service(key)


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(story=stories)
async def test_no_sequence_of_writes_makes_a_cycle(
    catalog: Catalog, services: None, story: list[list[tuple[str, Any]]]
) -> None:
    for edge in await edges(catalog):
        await catalog.http.delete(f"/v1/services/{edge['consumer']}/dependencies/{edge['id']}")
    for at_once in story:
        there = await edges(catalog)
        replies = await asyncio.gather(*(write(catalog, there, what) for what in at_once))

        assert {reply.status_code for reply in replies} <= {200, 201, 204, 404, 409}
        now = [(edge["consumer"], edge["provider"]["key"]) for edge in await edges(catalog)]
        assert networkx.is_directed_acyclic_graph(networkx.DiGraph(now))
        assert len(now) == len(set(now))


def as_networkx(graph: Graph, *, hard: bool = False) -> Any:
    """Nodes are (kind, key)."""
    drawn = networkx.DiGraph()
    drawn.add_nodes_from(("service", service["key"]) for service in graph.services)
    for edge in graph.dependencies:
        if not hard or edge["strength"] == "hard":
            provider = edge["provider"]
            drawn.add_edge(("service", edge["consumer"]), (provider["kind"], provider["key"]))
    return drawn


@pytest.mark.parametrize("seed", [4, 5])
async def test_a_closure_equals_brute_force(catalog: Catalog, seed: int) -> None:
    graph = make_graph(services=40, dependencies=120, vendor_products=5, seed=seed)
    await load_graph(catalog.http, graph)
    drawn = as_networkx(graph)

    async with transaction(catalog.app.state.engine) as session:
        for service in graph.services[::4]:
            start = ("service", service["key"])
            closure = await answer(session, downstream(service["key"]))
            consumers = await dependents(session, service["key"])

            below = networkx.descendants(drawn, start)
            assert {(node.kind.value, node.key) for node in closure.nodes} == below
            found = {
                (("service", edge.consumer), (edge.provider.kind.value, edge.provider.key))
                for edge in closure.edges
            }
            assert found == set(drawn.subgraph({start, *below}).edges)
            assert len(found) == len(closure.edges)
            assert consumers == sorted(key for _, key in drawn.predecessors(start))


@pytest.mark.parametrize("seed", [6, 7])
async def test_what_is_needed_hard_equals_brute_force(catalog: Catalog, seed: int) -> None:
    graph = make_graph(services=40, dependencies=120, vendor_products=5, seed=seed)
    await load_graph(catalog.http, graph)
    drawn = as_networkx(graph, hard=True)

    for service in graph.services[::4]:
        reply = await catalog.http.get(f"/v1/services/{service['key']}/ceilings")

        below = networkx.descendants(drawn, ("service", service["key"]))
        found = reply.json()
        missing = {(one["kind"], one["key"]) for one in found["availability"]["missing"]}
        assert (found["hard_dependency_count"], missing) == (len(below), below)
