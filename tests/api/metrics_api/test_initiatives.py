"""Initiatives that improvement-api pushes."""

from typing import Any

import httpx
import pytest

from tests.support.metrics import Metrics

INITIATIVE = {
    "service": "network",
    "kpi": "mttr",
    "title": "Do better",
    "start": "2016-04-01",
    "end": None,
    "state": "in_progress",
    "plan": "p1",
    "revision": 2,
}


async def put(metrics: Metrics, initiative: str = "i1", **fields: Any) -> httpx.Response:
    return await metrics.http.put(f"/v1/initiatives/{initiative}", json=INITIATIVE | fields)


async def test_a_pushed_initiative_is_listed(metrics: Metrics) -> None:
    pushed = (await put(metrics)).json()
    listed = (await metrics.http.get("/v1/initiatives", params={"service": "network"})).json()
    assert {name: pushed[name] for name in INITIATIVE} == INITIATIVE
    assert listed["items"] == [pushed]


async def test_pushing_it_again_changes_nothing(metrics: Metrics) -> None:
    assert (await put(metrics)).json() == (await put(metrics)).json()


async def test_a_newer_revision_replaces_it_and_an_older_one_does_not(metrics: Metrics) -> None:
    await put(metrics)
    assert (await put(metrics, title="Newer", revision=3)).json()["title"] == "Newer"
    late = await put(metrics, title="Older", revision=1)
    assert (late.status_code, late.json()["title"]) == (200, "Newer")


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"end": "2016-03-31"}, ""),
        ({"kpi": "none"}, "/kpi"),
        ({"state": "none"}, "/state"),
        ({"revision": 0}, "/revision"),
        ({"title": "a\x00b"}, "/title"),
        ({"plan": "a\x00b"}, "/plan"),
        ({"revision": 2**70}, "/revision"),
    ],
)
async def test_a_bad_field_is_named(metrics: Metrics, fields: dict[str, Any], pointer: str) -> None:
    reply = await put(metrics, **fields)
    assert reply.status_code == 422
    assert [error["pointer"] for error in reply.json()["errors"]] == [pointer]


async def test_pushing_needs_its_scope(metrics: Metrics) -> None:
    reader = metrics.caller(scopes=["metrics:read"])
    reply = await metrics.http.put("/v1/initiatives/i1", json=INITIATIVE, headers=reader)
    assert reply.status_code == 403
