"""Impact over HTTP: against networkx on made-up graphs, and the picture of the surroundings."""

from typing import Any
from xml.etree import ElementTree

import networkx
import pytest

from tests.support.catalog import Catalog, Make
from tests.support.graphs import Graph, load_graph, make_graph

SVG = "{http://www.w3.org/2000/svg}"


async def impact(catalog: Catalog, path: str, **query: Any) -> list[dict[str, Any]]:
    """Every page of the list."""
    items: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    while True:
        reply = await catalog.http.get(f"/v1/{path}/impact", params=query | cursor)
        assert reply.status_code == 200, reply.text
        items += reply.json()["items"]
        if reply.json()["next_cursor"] is None:
            return items
        cursor = {"cursor": reply.json()["next_cursor"]}


def as_networkx(graph: Graph, *, hard: bool = False) -> Any:
    """Nodes are (kind, key)."""
    drawn = networkx.DiGraph()
    drawn.add_nodes_from(("service", service["key"]) for service in graph.services)
    drawn.add_nodes_from(("vendor_product", product["key"]) for product in graph.vendor_products)
    for edge in graph.dependencies:
        if not hard or edge["strength"] == "hard":
            consumer = ("service", edge["consumer"])
            drawn.add_edge(consumer, (edge["provider"]["kind"], edge["provider"]["key"]))
    return drawn


def distances(graph: Any, start: tuple[str, str], direction: str) -> dict[tuple[str, str], int]:
    walked = graph if direction == "down" else graph.reverse()
    found: dict[tuple[str, str], int] = dict(
        networkx.single_source_shortest_path_length(walked, start)
    )
    del found[start]
    return found


def depths(items: list[dict[str, Any]]) -> dict[tuple[str, str], int]:
    assert len({(item["kind"], item["key"]) for item in items}) == len(items)
    return {(item["kind"], item["key"]): item["depth"] for item in items}


class TestAgainstNetworkx:
    @pytest.mark.parametrize("seed", [1, 2, 3])
    async def test_the_answers_are_those_of_networkx(self, catalog: Catalog, seed: int) -> None:
        graph = make_graph(services=40, dependencies=110, vendor_products=5, seed=seed)
        await load_graph(catalog.http, graph)
        every, hard = as_networkx(graph), as_networkx(graph, hard=True)

        for kind, key in list(every.nodes)[::3]:
            path = f"{'services' if kind == 'service' else 'vendor-products'}/{key}"
            for direction in ("up", "down") if kind == "service" else ("up",):
                asked = {"direction": direction} if kind == "service" else {}
                found = await impact(catalog, path, limit=7, **asked)
                by_hard = await impact(catalog, path, strength="hard", **asked)

                assert depths(found) == distances(every, (kind, key), direction)
                assert depths(by_hard) == distances(hard, (kind, key), direction)
                flagged = {(item["kind"], item["key"]) for item in found if item["hard"]}
                assert flagged == depths(by_hard).keys()


@pytest.fixture
async def chain(catalog: Catalog, make_service: Make) -> None:
    """portal → mail → network, soft; network → lines, a vendor product; portal → network, hard."""
    for key in ("portal", "mail", "network"):
        await make_service(key, name=f"The {key}")
    product = {"key": "lines", "name": "Leased lines", "vendor": "Telco"}
    await catalog.http.post("/v1/vendor-products", json=product)
    for consumer, kind, provider, strength in (
        ("portal", "service", "mail", "hard"),
        ("mail", "service", "network", "soft"),
        ("network", "vendor_product", "lines", "hard"),
    ):
        body = {"provider": {"kind": kind, "key": provider}, "strength": strength}
        await catalog.http.post(f"/v1/services/{consumer}/dependencies", json=body)


