"""Service plans over HTTP: written, reviewed, approved, superseded."""

import asyncio
from typing import Any, ClassVar

import httpx
import psycopg
import pytest

from tests.support.catalog import ALL_SCOPES, Catalog, Make
from tests.support.postgres import Database

STRATEGY = {
    "kind": "strategy",
    "why": "People work anywhere.",
    "outcomes": ["Nobody waits for a desk"],
    "objectives": ["grow"],
    "target_customers": ["sales"],
    "available_from": "2027-01-01",
    "requirements": [{"id": "open-api", "text": "Has an open API", "weight": 3}],
}
ITEM = {
    "id": "sso",
    "capability": "Sign in once",
    "target_date": "2027-06-30",
    "cost": "12000.00",
    "currency": "EUR",
    "status": "planned",
}
ROADMAP = {"kind": "roadmap", "items": [ITEM]}
TARGETS = {
    "kind": "targets",
    "quality_targets": [{"kpi": "mttr", "comparator": "lte", "value": "4.0"}],
    "finance_targets": [
        {
            "measure": "full_cost",
            "comparator": "lte",
            "value": "90000.00",
            "currency": "EUR",
            "period": "2027",
        }
    ],
    "critical_success_factors": [
        {"id": "quick", "statement": "Quick repair", "kpis": ["mttr"], "objective": "grow"}
    ],
}
ROADMAPS = "/v1/services/vpn/plans/roadmap/versions"


@pytest.fixture
async def planned(catalog: Catalog, make_service: Make, catalog_db: Database) -> Catalog:
    """The service vpn, owned by bea, with what its plans refer to."""
    await make_service(owners=[{"role": "service_owner", "subject": "bea"}])
    objective = {"key": "grow", "name": "Grow", "layer": "corporate", "owner": "cal"}
    assert (await catalog.http.post("/v1/objectives", json=objective)).status_code == 201
    with psycopg.connect(catalog_db.admin_url) as admin:
        admin.execute(
            "INSERT INTO catalog.customer VALUES"
            " ('sales', 'Sales', '', 'internal', 'cal', 90, NULL, '2027-01-01', true, 1,"
            " now(), now())"
        )
    return catalog


async def post(catalog: Catalog, url: str, body: Any = None, **caller: Any) -> httpx.Response:
    """As ada, unless another subject is named."""
    headers = person(catalog, **caller) if caller else {}
    return await catalog.http.post(url, json=body, headers=headers)


def person(catalog: Catalog, subject: str, roles: tuple[str, ...] = (), **claims: Any) -> Any:
    token = catalog.token(subject, ALL_SCOPES, roles=list(roles), **claims)
    return {"Authorization": f"Bearer {token}"}


async def draft(catalog: Catalog, url: str = ROADMAPS, **fields: Any) -> dict[str, Any]:
    reply = await post(catalog, url, {"text": ROADMAP} | fields)
    assert reply.status_code == 201, reply.text
    return {**reply.json(), "url": reply.headers["Location"], "etag": reply.headers["ETag"]}


async def in_review(catalog: Catalog, url: str = ROADMAPS, **fields: Any) -> dict[str, Any]:
    version = await draft(catalog, url, **fields)
    reply = await post(catalog, f"{version['url']}/submission")
    assert reply.status_code == 200, reply.text
    return {**reply.json(), "url": version["url"]}


async def approve(
    catalog: Catalog, version: dict[str, Any], subject: str = "bea", **fields: Any
) -> httpx.Response:
    roles = fields.pop("roles", ())
    body = {"text_hash": version["text_hash"]} | fields
    return await post(catalog, f"{version['url']}/approvals", body, subject=subject, roles=roles)


async def approved(catalog: Catalog, url: str = ROADMAPS, **fields: Any) -> dict[str, Any]:
    version = await in_review(catalog, url, **fields)
    reply = await approve(catalog, version)
    assert reply.json()["state"] == "approved", reply.text
    return {**reply.json(), "url": version["url"]}


async def superseded(catalog: Catalog) -> dict[str, Any]:
    first = await approved(catalog)
    await approved(catalog)
    return first


IN_STATE = {
    "draft": draft,
    "in_review": in_review,
    "approved": approved,
    "superseded": superseded,
}


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


class TestMoves:
    """From every state, every move: those that are not listed are refused."""

    POSSIBLE: ClassVar = {
        ("draft", "submission"): "in_review",
        ("in_review", "return"): "draft",
        ("in_review", "approvals"): "approved",
    }

    @pytest.mark.parametrize("move", ["submission", "return", "approvals"])
    @pytest.mark.parametrize("state", IN_STATE)
    async def test_only_the_listed_moves_happen(
        self, planned: Catalog, state: str, move: str
    ) -> None:
        version = await IN_STATE[state](planned)
        bodies: dict[str, Any] = {
            "submission": None,
            "return": {"reason": "no cost"},
            "approvals": {"text_hash": version["text_hash"]},
        }

        reply = await post(planned, f"{version['url']}/{move}", bodies[move], subject="bea")
        kept = (await planned.http.get(version["url"])).json()["state"]

        expected = self.POSSIBLE.get((state, move))
        assert reply.status_code == (200 if expected else 409), reply.text
        assert kept == (expected or state)
        assert expected or "allowed" in reply.json()

    async def test_an_incomplete_plan_is_not_reviewed(self, planned: Catalog) -> None:
        version = await draft(planned, text={"kind": "roadmap", "items": []})

        reply = await post(planned, f"{version['url']}/submission")

        assert (reply.status_code, reply.json()["code"]) == (409, "plan_incomplete")
        assert reply.json()["missing"] == ["items"]


