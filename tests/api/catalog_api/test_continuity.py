"""Continuity plans, their tests and the chain check over HTTP."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.support.catalog import Catalog, Make
from tests.support.continuity import TEXT, act, approved, draft

TEST = {
    "performed_on": "2026-10-01",
    "kind": "failover",
    "result": "passed",
    "achieved_rto_hours": 3,
    "achieved_rpo_hours": 0.5,
}
STATES = ("draft", "in_review", "approved", "superseded")
PLANS = "/v1/services/vpn/continuity-plans"


@pytest.fixture(autouse=True)
async def vpn(onboard: Make) -> None:
    await onboard("vpn")


async def in_state(catalog: Catalog, state: str) -> dict[str, Any]:
    """A version that has come to a state."""
    plan = await draft(catalog)
    if state in ("in_review", "approved", "superseded"):
        await act(catalog, plan, "submission")
    if state in ("approved", "superseded"):
        await act(catalog, plan, "approval")
    if state == "superseded":
        await approved(catalog, rto_hours=3)
    return plan


class TestWrite:
    async def test_a_plan_starts_as_a_draft(self, catalog: Catalog) -> None:
        reply = await catalog.http.post(PLANS, json=TEXT)

        assert (reply.status_code, reply.headers["Location"]) == (201, f"{PLANS}/1")
        shown = reply.json()
        assert {name: shown[name] for name in TEXT} == TEXT
        assert (shown["state"], shown["authors"]) == ("draft", ["ada"])

    @pytest.mark.parametrize(
        "wrong",
        [
            {"rpo_hours": -1},
            {"rto_hours": 25},
            {"tier": 0},
            {"tier": 5},
            {"test_cadence_days": 0},
            {"mtpd_hours": "NaN"},
            {"mtpd_hours": 1e9},
        ],
    )
    async def test_figures_that_cannot_be_are_refused(
        self, catalog: Catalog, wrong: dict[str, Any]
    ) -> None:
        assert (await catalog.http.post(PLANS, json=TEXT | wrong)).status_code == 422

    async def test_one_version_at_a_time_is_written(self, catalog: Catalog) -> None:
        await draft(catalog)

        reply = await catalog.http.post(PLANS, json=TEXT)

        assert (reply.status_code, reply.json()["code"]) == (409, "version_open")
        assert (reply.json()["version"], reply.json()["state"]) == (1, "draft")

    async def test_of_simultaneous_drafts_one_is_made(self, catalog: Catalog) -> None:
        replies = await asyncio.gather(*(catalog.http.post(PLANS, json=TEXT) for _ in range(4)))

        assert sorted(reply.status_code for reply in replies) == [201, 409, 409, 409]

    async def test_a_change_needs_the_version_that_was_read(self, catalog: Catalog) -> None:
        await draft(catalog)
        body = TEXT | {"rto_hours": 3}

        blind = await catalog.http.put(f"{PLANS}/1", json=body)
        stale = await catalog.http.put(f"{PLANS}/1", json=body, headers={"If-Match": '"9"'})
        right = await catalog.http.put(f"{PLANS}/1", json=body, headers={"If-Match": '"1"'})

        assert [blind.status_code, stale.status_code, right.status_code] == [428, 412, 200]
        assert right.json()["rto_hours"] == 3
        assert right.json()["authors"] == ["ada", "bea"]

    async def test_texts_that_differ_in_spelling_only_have_one_hash(self, catalog: Catalog) -> None:
        plan = await draft(catalog)
        respelt = dict(reversed(TEXT.items())) | {"rto_hours": "4.00", "rpo_hours": 1.0}

        again = await catalog.http.put(f"{PLANS}/1", json=respelt, headers={"If-Match": '"1"'})

        assert again.json()["text_hash"] == plan["text_hash"]
        assert again.headers["ETag"] == '"1"'

    async def test_an_unknown_service_or_version_is_not_found(self, catalog: Catalog) -> None:
        addresses = ("/v1/services/nowhere/continuity-plans", f"{PLANS}/7", f"{PLANS}/0")

        codes = [(await catalog.http.get(address)).status_code for address in addresses]

        assert codes == [404, 404, 404]


class TestStates:
    @pytest.mark.parametrize("state", STATES)
    @pytest.mark.parametrize(
        ("verb", "possible"),
        [("submission", "draft"), ("return", "in_review"), ("approval", "in_review")],
    )
    async def test_a_version_makes_only_the_moves_it_may(
        self, catalog: Catalog, state: str, verb: str, possible: str
    ) -> None:
        plan = await in_state(catalog, state)

        reply = await act(catalog, plan, verb)

        assert reply.status_code == (200 if state == possible else 409)
        if state != possible:
            assert isinstance(reply.json()["allowed"], list)

    @pytest.mark.parametrize("state", STATES[1:])
    async def test_a_text_changes_in_a_draft_only(self, catalog: Catalog, state: str) -> None:
        plan = await in_state(catalog, state)

        reply = await catalog.http.put(
            f"{PLANS}/{plan['version']}", json=TEXT | {"tier": 1}, headers={"If-Match": "*"}
        )

        assert (reply.status_code, reply.json()["code"]) == (409, "state_not_allowed")
        assert reply.json()["allowed"] == ["draft"]

    async def test_what_a_plan_lacks_is_named_before_review(self, catalog: Catalog) -> None:
        plan = await draft(catalog, steps=[], strategy="")

        reply = await act(catalog, plan, "submission")

        assert (reply.status_code, reply.json()["code"]) == (409, "plan_incomplete")
        assert reply.json()["missing"] == ["strategy", "steps"]

    async def test_versions_are_listed_newest_first(self, catalog: Catalog) -> None:
        await in_state(catalog, "superseded")

        page = (await catalog.http.get(PLANS, params={"limit": 1})).json()
        rest = (await catalog.http.get(PLANS, params={"cursor": page["next_cursor"]})).json()
        approved_ones = (await catalog.http.get(PLANS, params={"state": "approved"})).json()

        assert [one["state"] for one in page["items"] + rest["items"]] == [
            "approved",
            "superseded",
        ]
        assert [one["version"] for one in approved_ones["items"]] == [2]


class TestApprove:
    async def test_an_owner_approves_the_text_they_saw(self, catalog: Catalog) -> None:
        shown = await approved(catalog)

        assert (shown["state"], shown["approved_by"]) == ("approved", "ada")
        assert shown["approved_as"] == "service_owner"

    async def test_a_continuity_manager_approves_by_their_token(self, catalog: Catalog) -> None:
        plan = await in_state(catalog, "in_review")
        cleo = {"Authorization": f"Bearer {catalog.token('cleo', roles=['continuity_manager'])}"}

        reply = await act(catalog, plan, "approval", **cleo)

        assert (reply.status_code, reply.json()["approved_as"]) == (200, "continuity_manager")

    @pytest.mark.parametrize("name", [{}, {"On-Behalf-Of": "zoe"}])
    async def test_nobody_approves_a_text_of_their_own(
        self, catalog: Catalog, name: dict[str, str]
    ) -> None:
        await draft(catalog)
        changed = await catalog.http.put(
            f"{PLANS}/1", json=TEXT | {"tier": 1}, headers={"If-Match": '"1"'} | name
        )
        await act(catalog, changed.json(), "submission")

        reply = await act(catalog, changed.json(), "approval")

        assert (reply.status_code, reply.json()["code"]) == (403, "self_approval")

    async def test_without_the_role_it_is_refused_naming_it(self, catalog: Catalog) -> None:
        plan = await in_state(catalog, "in_review")

        reply = await act(catalog, plan, "approval", **catalog.caller("dan"))

        assert (reply.status_code, reply.json()["code"]) == (403, "role_missing")
        assert set(reply.json()["missing_role"]) == {"continuity_manager", "service_owner"}

    async def test_another_text_than_the_one_seen_is_not_approved(self, catalog: Catalog) -> None:
        plan = await in_state(catalog, "in_review")

        reply = await act(catalog, plan | {"text_hash": "0" * 64}, "approval")

        assert (reply.status_code, reply.json()["code"]) == (409, "text_changed")
        assert reply.json()["text_hash"] == plan["text_hash"]

    async def test_a_person_acted_for_does_not_approve(self, catalog: Catalog) -> None:
        plan = await in_state(catalog, "in_review")

        reply = await act(catalog, plan, "approval", **{"On-Behalf-Of": "ada"})

        assert (reply.status_code, reply.json()["code"]) == (403, "not_in_person")

    async def test_nobody_promises_to_be_back_before_what_they_need(
        self, catalog: Catalog, onboard: Make
    ) -> None:
        await onboard("network")
        body = {"provider": {"kind": "service", "key": "network"}, "strength": "hard"}
        await catalog.http.post("/v1/services/vpn/dependencies", json=body)
        await approved(catalog, "network", rto_hours=8)
        plan = await in_state(catalog, "in_review")

        reply = await act(catalog, plan, "approval")

        assert (reply.status_code, reply.json()["code"]) == (409, "ceiling_broken")
        kept = await catalog.http.get(f"{PLANS}/{plan['version']}")
        assert kept.json()["state"] == "in_review"

    async def test_a_provider_cannot_become_slower_than_what_is_promised_on_it(
        self, catalog: Catalog, onboard: Make
    ) -> None:
        await onboard("network")
        body = {"provider": {"kind": "service", "key": "network"}, "strength": "hard"}
        await catalog.http.post("/v1/services/vpn/dependencies", json=body)
        await approved(catalog, "network", rto_hours=2)
        await approved(catalog)
        slower = await draft(catalog, "network", rto_hours=6)
        await act(catalog, slower, "submission")

        reply = await act(catalog, slower, "approval")

        assert (reply.status_code, reply.json()["code"]) == (409, "ceiling_broken")
        assert "vpn" in reply.json()["detail"]

    async def test_approving_needs_its_scope(self, catalog: Catalog) -> None:
        plan = await in_state(catalog, "in_review")
        writer = catalog.caller(scope="catalog:read catalog:write")

        reply = await act(catalog, plan, "approval", **writer)

        assert (reply.status_code, reply.json()["missing_scope"]) == (403, "approvals:write")


class TestTests:
    async def test_a_test_is_recorded_of_the_plan_in_force(self, catalog: Catalog) -> None:
        await approved(catalog)

        reply = await catalog.http.post("/v1/services/vpn/continuity-tests", json=TEST)

        assert reply.status_code == 201
        found = (await catalog.http.get(reply.headers["Location"])).json()
        assert (found["plan_version"], found["recorded_by"]) == (1, "ada")

    async def test_without_an_approved_plan_there_is_nothing_to_test(
        self, catalog: Catalog
    ) -> None:
        await draft(catalog)

        reply = await catalog.http.post("/v1/services/vpn/continuity-tests", json=TEST)

        assert (reply.status_code, reply.json()["code"]) == (409, "no_approved_plan")

    async def test_a_test_to_come_is_refused(self, catalog: Catalog) -> None:
        await approved(catalog)
        tomorrow = (datetime.now(UTC) + timedelta(days=1)).date().isoformat()

        reply = await catalog.http.post(
            "/v1/services/vpn/continuity-tests", json=TEST | {"performed_on": tomorrow}
        )

        assert (reply.status_code, reply.json()["code"]) == (422, "in_the_future")

    async def test_a_tighter_version_takes_away_what_a_test_proved(self, catalog: Catalog) -> None:
        await approved(catalog)
        await catalog.http.post("/v1/services/vpn/continuity-tests", json=TEST)

        before = (await catalog.http.get("/v1/services/vpn/continuity")).json()
        await approved(catalog, rto_hours=2)
        after = (await catalog.http.get("/v1/services/vpn/continuity")).json()

        assert before["standing"]["last_passed_on"] == "2026-10-01"
        assert before["standing"]["achieved_within_targets"] is True
        assert after["standing"]["last_passed_on"] is None
        assert after["standing"]["achieved_within_targets"] is False

    async def test_without_a_plan_nothing_stands(self, catalog: Catalog) -> None:
        shown = (await catalog.http.get("/v1/services/vpn/continuity")).json()

        assert shown == {"service": "vpn", "plan": None, "standing": None}

    async def test_tests_are_listed_newest_first(self, catalog: Catalog) -> None:
        await approved(catalog)
        path = "/v1/services/vpn/continuity-tests"
        for day in ("2026-10-01", "2026-11-01"):
            await catalog.http.post(path, json=TEST | {"performed_on": day})

        page = (await catalog.http.get(path, params={"limit": 1})).json()
        rest = (await catalog.http.get(path, params={"cursor": page["next_cursor"]})).json()

        days = [one["performed_on"] for one in page["items"] + rest["items"]]
        assert days == ["2026-11-01", "2026-10-01"]
