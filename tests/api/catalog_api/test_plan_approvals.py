"""Service plans over HTTP: submitted, returned, approved by every role, superseded."""

import asyncio
from typing import Any, ClassVar

import psycopg
import pytest

from tests.support.catalog import Catalog, Make
from tests.support.plans import (
    IN_STATE,
    ROADMAP,
    ROADMAPS,
    approve,
    approved,
    draft,
    in_review,
    make_plannable,
    person,
    post,
)
from tests.support.postgres import Database


@pytest.fixture
async def planned(catalog: Catalog, make_service: Make) -> Catalog:
    await make_plannable(catalog, make_service)
    return catalog


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

    async def test_what_was_approved_cannot_be_rewritten_by_the_service(
        self, planned: Catalog, catalog_db: Database
    ) -> None:
        await approved(planned)

        with (
            psycopg.connect(catalog_db.runtime_url) as runtime,
            pytest.raises(psycopg.errors.InsufficientPrivilege),
        ):
            runtime.execute("UPDATE catalog.plan_approval SET approved_by = 'eve'")

    async def test_a_machine_does_not_approve(self, planned: Catalog) -> None:
        version = await in_review(planned)
        url, body = f"{version['url']}/approvals", {"text_hash": version["text_hash"]}
        headers = {**person(planned, "ada"), "On-Behalf-Of": "bea"}

        reply = await planned.http.post(url, json=body, headers=headers)

        assert (reply.status_code, reply.json()["code"]) == (403, "not_in_person")

    async def test_who_wrote_in_the_name_of_another_does_not_approve_it(
        self, planned: Catalog
    ) -> None:
        for_zoe = person(planned, "bea") | {"On-Behalf-Of": "zoe"}
        written = await planned.http.post(ROADMAPS, json={"text": ROADMAP}, headers=for_zoe)
        version = written.json() | {"url": f"{ROADMAPS}/{written.json()['version']}"}
        await post(planned, f"{version['url']}/submission")

        reply = await approve(planned, version, "bea")

        assert written.json()["authors"] == ["bea", "zoe"]
        assert (reply.status_code, reply.json()["code"]) == (403, "self_approval")

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