class TestApproval:
    async def test_the_next_approved_version_supersedes_the_one_before(
        self, planned: Catalog
    ) -> None:
        first = await approved(planned)

        second = await approved(planned)

        before = (await planned.http.get(first["url"])).json()
        assert (before["state"], second["state"]) == ("superseded", "approved")
        assert before["superseded_at"] is not None

    async def test_nobody_approves_a_text_of_their_own(self, planned: Catalog) -> None:
        version = await in_review(planned)

        reply = await approve(planned, version, "ada", roles=("service_owner",))

        assert (reply.status_code, reply.json()["code"]) == (403, "self_approval")

    async def test_another_text_than_the_one_seen_is_not_approved(self, planned: Catalog) -> None:
        version = await in_review(planned)

        reply = await approve(planned, version, text_hash="0" * 64)

        assert (reply.status_code, reply.json()["code"]) == (409, "text_changed")
        assert reply.json()["text_hash"] == version["text_hash"]

    async def test_the_role_is_needed_by_token_or_by_ownership(self, planned: Catalog) -> None:
        version = await in_review(planned)

        refused = await approve(planned, version, "eve")
        by_token = await approve(planned, version, "eve", roles=("service_owner",))

        assert (refused.status_code, refused.json()["code"]) == (403, "role_missing")
        assert refused.json()["missing_role"] == ["service_owner"]
        assert by_token.json()["approvals"][0]["approved_by"] == "eve"

    async def test_the_manager_of_the_portfolio_is_its_portfolio_manager(
        self, planned: Catalog
    ) -> None:
        await planned.http.patch(
            "/v1/portfolios/workplace", json={"manager": "mia"}, headers={"If-Match": "*"}
        )
        url = "/v1/portfolios/workplace/plans/roadmap/versions"

        reply = await approve(planned, await in_review(planned, url), "mia")

        assert reply.json()["state"] == "approved"

    async def test_every_role_approves_once_by_different_people(self, planned: Catalog) -> None:
        roles = ("service_owner", "security_officer")
        version = await in_review(planned, approver_roles=list(roles))

        first = await approve(planned, version, "bea", roles=roles)
        same_person = await approve(planned, version, "bea", roles=roles)
        same_role = await approve(planned, version, "eve", role="service_owner", roles=roles)
        last = await approve(planned, version, "eve", roles=roles)

        assert (first.json()["state"], first.json()["missing_approvals"]) == (
            "in_review",
            ["security_officer"],
        )
        assert same_person.json()["code"] == same_role.json()["code"] == "approved_already"
        assert (last.json()["state"], last.json()["missing_approvals"]) == ("approved", [])

    async def test_of_two_who_approve_at_once_one_counts(self, planned: Catalog) -> None:
        version = await in_review(planned)

        replies = await asyncio.gather(
            *(approve(planned, version, who, roles=("service_owner",)) for who in ("bea", "eve"))
        )

        assert sorted(reply.status_code for reply in replies) == [200, 409]

    async def test_approvals_given_before_a_return_count_no_more(self, planned: Catalog) -> None:
        roles = ("service_owner", "security_officer")
        version = await in_review(planned, approver_roles=list(roles))
        await approve(planned, version, "bea")
        await post(planned, f"{version['url']}/return", {"reason": "dates"})

        await post(planned, f"{version['url']}/submission")
        again = (await planned.http.get(version["url"])).json()

        assert (again["approvals"], again["missing_approvals"]) == ([], list(roles))

    async def test_a_machine_does_not_approve(self, planned: Catalog) -> None:
        version = await in_review(planned)
        url, body = f"{version['url']}/approvals", {"text_hash": version["text_hash"]}
        headers = {**person(planned, "ada"), "On-Behalf-Of": "bea"}

        reply = await planned.http.post(url, json=body, headers=headers)

        assert (reply.status_code, reply.json()["code"]) == (403, "not_in_person")

    async def test_approving_needs_its_scope(self, planned: Catalog) -> None:
        version = await in_review(planned)
        body = {"text_hash": version["text_hash"]}
        headers = planned.caller("bea", "catalog:read catalog:write")

        reply = await planned.http.post(f"{version['url']}/approvals", json=body, headers=headers)

        assert (reply.status_code, reply.json()["missing_scope"]) == (403, "approvals:write")

    async def test_the_audit_trail_shows_each_step_with_the_text(self, planned: Catalog) -> None:
        await approved(planned)
        query = {"resource": "plan_version", "key": "services/vpn/roadmap/1"}

        entries = (await planned.http.get("/v1/audit", params=query)).json()["items"]

        assert [entry["action"] for entry in entries] == ["approved", "submitted", "created"]
        assert entries[-1]["after"]["text"] == ROADMAP
        assert (entries[0]["actor"], entries[0]["after"]["role"]) == ("bea", "service_owner")


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
