"""Registering ITSM tools."""

from typing import Any

import pytest
from httpx import Response

from metrics_api.attribution.rules import Memory
from metrics_api.incidents.refold import refold_source
from metrics_api.indicators.queries import cells_that_differ
from shared.kit.database import transaction
from tests.support.metrics import Metrics


async def create(metrics: Metrics, **fields: Any) -> Response:
    return await metrics.http.post("/v1/sources", json={"key": "desk", "name": "Desk"} | fields)


async def test_a_source_is_a_snapshot_source_unless_said_otherwise(metrics: Metrics) -> None:
    reply = await create(metrics)

    assert (reply.status_code, reply.json()["delivery"]) == (201, "snapshot")
    assert reply.headers["Location"] == "/v1/sources/desk"
    again = await metrics.http.get("/v1/sources/desk")
    assert again.json() == reply.json()
    assert again.headers["ETag"] == reply.headers["ETag"]


async def test_a_key_is_given_once(metrics: Metrics) -> None:
    await create(metrics)

    reply = await create(metrics)

    assert (reply.status_code, reply.json()["errors"][0]["pointer"]) == (409, "/key")


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"key": "Not A Slug"}, "/key"),
        ({"name": "a\x00b"}, "/name"),
        ({"delivery": "pigeon"}, "/delivery"),
        ({"timezone": "Mars/Olympus"}, "/timezone"),
        ({"timezone": "../etc/passwd"}, "/timezone"),
        ({"timezone": "Europe"}, "/timezone"),
        ({"state_mapping": {"Open": "sleeping"}}, "/state_mapping/Open"),
        ({"priority_mapping": {"low": 9}}, "/priority_mapping/low"),
        ({"secret": "x"}, "/secret"),
    ],
)
async def test_a_bad_field_is_422_and_named(
    metrics: Metrics, fields: dict[str, Any], pointer: str
) -> None:
    reply = await create(metrics, **fields)

    assert (reply.status_code, reply.json()["errors"][0]["pointer"]) == (422, pointer)


@pytest.mark.parametrize("kind", ["service-now", "ServiceNow ITSM", "Pager_Duty", "jira-cloud"])
async def test_a_known_tool_by_another_spelling_is_not_taken_for_an_unknown_one(
    metrics: Metrics, kind: str
) -> None:
    reply = await create(metrics, kind=kind)

    assert (reply.status_code, reply.json()["errors"][0]["pointer"]) == (422, "/kind")
    assert "the kind of that tool is" in reply.json()["errors"][0]["detail"]


@pytest.mark.parametrize("kind", ["topdesk", "ServiceNow", "home-made", "generic-desk"])
async def test_any_other_kind_is_taken(metrics: Metrics, kind: str) -> None:
    assert (await create(metrics, kind=kind)).status_code == 201


async def test_a_change_needs_the_version_that_was_read(metrics: Metrics) -> None:
    tag = (await create(metrics)).headers["ETag"]
    path, body = "/v1/sources/desk", {"timezone": "Asia/Kathmandu"}

    without = await metrics.http.patch(path, json=body)
    first = await metrics.http.patch(path, json=body, headers={"If-Match": tag})
    second = await metrics.http.patch(path, json={"name": "x"}, headers={"If-Match": tag})

    assert [reply.status_code for reply in (without, first, second)] == [428, 200, 412]
    assert (first.json()["timezone"], first.json()["name"]) == ("Asia/Kathmandu", "Desk")


async def test_only_the_time_zone_can_be_taken_away(metrics: Metrics) -> None:
    await create(metrics, timezone="Asia/Kathmandu")
    body = {"timezone": None, "name": None}

    reply = await metrics.http.patch("/v1/sources/desk", json=body, headers={"If-Match": "*"})

    assert (reply.json()["timezone"], reply.json()["name"]) == (None, "Desk")


async def test_a_source_that_is_not_there_is_404(metrics: Metrics) -> None:
    for path in ("none", "none/api-keys"):
        assert (await metrics.http.get(f"/v1/sources/{path}")).status_code == 404
    for method, path in (("POST", "none/api-keys"), ("DELETE", "none/api-keys/1")):
        reply = await metrics.http.request(method, f"/v1/sources/{path}", json={"name": "x"})
        assert reply.status_code == 404


async def test_what_opens_a_source_is_told_with_the_path_by_which_it_ends(
    metrics: Metrics,
) -> None:
    await create(metrics)

    for path, body in (("api-keys", {"name": "x"}), ("secrets", {})):
        reply = await metrics.http.post(f"/v1/sources/desk/{path}", json=body)
        assert (await metrics.http.delete(reply.headers["Location"])).status_code == 204


async def test_a_repeated_creation_with_its_key_gives_the_first_reply(metrics: Metrics) -> None:
    metrics.http.headers["Idempotency-Key"] = "once"

    first, second = await create(metrics), await create(metrics)

    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json() == second.json()


async def test_a_corrected_mapping_reaches_the_records_that_are_there(metrics: Metrics) -> None:
    await create(metrics)
    stamp = "2026-03-01T08:00:00Z"
    for version, state in enumerate(("Offen", "Erledigt")):
        update = {"state": state, "version": version, "updated_at": stamp, "opened_at": stamp}
        await metrics.http.post(
            "/v1/incidents",
            json={"source": "desk", "external_id": "1", "priority": "hoch"} | update,
        )
    words = {
        "state_mapping": {"offen": "new", "erledigt": "resolved"},
        "priority_mapping": {"hoch": 1},
    }

    await metrics.http.patch("/v1/sources/desk", json=words, headers={"If-Match": "*"})
    changed = await refold_source(metrics.engine, Memory(), "desk")

    incident = (await metrics.http.get("/v1/incidents/desk/1")).json()
    moves = (await metrics.http.get("/v1/incidents/desk/1/transitions")).json()["items"]
    assert (changed, incident["state"], incident["major"]) == (1, "resolved", True)
    assert [move["to_state"] for move in moves] == ["new", "resolved"]
    async with transaction(metrics.engine) as session:
        assert await cells_that_differ(session) == []
    assert await refold_source(metrics.engine, Memory(), "desk") == 0
