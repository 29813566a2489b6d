"""Service plans over HTTP: how their versions are written and read."""

import asyncio
from typing import Any

import pytest

from tests.support.catalog import Catalog, Make
from tests.support.plans import (
    IN_STATE,
    ITEM,
    ROADMAP,
    ROADMAPS,
    STRATEGY,
    TARGETS,
    approved,
    draft,
    make_plannable,
    person,
    post,
    superseded,
)


@pytest.fixture
async def planned(catalog: Catalog, make_service: Make) -> Catalog:
    await make_plannable(catalog, make_service)
    return catalog


class TestWrite:
    @pytest.mark.parametrize("text", [STRATEGY, ROADMAP, TARGETS], ids=lambda t: t["kind"])
    async def test_a_draft_holds_the_text_as_it_was_written(
        self, planned: Catalog, text: dict[str, Any]
    ) -> None:
        url = f"/v1/services/vpn/plans/{text['kind']}/versions"

        reply = await post(planned, url, {"text": text})

        assert (reply.status_code, reply.headers["Location"]) == (201, f"{url}/1")
        assert (reply.json()["state"], reply.json()["text"]) == ("draft", text)
        assert reply.json()["authors"] == ["ada"]

    @pytest.mark.parametrize(
        ("url", "text", "roles"),
        [
            ("/v1/services/vpn/plans/strategy", STRATEGY, ["portfolio_manager"]),
            ("/v1/services/vpn/plans/roadmap", ROADMAP, ["service_owner"]),
            ("/v1/services/vpn/plans/targets", TARGETS, ["service_owner"]),
            ("/v1/portfolios/workplace/plans/roadmap", ROADMAP, ["portfolio_manager"]),
        ],
    )
    async def test_each_kind_has_its_default_approvers(
        self, planned: Catalog, url: str, text: Any, roles: list[str]
    ) -> None:
        reply = await post(planned, f"{url}/versions", {"text": text})

        assert reply.json()["approver_roles"] == roles
        assert reply.json()["missing_approvals"] == roles

    async def test_one_version_at_a_time_is_written(self, planned: Catalog) -> None:
        await draft(planned)

        reply = await post(planned, ROADMAPS, {"text": ROADMAP})

        assert (reply.status_code, reply.json()["code"]) == (409, "version_open")
        assert (reply.json()["version"], reply.json()["state"]) == (1, "draft")

    async def test_of_two_who_begin_at_once_one_is_refused(self, planned: Catalog) -> None:
        replies = await asyncio.gather(
            *(post(planned, ROADMAPS, {"text": ROADMAP}) for _ in range(4))
        )

        assert sorted(reply.status_code for reply in replies) == [201, 409, 409, 409]

    async def test_a_changed_draft_has_another_hash_and_one_more_author(
        self, planned: Catalog
    ) -> None:
        version = await draft(planned)
        later = {"kind": "roadmap", "items": [ITEM | {"status": "done"}]}
        headers = person(planned, "bea") | {"If-Match": version["etag"]}

        reply = await planned.http.put(version["url"], json={"text": later}, headers=headers)

        assert (reply.status_code, reply.json()["text"]) == (200, later)
        assert reply.json()["text_hash"] != version["text_hash"]
        assert reply.json()["authors"] == ["ada", "bea"]

    async def test_the_same_text_again_changes_nothing(self, planned: Catalog) -> None:
        version = await draft(planned)
        headers = {"If-Match": "*"}

        reply = await planned.http.put(version["url"], json={"text": ROADMAP}, headers=headers)

        assert reply.headers["ETag"] == version["etag"]

    @pytest.mark.parametrize(("tag", "status"), [({}, 428), ({"If-Match": '"7"'}, 412)])
    async def test_a_draft_is_changed_as_it_was_read(
        self, planned: Catalog, tag: dict[str, str], status: int
    ) -> None:
        version = await draft(planned)

        reply = await planned.http.put(version["url"], json={"text": ROADMAP}, headers=tag)

        assert reply.status_code == status

    @pytest.mark.parametrize("state", ["in_review", "approved", "superseded"])
    async def test_a_text_that_is_no_draft_cannot_change(
        self, planned: Catalog, state: str
    ) -> None:
        version = await IN_STATE[state](planned)
        later = {"text": {"kind": "roadmap", "items": []}}

        reply = await planned.http.put(version["url"], json=later, headers={"If-Match": "*"})
        kept = (await planned.http.get(version["url"])).json()

        assert (reply.status_code, reply.json()["code"]) == (409, "state_not_allowed")
        assert reply.json()["allowed"] == ["draft"]
        assert (kept["text"], kept["state"]) == (ROADMAP, state)

    @pytest.mark.parametrize(
        ("text", "pointer", "code"),
        [
            (STRATEGY | {"objectives": ["lost"]}, "/text/objectives/0", "unknown_objective"),
            (
                STRATEGY | {"target_customers": ["x"]},
                "/text/target_customers/0",
                "unknown_customer",
            ),
            (ROADMAP | {"items": [ITEM, ITEM]}, "/text/items/1/id", "repeated"),
            (ROADMAP | {"items": [ITEM | {"cost": None}]}, "/text/items/0/currency", "currency"),
            (TARGETS, "/text/kind", "other_kind"),
        ],
    )
    async def test_what_a_text_cannot_say_is_pointed_at(
        self, planned: Catalog, text: dict[str, Any], pointer: str, code: str
    ) -> None:
        kind = "roadmap" if code == "other_kind" else text["kind"]

        reply = await post(planned, f"/v1/services/vpn/plans/{kind}/versions", {"text": text})

        assert reply.status_code == 422
        assert [(e["pointer"], e["code"]) for e in reply.json()["errors"]] == [(pointer, code)]

    async def test_an_approver_role_is_named_once(self, planned: Catalog) -> None:
        body = {"text": ROADMAP, "approver_roles": ["service_owner", "service_owner"]}

        reply = await post(planned, ROADMAPS, body)

        assert (reply.status_code, reply.json()["errors"][0]["pointer"]) == (
            422,
            "/approver_roles/1",
        )

    @pytest.mark.parametrize(
        "url", ["/v1/services/none/plans/roadmap/versions", "/v1/portfolios/none/plans", ROADMAPS]
    )
    async def test_what_is_not_there_is_not_found(self, planned: Catalog, url: str) -> None:
        reply = await planned.http.get(f"{url}/1" if url == ROADMAPS else url)

        assert reply.status_code == 404