@pytest.mark.usefixtures("chain")
class TestImpact:
    async def test_each_node_says_what_it_is_and_how_far_away(self, catalog: Catalog) -> None:
        found = await impact(catalog, "services/portal", direction="down")

        service = {"kind": "service", "stage": "strategy", "state": None}
        assert found == [
            service | {"key": "mail", "name": "The mail", "depth": 1, "hard": True},
            service | {"key": "network", "name": "The network", "depth": 2, "hard": False},
            {
                "kind": "vendor_product",
                "key": "lines",
                "name": "Leased lines",
                "stage": None,
                "state": "active",
                "depth": 3,
                "hard": False,
            },
        ]

    @pytest.mark.parametrize(
        ("path", "query", "keys"),
        [
            ("services/portal", {"direction": "down", "depth": 2}, ["mail", "network"]),
            ("services/portal", {"direction": "down", "strength": "hard"}, ["mail"]),
            ("services/portal", {}, []),
            ("services/network", {}, ["mail", "portal"]),
            ("services/network", {"direction": "down", "depth": 1}, ["lines"]),
            ("vendor-products/lines", {}, ["network", "mail", "portal"]),
            ("vendor-products/lines", {"strength": "hard"}, ["network"]),
            ("vendor-products/lines", {"depth": 1}, ["network"]),
        ],
    )
    async def test_the_question_decides_what_is_reached(
        self, catalog: Catalog, path: str, query: dict[str, Any], keys: list[str]
    ) -> None:
        assert [item["key"] for item in await impact(catalog, path, **query)] == keys

    @pytest.mark.parametrize("path", ["services/nothing", "vendor-products/nothing"])
    async def test_what_is_not_there_has_no_impact(self, catalog: Catalog, path: str) -> None:
        assert (await catalog.http.get(f"/v1/{path}/impact")).status_code == 404

    @pytest.mark.parametrize(
        "query", [{"depth": 0}, {"depth": 1001}, {"direction": "left"}, {"strength": "soft"}]
    )
    async def test_a_question_that_makes_no_sense_is_refused(
        self, catalog: Catalog, query: dict[str, Any]
    ) -> None:
        reply = await catalog.http.get("/v1/services/portal/impact", params=query)

        assert reply.status_code == 422


class TestPicture:
    @pytest.mark.usefixtures("chain")
    async def test_it_shows_the_surroundings_and_needs_nothing_else(self, catalog: Catalog) -> None:
        reply = await catalog.http.get("/v1/services/mail/dependencies.svg")

        drawing = ElementTree.fromstring(reply.text)
        titles = {title.text for title in drawing.iter(f"{SVG}title")}
        styles = [path.get("class") for path in drawing.findall(f"{SVG}path")]
        assert reply.headers["Content-Type"].startswith("image/svg+xml")
        assert {"The portal (portal)", "The mail (mail)", "Leased lines (lines)"} <= titles
        assert sorted(styles) == ["line hard", "line hard", "line soft"]
        assert "depends directly on network" in (drawing.findtext(f"{SVG}desc") or "")
        for word in ("<script", "href", "@import", "url(http"):
            assert word not in reply.text

    async def test_names_are_text_and_not_markup(
        self, catalog: Catalog, make_service: Make
    ) -> None:
        await make_service("evil", name="<script>alert('x')</script> & \x01 \u202e")

        reply = await catalog.http.get("/v1/services/evil/dependencies.svg")

        drawing = ElementTree.fromstring(reply.text)
        assert "script" not in {element.tag.removeprefix(SVG) for element in drawing.iter()}
        assert "<script>alert('x')</script> & \ufffd" in (drawing.findtext(f"{SVG}text") or "")

    async def test_what_is_too_much_is_left_out_and_counted(self, catalog: Catalog) -> None:
        graph = make_graph(services=120, dependencies=400, vendor_products=3)
        await load_graph(catalog.http, graph)

        reply = await catalog.http.get("/v1/services/foundation-00000/dependencies.svg?depth=10")

        drawing = ElementTree.fromstring(reply.text)
        reached = len(await impact(catalog, "services/foundation-00000"))
        below = len(await impact(catalog, "services/foundation-00000", direction="down"))
        assert len(drawing.findall(f"{SVG}g")) == 60
        assert f"{reached + below - 59} more are left out" in reply.text

    async def test_a_service_that_is_not_there_has_no_picture(self, catalog: Catalog) -> None:
        assert (await catalog.http.get("/v1/services/no/dependencies.svg")).status_code == 404
