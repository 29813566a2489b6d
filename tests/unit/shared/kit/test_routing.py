"""The table of routes answers as FastAPI's own router does, whatever the shape of a path."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from itertools import product
from pathlib import Path
from threading import Event
from typing import Any

import httpx
import pytest
from fastapi import APIRouter, FastAPI

from shared.kit.app import build_app
from shared.kit.routing import Router, RouteTable
from tests.support.plumbing import PlumbingSettings, local_issuer

ROUTES = [
    ("GET", "/health"),
    ("GET", "/v1/services"),
    ("POST", "/v1/services"),
    ("POST", "/v1/services/onboard"),
    ("GET", "/v1/services/search"),
    ("GET", "/v1/services/{key}"),
    ("PATCH", "/v1/services/{key}"),
    ("GET", "/v1/services/{key}/owners"),
    ("PUT", "/v1/services/{key}/owners"),
    ("GET", "/v1/services/{key}/{part}"),
    ("DELETE", "/v1/services/{key}/owners/{id}"),
    ("GET", "/v1/services/{key}/owners/{id}/history"),
    ("GET", "/v1/services/{key}/owners/{id}/history/{entry}/changes"),
    ("GET", "/v1/events"),
    ("GET", "/v1/{kind}"),
    ("GET", "/v1/{kind}/{key}/audit"),
    ("POST", "/v1/{kind}/{key}/{act}/undo"),
]
METHODS = ["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"]
PATHS = [
    "/",
    "/health",
    "/health/",
    "/healthy",
    "/v1",
    "/v1/services",
    "/v1/services/",
    "/v1/events",
    "/v1/boards",
    "/v1/boards/cab",
    "/v1/boards/cab/audit",
    "/v1/boards/cab/owners",
    "/v1/boards/cab/end/undo",
    "/v1/services/onboard",
    "/v1/services/search",
    "/v1/services/vpn",
    "/v1/services/vpn/",
    "/v1/services//owners",
    "/v1/services/vpn/owners",
    "/v1/services/vpn/audit",
    "/v1/services/vpn/owners/7",
    "/v1/services/vpn/owners/7/undo",
    "/v1/services/vpn/owners/undo",
    "/v1/services/vpn/owners/7/history",
    "/v1/services/vpn/owners/7/history/3",
    "/v1/services/vpn/owners/7/history/3/changes",
    "/v1/services/vpn/owners/7/history/3/changes/1",
    "/v1/*",
    "/v1/*/cab/audit",
    "/v1/services/vpn/*",
    "/v1/{kind}",
    "/v1/services/%7Bkey%7D/owners",
    "/v2/services",
]
Route = tuple[str, str]


def router_of(routes: Sequence[Route]) -> Router:
    """Each route answers with its own path."""
    router = Router()
    for method, path in routes:
        router.add_api_route(path, answer_with(path), methods=[method])
    return router


def answer_with(path: str) -> Callable[[], Awaitable[str]]:
    async def answer() -> str:
        return path

    return answer


def by_table(routes: Sequence[Route]) -> FastAPI:
    app = FastAPI()
    app.router.routes.append(RouteTable(router_of(routes).routes))
    return app


def by_fastapi(routes: Sequence[Route]) -> FastAPI:
    app = FastAPI()
    app.include_router(router_of(routes))
    return app


OURS, THEIRS = by_table(ROUTES), by_fastapi(ROUTES)


async def send(app: FastAPI, method: str, path: str) -> httpx.Response:
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://table") as client:
        return await client.request(method, path)


@pytest.mark.parametrize(("method", "path"), list(product(METHODS, PATHS)))
async def test_a_request_is_answered_as_by_fastapi_itself(method: str, path: str) -> None:
    ours, theirs = await send(OURS, method, path), await send(THEIRS, method, path)

    assert (ours.status_code, ours.content) == (theirs.status_code, theirs.content)
    assert ours.headers.get("Location") == theirs.headers.get("Location")
    # FastAPI names the methods of the first route of the path only.
    assert methods_of(theirs) <= methods_of(ours)


def methods_of(reply: httpx.Response) -> set[str]:
    return set(filter(None, reply.headers.get("Allow", "").split(", ")))


@pytest.mark.parametrize(
    ("method", "path", "found"),
    [
        ("GET", "/health", "/health"),
        ("GET", "/v1/services", "/v1/services"),
        ("GET", "/v1/boards", "/v1/{kind}"),
        ("GET", "/v1/boards/cab/audit", "/v1/{kind}/{key}/audit"),
        ("GET", "/v1/services/vpn/risks", "/v1/services/{key}/{part}"),
        ("DELETE", "/v1/services/vpn/owners/7", "/v1/services/{key}/owners/{id}"),
        ("GET", "/v1/services/vpn/owners/7/history", "/v1/services/{key}/owners/{id}/history"),
        ("POST", "/v1/boards/cab/end/undo", "/v1/{kind}/{key}/{act}/undo"),
        (
            "GET",
            "/v1/services/vpn/owners/7/history/3/changes",
            "/v1/services/{key}/owners/{id}/history/{entry}/changes",
        ),
    ],
)
async def test_words_and_parameters_are_found_at_each_depth(
    method: str, path: str, found: str
) -> None:
    reply = await send(OURS, method, path)

    assert (reply.status_code, reply.json()) == (200, found)


@pytest.mark.parametrize(
    ("path", "parts"),
    [
        ("/v1/notes/a%2Fb/7", ["a/b", 7]),
        ("/v1/notes/%2f/7", ["/", 7]),
        ("/v1/notes/a%2Fb%252Fc%20%C3%A9/7", ["a/b%2Fc é", 7]),
        ("/v1/notes/a%252Fb/7", ["a%2Fb", 7]),
    ],
)
async def test_an_encoded_slash_is_one_of_a_parameter(path: str, parts: list[Any]) -> None:
    router = Router()

    @router.get("/v1/notes/{key}/{number}")
    async def note(key: str, number: int) -> list[Any]:
        return [key, number]

    app = FastAPI()
    app.router.routes.append(RouteTable(router.routes))

    assert (await send(app, "GET", path)).json() == parts


class TestFixedWords:
    async def test_the_one_registered_first_goes_before_a_parameter(self) -> None:
        assert (await send(OURS, "GET", "/v1/services/search")).json() == ("/v1/services/search")

    async def test_one_with_another_method_leaves_the_request_to_the_parameter(self) -> None:
        replies = [await send(OURS, verb, "/v1/services/onboard") for verb in ("POST", "GET")]

        assert [reply.json() for reply in replies] == ["/v1/services/onboard", "/v1/services/{key}"]

    @pytest.mark.parametrize(
        ("word", "parameter", "path"),
        [
            ("/v1/services", "/v1/{kind}", "/v1/services"),
            ("/v1/services/{key}", "/v1/{kind}/{key}", "/v1/services/vpn"),
            ("/v1/services/{key}/owners", "/v1/services/{key}/{part}", "/v1/services/vpn/owners"),
            ("/v1/services/{key}/{part}", "/v1/{kind}/{key}/owners", "/v1/services/vpn/owners"),
        ],
        ids=["first word", "first word of two", "second word", "first word before second"],
    )
    async def test_a_resource_goes_before_a_parameter_in_any_order(
        self, word: str, parameter: str, path: str
    ) -> None:
        for routes in ([word, parameter], [parameter, word]):
            app = by_table([("GET", route) for route in routes])
            assert (await send(app, "GET", path)).json() == word

    async def test_after_the_resource_the_order_of_the_routes_decides(self) -> None:
        """As in FastAPI: a fixed word in the place of a key has to be registered first."""
        word, parameter = "/v1/services/search", "/v1/services/{key}"

        for first, second in ((word, parameter), (parameter, word)):
            app = by_table([("GET", first), ("GET", second)])
            assert (await send(app, "GET", word)).json() == first


class TestNotFound:
    @pytest.mark.parametrize(
        ("method", "path", "allowed"),
        [
            ("DELETE", "/health", "GET"),
            ("DELETE", "/v1/services", "GET, POST"),
            ("PUT", "/v1/services/vpn", "GET, PATCH"),
            ("DELETE", "/v1/services/onboard", "GET, PATCH, POST"),
            ("PUT", "/v1/boards", "GET"),
            ("GET", "/v1/services/vpn/owners/7", "DELETE"),
            ("GET", "/v1/boards/cab/end/undo", "POST"),
            ("HEAD", "/v1/events", "GET"),
            ("OPTIONS", "/v1/events", "GET"),
        ],
    )
    async def test_a_known_path_names_the_methods_it_has(
        self, method: str, path: str, allowed: str
    ) -> None:
        reply = await send(OURS, method, path)

        assert (reply.status_code, reply.headers["Allow"]) == (405, allowed)

    @pytest.mark.parametrize(
        "path", ["/", "/v1", "/v2/services", "/v1/boards/cab", "/v1/services/vpn/owners/7/x/y"]
    )
    async def test_an_unknown_path_is_not_found(self, path: str) -> None:
        assert (await send(OURS, "GET", path)).status_code == 404


class TestContract:
    @pytest.fixture
    def app(self, tmp_path: Path) -> FastAPI:
        """Built as a service is; nothing here asks a database."""
        settings = PlumbingSettings(trusted_issuers=(local_issuer(tmp_path),))
        routers: list[APIRouter] = [router_of(ROUTES[:4]), router_of(ROUTES[4:])]
        return build_app(
            settings,
            package="tests",
            title="Table",
            description="Routes by their shape.",
            version="1",
            routers=routers,
        )

    async def test_it_lists_every_route(self, app: FastAPI) -> None:
        paths = (await send(app, "GET", "/openapi.json")).json()["paths"]

        listed = {(verb.upper(), path) for path, verbs in paths.items() for verb in verbs}
        assert set(ROUTES) <= listed
        assert ("GET", "/v1/audit") in listed

    async def test_nobody_waits_while_it_is_made(
        self, app: FastAPI, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        begun, others_answered, contract = Event(), Event(), app.openapi()

        def made_slowly() -> dict[str, Any]:
            begun.set()
            assert others_answered.wait(5)
            return contract

        monkeypatch.setattr(app, "openapi", made_slowly)
        asked = [asyncio.create_task(send(app, "GET", "/openapi.json")) for _ in range(2)]
        assert await asyncio.to_thread(begun.wait, 5)

        assert (await send(app, "GET", "/docs")).status_code == 200
        others_answered.set()
        assert [(await one).json() for one in asked] == [contract, contract]

    async def test_the_docs_show_it(self, app: FastAPI) -> None:
        reply = await send(app, "GET", "/docs")

        assert reply.status_code == 200
        assert "/openapi.json" in reply.text

    async def test_a_service_finds_its_routes_in_it(self, app: FastAPI) -> None:
        replies = [await send(app, verb, "/v1/services/vpn/owners/7") for verb in ("DELETE", "GET")]

        assert [reply.status_code for reply in replies] == [200, 405]
        assert replies[1].headers["Allow"] == "DELETE"