class TestRead:
    async def test_the_plans_in_force_are_the_approved_versions(self, planned: Catalog) -> None:
        await approved(planned)
        await draft(planned)

        plans = (await planned.http.get("/v1/services/vpn/plans")).json()

        assert (plans["roadmap"]["version"], plans["roadmap"]["state"]) == (1, "approved")
        assert (plans["strategy"], plans["targets"]) == (None, None)

    async def test_versions_are_listed_newest_first_and_by_state(self, planned: Catalog) -> None:
        await superseded(planned)

        every = (await planned.http.get(ROADMAPS, params={"limit": 1})).json()
        older = await planned.http.get(ROADMAPS, params={"cursor": every["next_cursor"]})
        approved_only = await planned.http.get(ROADMAPS, params={"state": "approved"})

        assert [one["version"] for one in every["items"]] == [2]
        assert [one["version"] for one in older.json()["items"]] == [1]
        assert [one["version"] for one in approved_only.json()["items"]] == [2]

    async def test_two_versions_are_compared_item_by_item(self, planned: Catalog) -> None:
        await approved(planned)
        done = {"kind": "roadmap", "items": [ITEM | {"status": "done"}]}
        second = await draft(planned, text=done)

        reply = await planned.http.get(f"{second['url']}/difference", params={"against": 1})

        assert reply.json()["changes"] == [
            {"pointer": "/items/sso/status", "before": "planned", "after": "done"}
        ]
