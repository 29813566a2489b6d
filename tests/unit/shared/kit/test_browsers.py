"""Which web pages may call from a browser, and what they get to see."""

from collections.abc import Mapping

import httpx
import pytest

from shared.kit.app import build_app
from shared.kit.routing import Router
from tests.support.plumbing import PlumbingSettings

PORTAL = "https://portal.example"
ASKING = {
    "Origin": PORTAL,
    "Access-Control-Request-Method": "PATCH",
    "Access-Control-Request-Headers": "authorization, if-match, idempotency-key",
}


router = Router()


@router.get("/v1/broken")
async def broken() -> None:
    raise RuntimeError("a defect of ours")


async def call(method: str, path: str, headers: Mapping[str, str], *origins: str) -> httpx.Response:
    app = build_app(
        PlumbingSettings(cors_origins=origins),
        package="plumbing",
        title="Plumbing",
        description="",
        version="1",
        routers=(router,),
    )
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://plumbing") as http:
        return await http.request(method, path, headers=headers)


async def test_a_page_of_a_listed_origin_may_change_things_with_its_token() -> None:
    asked = await call("OPTIONS", "/v1/audit", ASKING, PORTAL)

    assert asked.status_code == 200
    assert asked.headers["Access-Control-Allow-Origin"] == PORTAL
    assert "PATCH" in asked.headers["Access-Control-Allow-Methods"]
    assert "Access-Control-Allow-Credentials" not in asked.headers


async def test_it_reads_what_paging_and_changing_need_also_of_an_error() -> None:
    refused = await call("GET", "/metrics", {"Origin": PORTAL}, PORTAL)

    assert refused.status_code == 401
    assert refused.headers["Access-Control-Allow-Origin"] == PORTAL
    readable = refused.headers["Access-Control-Expose-Headers"]
    assert {"ETag", "Link", "Location"} <= set(readable.split(", "))


async def test_it_reads_the_problem_and_its_request_id_when_we_fail() -> None:
    asked = {"Origin": PORTAL, "X-Request-Id": "from-the-page"}

    failed = await call("GET", "/v1/broken", asked, PORTAL)

    assert (failed.status_code, failed.json()["code"]) == (500, "internal_error")
    assert failed.headers["Content-Type"] == "application/problem+json"
    assert failed.headers["X-Request-Id"] == failed.json()["request_id"] == "from-the-page"
    assert failed.headers["Access-Control-Allow-Origin"] == PORTAL


@pytest.mark.parametrize("origins", [(), ("https://another.example",)])
async def test_pages_of_other_origins_get_nothing(origins: tuple[str, ...]) -> None:
    answers = [
        await call("OPTIONS", "/v1/audit", ASKING, *origins),
        await call("GET", "/healthz", {"Origin": PORTAL}, *origins),
    ]

    assert all("Access-Control-Allow-Origin" not in answer.headers for answer in answers)


@pytest.mark.parametrize("path", ["/healthz", "/v1/broken", "/v1/nowhere"])
async def test_it_takes_nothing_for_anything_but_what_we_say_it_is(path: str) -> None:
    answer = await call("GET", path, {})

    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("path", ["/healthz", "/openapi.json", "/v1/audit", "/v1/nowhere"])
async def test_the_head_of_a_page_is_that_of_the_page_without_its_body(path: str) -> None:
    same = {"X-Request-Id": "one"}

    page, head = [await call(method, path, same) for method in ("GET", "HEAD")]

    assert (head.status_code, head.headers, head.content) == (page.status_code, page.headers, b"")


async def test_what_cannot_be_read_has_no_head() -> None:
    assert (await call("HEAD", "/v1/subscriptions/1/replay", {})).status_code == 405
