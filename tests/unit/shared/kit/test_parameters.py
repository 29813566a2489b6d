"""A query parameter that an operation does not have is an error of the request."""

from collections.abc import AsyncIterator
from typing import Annotated, Any

import httpx
import pytest
from fastapi import Depends, FastAPI, Query

from shared.kit.problems import install_problem_handlers
from shared.kit.routing import Router

router = Router()
written: list[str] = []


async def page(limit: int = 50, cursor: str | None = None) -> int:
    return limit


@router.get("/lists")
async def get_list(
    limit: Annotated[int, Depends(page)],
    state: Annotated[list[str] | None, Query()] = None,
    opened_from: Annotated[str | None, Query(alias="from")] = None,
) -> dict[str, Any]:
    return {"limit": limit, "state": state, "from": opened_from}


@router.post("/things")
async def write() -> dict[str, int]:
    written.append("a thing")
    return {"things": len(written)}


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    app = FastAPI()
    install_problem_handlers(app)
    app.include_router(router)
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        yield client


async def test_own_parameters_and_those_of_dependencies_are_known(http: httpx.AsyncClient) -> None:
    reply = await http.get("/lists?limit=7&state=open&state=new&from=2026&cursor=")

    assert reply.json() == {"limit": 7, "state": ["open", "new"], "from": "2026"}


@pytest.mark.parametrize(
    ("query", "pointer", "hint"),
    [
        ("limt=7", "/query/limt", "do you mean limit?"),
        ("opened_from=2026", "/query/opened_from", "there are cursor, from, limit, state"),
        ("a/b~c", "/query/a~1b~0c", "there are cursor, from, limit, state"),
        ("=", "/query/", "there are cursor, from, limit, state"),
    ],
)
async def test_a_misspelt_one_is_named_with_what_may_be_meant(
    http: httpx.AsyncClient, query: str, pointer: str, hint: str
) -> None:
    reply = await http.get(f"/lists?state=open&{query}")

    problem = reply.json()
    assert (reply.status_code, problem["code"]) == (422, "unknown_parameter")
    (error,) = problem["errors"]
    assert (error["pointer"], error["code"]) == (pointer, "unknown_parameter")
    assert error["detail"].endswith(hint)
    assert pointer in problem["detail"]


async def test_nothing_is_done_where_one_is_unknown(http: httpx.AsyncClient) -> None:
    written.clear()

    reply = await http.post("/things?dry_run=1")

    assert reply.status_code == 422
    assert reply.json()["errors"][0]["detail"] == "there are no query parameters here"
    assert written == []
