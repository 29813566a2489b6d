"""Business cases: their versions, and who decides on them."""

import asyncio
from typing import Any

import httpx
import pytest

from tests.support.business_cases import (
    APPROVER,
    approved_case,
    case_text,
    decided,
    drafted,
    line,
    moved,
    path_of,
    submitted,
)
from tests.support.improvement import Improvement

PLAN = {"title": "Calmer nights", "problem": "The VPN drops at 3 a.m."}


@pytest.fixture
async def plan(tollgate: Improvement) -> Any:
    reply = await tollgate.http.post("/v1/plans", json=PLAN)
    assert reply.status_code == 201, reply.text
    return reply.json()


async def approve_plan(tollgate: Improvement, plan: Any) -> httpx.Response:
    path = f"/v1/plans/{plan['id']}/transitions"
    return await tollgate.http.post(path, json={"to": "approved"})


class TestApproval:
    async def test_a_plan_without_an_approved_case_is_not_approved(
        self, tollgate: Improvement, plan: Any
    ) -> None:
        without = await approve_plan(tollgate, plan)
        await submitted(tollgate, plan)
        undecided = await approve_plan(tollgate, plan)

        for reply in (without, undecided):
            assert (reply.status_code, reply.json()["code"]) == (409, "business_case_required")

    async def test_a_plan_with_an_approved_case_is_approved(
        self, tollgate: Improvement, plan: Any
    ) -> None:
        case = await approved_case(tollgate, plan)

        assert (await approve_plan(tollgate, plan)).json()["state"] == "approved"
        assert case["state"] == "approved"
        (decision,) = case["decisions"]
        assert (decision["decided_by"], decision["role"]) == (APPROVER, "portfolio_manager")
        assert decision["text_hash"] == case["text_hash"]

    async def test_a_plan_approved_before_the_rule_keeps_its_state(
        self, tollgate: Improvement, plan: Any
    ) -> None:
        tollgate.as_admin("UPDATE improvement.plan SET state = 'approved'")
        path = f"/v1/plans/{plan['id']}/transitions"

        replies = [
            await tollgate.http.post(path, json={"to": to})
            for to in ("on_hold", "approved", "in_progress")
        ]

        assert [reply.status_code for reply in replies] == [201] * 3

    async def test_nobody_decides_on_what_they_wrote_or_submitted(
        self, tollgate: Improvement, plan: Any
    ) -> None:
        written = await drafted(tollgate, plan)
        for_tom = tollgate.caller("sue") | {"On-Behalf-Of": "tom"}
        path = path_of(plan, written["version"], "transitions")
        case = (await tollgate.http.post(path, json={"to": "submitted"}, headers=for_tom)).json()

        replies = [
            await decided(tollgate, case, "approved", who, "portfolio_manager")
            for who in ("pipeline", "sue", "tom")
        ]

        assert [reply.json()["code"] for reply in replies] == ["self_approval"] * 3
        assert case["authors"] == ["pipeline", "sue", "tom"]

    async def test_deciding_needs_the_role_and_is_done_in_person(
        self, tollgate: Improvement, plan: Any
    ) -> None:
        case = await submitted(tollgate, plan)
        path, body = path_of(plan, 1, "decisions"), {"text_hash": case["text_hash"]}
        for_mona = tollgate.caller("portal", "portfolio_manager") | {"On-Behalf-Of": "mona"}
        unscoped = tollgate.caller("mona", "portfolio_manager", scope="plans:write")

        without_role = await decided(tollgate, case, "approved", "mona")
        for_another = await tollgate.http.post(
            path, json=body | {"verdict": "approved"}, headers=for_mona
        )
        without_scope = await tollgate.http.post(
            path, json=body | {"verdict": "approved"}, headers=unscoped
        )

        assert without_role.json()["missing_role"] == "portfolio_manager"
        assert for_another.json()["code"] == "not_in_person"
        assert [r.status_code for r in (without_role, for_another, without_scope)] == [403] * 3

    async def test_the_exact_text_that_was_read_is_decided_on(
        self, tollgate: Improvement, plan: Any
    ) -> None:
        case = await submitted(tollgate, plan)

        reply = await decided(tollgate, case, "approved", text_hash="0" * 64)

        assert (reply.status_code, reply.json()["code"]) == (409, "text_changed")

    async def test_of_two_who_decide_at_once_one_gets_through(
        self, tollgate: Improvement, plan: Any
    ) -> None:
        case = await submitted(tollgate, plan)
        verdicts = ("approved", "rejected", "approved")

        replies = await asyncio.gather(*(decided(tollgate, case, one) for one in verdicts))

        assert sorted(reply.status_code for reply in replies) == [201, 409, 409]


class TestVersions:
    async def test_a_rejected_one_is_taken_up_again_and_keeps_the_decision(
        self, tollgate: Improvement, plan: Any
    ) -> None:
        case = await submitted(tollgate, plan)
        await decided(tollgate, case, "rejected", comment="Too dear")
        path = path_of(plan, 1)

        draft = (await moved(tollgate, case, "draft")).json()
        change = case_text(summary="Cheaper")
        changed = await tollgate.http.put(path, json=change, headers={"If-Match": "*"})
        again = (await moved(tollgate, case, "submitted")).json()
        approved = (await decided(tollgate, again, "approved")).json()

        assert (draft["state"], changed.status_code) == ("draft", 200)
        assert again["text_hash"] != case["text_hash"]
        told = [(one["verdict"], one["text_hash"]) for one in approved["decisions"]]
        assert told == [("rejected", case["text_hash"]), ("approved", again["text_hash"])]

    async def test_what_was_submitted_or_approved_is_not_changed(
        self, tollgate: Improvement, plan: Any
    ) -> None:
        case = await submitted(tollgate, plan)

        async def put() -> httpx.Response:
            path = path_of(plan, 1)
            return await tollgate.http.put(path, json=case_text(), headers={"If-Match": "*"})

        waiting = await put()
        await decided(tollgate, case, "approved")
        approved = await put()

        assert [r.json()["code"] for r in (waiting, approved)] == ["state_not_allowed"] * 2
        assert (await moved(tollgate, case, "draft")).json()["allowed"] == []

    async def test_a_change_of_an_approved_one_is_a_new_version(
        self, tollgate: Improvement, plan: Any
    ) -> None:
        first = await approved_case(tollgate, plan)
        second = await drafted(tollgate, plan, summary="More of it")
        third = await tollgate.http.post(path_of(plan), json=case_text())
        listed = (await tollgate.http.get(path_of(plan))).json()["items"]
        in_force = await tollgate.http.get(path_of(plan), params={"state": "approved"})

        assert (second["version"], second["state"]) == (2, "draft")
        assert (third.status_code, third.json()["code"]) == (409, "version_open")
        assert [one["version"] for one in listed] == [2, 1]
        assert [one["id"] for one in in_force.json()["items"]] == [first["id"]]

    async def test_of_many_that_are_begun_at_once_there_is_one(
        self, tollgate: Improvement, plan: Any
    ) -> None:
        replies = await asyncio.gather(
            *(tollgate.http.post(path_of(plan), json=case_text()) for _ in range(4))
        )

        assert sorted(reply.status_code for reply in replies) == [201, 409, 409, 409]

    async def test_a_change_needs_the_revision_it_was_made_on(
        self, tollgate: Improvement, plan: Any
    ) -> None:
        await drafted(tollgate, plan)
        path, change = path_of(plan, 1), case_text(summary="x")

        without = await tollgate.http.put(path, json=change)
        right = await tollgate.http.put(path, json=change, headers={"If-Match": '"1"'})
        stale = await tollgate.http.put(path, json=change, headers={"If-Match": '"1"'})

        assert [reply.status_code for reply in (without, right, stale)] == [428, 200, 412]
        assert right.headers["ETag"] == '"2"'

    async def test_with_gaps_it_is_not_submitted_and_they_are_named(
        self, tollgate: Improvement, plan: Any
    ) -> None:
        case = await drafted(tollgate, plan, summary=" ", lines=[])

        reply = await moved(tollgate, case, "submitted")

        assert (reply.status_code, reply.json()["code"]) == (409, "business_case_incomplete")
        assert len(reply.json()["missing"]) == 3

    async def test_it_stays_in_the_currency_that_was_approved(
        self, tollgate: Improvement, plan: Any
    ) -> None:
        await approved_case(tollgate, plan)

        reply = await tollgate.http.post(path_of(plan), json=case_text(currency="CHF"))

        assert (reply.status_code, reply.json()["code"]) == (422, "other_currency")

    async def test_a_withdrawn_plan_gets_none(self, tollgate: Improvement, plan: Any) -> None:
        path = f"/v1/plans/{plan['id']}/transitions"
        await tollgate.http.post(path, json={"to": "withdrawn"})

        reply = await tollgate.http.post(path_of(plan), json=case_text())

        assert (reply.status_code, reply.json()["code"]) == (409, "plan_ended")

    async def test_a_malformed_one_is_422_and_says_where(
        self, tollgate: Improvement, plan: Any
    ) -> None:
        hours = case_text()["assumptions"][0]
        malformed: list[tuple[dict[str, Any], str]] = [
            ({"discount_rate": "-1"}, "/discount_rate"),
            ({"discount_rate": "NaN"}, "/discount_rate"),
            ({"discount_rate": "1e999999"}, "/discount_rate"),
            ({"starts_on": "2026-01-02"}, "/starts_on"),
            ({"periods": 1000}, "/periods"),
            ({"currency": "euro"}, "/currency"),
            ({"lines": [line("a", "-1", 0)]}, "/lines/0/amount"),
            ({"lines": [line("a", "Infinity", 0)]}, "/lines/0/amount"),
            ({"lines": [line("a", "1_000", 0)]}, "/lines/0/amount"),
            ({"lines": [line("a", "1", 4)]}, "/lines/0/first_period"),
            ({"lines": [line("a", "1", 1, 9)]}, "/lines/0/last_period"),
            ({"lines": [line("a", "1", 3, 2)]}, "/lines/0/last_period"),
            ({"lines": [line("a", "1", 0), line("a", "1", 0)]}, "/lines/1/key"),
            ({"lines": [line("a", "1", 0, times=["nothing"])]}, "/lines/0/times/0"),
            ({"lines": [line("a", "1", 0, times=["hours", "hours"])]}, "/lines/0/times/1"),
            ({"lines": [line("a", "1", 0, confidence="0.5")]}, "/lines/0"),
            ({"lines": [line("a", "1", 0, direction="benefit")]}, "/lines/0"),
            ({"assumptions": [hours | {"low": "9999"}]}, "/assumptions/0"),
            ({"services": ["vpn", "vpn"]}, "/services/1"),
            ({"summary": "a\u0000"}, "/summary"),
        ]

        for fields, pointer in malformed:
            reply = await tollgate.http.post(path_of(plan), json=case_text(**fields))
            assert reply.status_code == 422, reply.text
            assert pointer in [error["pointer"] for error in reply.json()["errors"]], reply.text

    async def test_an_unknown_one_is_404(self, tollgate: Improvement, plan: Any) -> None:
        for tail in ("/9", "/x", "/0", "/2147483648", "/1/results", "/1/realisation"):
            assert (await tollgate.http.get(path_of(plan) + tail)).status_code == 404

    async def test_the_audit_names_who_wrote_and_who_decided(
        self, tollgate: Improvement, plan: Any
    ) -> None:
        await approved_case(tollgate, plan)

        key = {"resource": "business_case", "key": f"{plan['id']}/1"}
        entries = (await tollgate.http.get("/v1/audit", params=key)).json()["items"]

        told = [(entry["actor"], entry["action"]) for entry in entries]
        assert told == [(APPROVER, "approved"), ("pipeline", "moved"), ("pipeline", "created")]
