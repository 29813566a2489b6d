"""Capability assessments: evidence, approval, comparison, and the plan that closes the gaps."""

import asyncio
from typing import Any

import httpx
import pytest

from tests.support.gates import automated
from tests.support.improvement import Improvement, problem

PATH = "/v1/capability-assessments"
CATALOG, FINANCE = "service_catalog_management", "service_financial_management"


def evidence(*levels: int) -> list[dict[str, Any]]:
    return [
        {"level": n, "title": f"Proof <{n}>", "url": "https://example.org/x", "shows": "it"}
        for n in levels
    ]


def rating(process: str, level: int, target: int) -> dict[str, Any]:
    shown = evidence(*range(1, level + 1))
    return {"process": process, "level": level, "target": target, "evidence": shown}


def text(*ratings: Any, **fields: Any) -> dict[str, Any]:
    found = list(ratings) or [rating(CATALOG, 2, 3), rating(FINANCE, 0, 3)]
    base = {"scope": "organisation", "assessed_on": "2026-03-01", "summary": "By interviews"}
    return base | {"ratings": found} | fields


async def drafted(tollgate: Improvement, *ratings: Any, **fields: Any) -> Any:
    reply = await tollgate.http.post(PATH, json=text(*ratings, **fields))
    assert reply.status_code == 201, reply.text
    return reply.json()


async def submitted(tollgate: Improvement, *ratings: Any, **fields: Any) -> Any:
    one = await drafted(tollgate, *ratings, **fields)
    path = f"{PATH}/{one['id']}/transitions"
    reply = await tollgate.http.post(path, json={"to": "submitted"})
    assert reply.status_code == 201, reply.text
    return reply.json()


async def decided(
    tollgate: Improvement, one: Any, verdict: str = "approved", who: str = "mona", **fields: Any
) -> httpx.Response:
    body = {"verdict": verdict, "text_hash": one["text_hash"]} | fields
    path = f"{PATH}/{one['id']}/decisions"
    return await tollgate.http.post(path, json=body, headers=tollgate.caller(who))


async def approved(tollgate: Improvement, *ratings: Any, **fields: Any) -> Any:
    reply = await decided(tollgate, await submitted(tollgate, *ratings, **fields))
    assert reply.status_code == 201, reply.text
    return reply.json()


async def remedy(tollgate: Improvement, one: Any, **body: Any) -> httpx.Response:
    return await tollgate.http.post(f"{PATH}/{one['id']}/remedial-plan", json=body)


class TestWriting:
    async def test_a_level_without_evidence_is_refused_with_its_pointer(
        self, tollgate: Improvement
    ) -> None:
        bare = rating(FINANCE, 3, 3) | {"evidence": evidence(1, 3)}

        reply = await tollgate.http.post(PATH, json=text(rating(CATALOG, 1, 2), bare))

        assert reply.status_code == 422
        (error,) = reply.json()["errors"]
        assert (error["pointer"], error["code"]) == ("/ratings/1/evidence", "evidence_missing")
        assert error["detail"].endswith("without evidence for level 2")

    async def test_a_malformed_one_is_422_and_says_where(self, tollgate: Improvement) -> None:
        malformed: list[tuple[dict[str, Any], str]] = [
            (text(rating(CATALOG, 0, 6)), "/ratings/0/target"),
            (text(rating("cooking", 0, 1)), "/ratings/0/process"),
            (text(rating(CATALOG, 0, 1), rating(CATALOG, 0, 1)), "/ratings/1/process"),
            (text(assessed_on="2199-01-01"), "/assessed_on"),
            (text(scope="service"), ""),
            (text(scope_key="vpn"), ""),
            (text(scope="service", scope_key="nothing"), "/scope_key"),
            (text(summary="a\u0000"), "/summary"),
        ]

        for body, pointer in malformed:
            reply = await tollgate.http.post(PATH, json=body)
            assert reply.status_code == 422, reply.text
            assert pointer in [error["pointer"] for error in reply.json()["errors"]], reply.text

    async def test_a_portfolio_is_one_of_the_catalog(self, tollgate: Improvement) -> None:
        def answer(request: httpx.Request) -> httpx.Response:
            if request.url.path != "/v1/portfolios/it":
                return problem(404, "not_found")
            return httpx.Response(200, json={"key": "it", "name": "IT"})

        tollgate.fake.real["catalog"] = httpx.MockTransport(answer)
        known = await drafted(tollgate, scope="portfolio", scope_key="it")
        unknown = await tollgate.http.post(PATH, json=text(scope="portfolio", scope_key="no"))
        tollgate.fake.down.add("catalog")
        away = await tollgate.http.post(PATH, json=text(scope="portfolio", scope_key="it"))

        assert known["scope_key"] == "it"
        assert (unknown.status_code, unknown.json()["code"]) == (422, "unknown_portfolio")
        assert (away.status_code, away.headers["Retry-After"]) == (503, "5")

    async def test_a_change_needs_the_revision_it_was_made_on(self, tollgate: Improvement) -> None:
        path = f"{PATH}/{(await drafted(tollgate))['id']}"
        body = text(summary="Again")

        without = await tollgate.http.put(path, json=body)
        right = await tollgate.http.put(path, json=body, headers={"If-Match": '"1"'})
        stale = await tollgate.http.put(path, json=body, headers={"If-Match": '"1"'})

        assert [reply.status_code for reply in (without, right, stale)] == [428, 200, 412]
        assert right.json()["summary"] == "Again"

    async def test_the_levels_are_published(self, tollgate: Improvement) -> None:
        told = (await tollgate.http.get("/v1/capability-levels")).json()

        names = [one["name"] for one in told["levels"]]
        assert names == [
            "Incomplete", "Performed", "Managed", "Established", "Predictable", "Innovating",
        ]  # fmt: skip
        assert told["standard"].startswith("ISO/IEC 33020")


class TestApproval:
    async def test_is_not_of_who_wrote_in_the_name_of_another(self, tollgate: Improvement) -> None:
        one = await drafted(tollgate)
        for_mona = tollgate.caller("sue") | {"On-Behalf-Of": "mona"}
        path = f"{PATH}/{one['id']}/transitions"
        sent = await tollgate.http.post(path, json={"to": "submitted"}, headers=for_mona)

        replies = [await decided(tollgate, sent.json(), who=who) for who in ("sue", "mona")]

        assert [reply.json()["code"] for reply in replies] == ["self_approval"] * 2

    async def test_is_another_persons_and_final(self, tollgate: Improvement) -> None:
        one = await submitted(tollgate)
        path = f"{PATH}/{one['id']}"
        for_mona = tollgate.caller("portal") | {"On-Behalf-Of": "mona"}
        verdict = {"verdict": "approved", "text_hash": one["text_hash"]}

        own = await decided(tollgate, one, who="pipeline")
        for_another = await tollgate.http.post(f"{path}/decisions", json=verdict, headers=for_mona)
        unseen = await decided(tollgate, one, text_hash="0" * 64)
        by_mona = await decided(tollgate, one)
        again = await decided(tollgate, one)
        changed = await tollgate.http.put(path, json=text(), headers={"If-Match": "*"})

        assert [r.json()["code"] for r in (own, for_another)] == ["self_approval", "not_in_person"]
        assert (unseen.status_code, unseen.json()["code"]) == (409, "text_changed")
        assert by_mona.json()["state"] == "approved"
        for late in (again, changed):
            assert (late.status_code, late.json()["code"]) == (409, "state_not_allowed")

    async def test_what_is_returned_is_changed_and_submitted_again(
        self, tollgate: Improvement
    ) -> None:
        one = await submitted(tollgate)
        path = f"{PATH}/{one['id']}"

        returned = (await decided(tollgate, one, "returned", comment="Which portal?")).json()
        body = text(summary="The new portal")
        await tollgate.http.put(path, json=body, headers={"If-Match": "*"})
        moved = await tollgate.http.post(f"{path}/transitions", json={"to": "submitted"})
        final = (await decided(tollgate, moved.json())).json()

        assert returned["state"] == "draft"
        verdicts = [(told["verdict"], told["comment"]) for told in final["decisions"]]
        assert verdicts == [("returned", "Which portal?"), ("approved", "")]

    async def test_an_assessment_of_nothing_is_not_submitted(self, tollgate: Improvement) -> None:
        reply = await tollgate.http.post(PATH, json=text() | {"ratings": []})
        path = f"{PATH}/{reply.json()['id']}/transitions"

        refused = await tollgate.http.post(path, json={"to": "submitted"})

        assert (refused.status_code, refused.json()["code"]) == (409, "assessment_incomplete")

    async def test_the_audit_names_who_assessed_and_who_approved(
        self, tollgate: Improvement
    ) -> None:
        one = await approved(tollgate)

        query = {"resource": "capability_assessment", "key": one["id"]}
        entries = (await tollgate.http.get("/v1/audit", params=query)).json()["items"]

        told = [(entry["actor"], entry["action"]) for entry in entries]
        assert told == [("mona", "approved"), ("pipeline", "submitted"), ("pipeline", "created")]


class TestReading:
    async def test_gaps_are_told_the_widest_first(self, tollgate: Improvement) -> None:
        one = await drafted(tollgate)

        told = (await tollgate.http.get(f"{PATH}/{one['id']}/gaps")).json()

        assert told["lowest_level"] == 0
        assert [(gap["process"], gap["gap"]) for gap in told["gaps"]] == [
            (FINANCE, 3),
            (CATALOG, 1),
        ]

    async def test_two_of_one_scope_are_compared_process_by_process(
        self, tollgate: Improvement
    ) -> None:
        before = await drafted(tollgate, rating(CATALOG, 1, 3), assessed_on="2025-03-01")
        after = await drafted(tollgate, rating(CATALOG, 3, 3), rating(FINANCE, 1, 3))
        other = await drafted(tollgate, scope="service", scope_key="vpn")
        path = f"{PATH}/{after['id']}/comparison"

        told = (await tollgate.http.get(path, params={"with": before["id"]})).json()
        unlike = await tollgate.http.get(path, params={"with": other["id"]})

        rows = [(one["process"], one["before"], one["change"]) for one in told["changes"]]
        assert rows == [(FINANCE, None, None), (CATALOG, 1, 2)]
        assert (unlike.status_code, unlike.json()["code"]) == (422, "other_scope")

    async def test_they_are_listed_the_latest_first_by_scope_and_state(
        self, tollgate: Improvement
    ) -> None:
        old = await approved(tollgate, assessed_on="2024-01-01")
        new = await drafted(tollgate, scope="service", scope_key="vpn")

        async def listed(**params: str) -> list[str]:
            reply = await tollgate.http.get(PATH, params=params)
            return [one["id"] for one in reply.json()["items"]]

        assert await listed() == [new["id"], old["id"]]
        assert await listed(scope="service", scope_key="vpn") == [new["id"]]
        assert await listed(state="approved") == [old["id"]]

    async def test_one_is_a_page_that_needs_nothing_but_itself(self, tollgate: Improvement) -> None:
        third = rating("service_continuity_management", 1, 1)
        one = await drafted(tollgate, rating(CATALOG, 2, 3), rating(FINANCE, 0, 3), third)
        few = await drafted(tollgate)

        page = await tollgate.http.get(f"{PATH}/{one['id']}", headers={"Accept": "text/html"})
        bars = await tollgate.http.get(f"{PATH}/{few['id']}", params={"format": "html"})

        for reply in (page, bars):
            assert reply.headers["content-type"] == "text/html; charset=utf-8"
            assert reply.text.count("<svg") == 1
            assert "Proof &lt;1&gt;" in reply.text
            for forbidden in ("<script", "src=", "href="):
                assert forbidden not in reply.text

    @pytest.mark.parametrize("path", ["x", "00000000-0000-0000-0000-000000000000"])
    async def test_an_unknown_one_is_404(self, tollgate: Improvement, path: str) -> None:
        assert (await tollgate.http.get(f"{PATH}/{path}")).status_code == 404


class TestRemedialPlan:
    async def test_names_the_gaps_and_is_opened_once(self, tollgate: Improvement) -> None:
        one = await approved(tollgate)

        replies = await asyncio.gather(*(remedy(tollgate, one, owner="ines") for _ in range(4)))
        plans = (await tollgate.http.get("/v1/plans")).json()["items"]

        assert {reply.json()["plan"] for reply in replies} == {plans[0]["id"]}
        assert len(plans) == 1
        assert (plans[0]["owner"], plans[0]["state"]) == ("ines", "draft")
        assert plans[0]["cause_key"] == f"capability_assessment:{one['id']}"
        gaps = [(gap["process"], gap["gap"]) for gap in plans[0]["cause"]["gaps"]]
        assert gaps == [(FINANCE, 3), (CATALOG, 1)]

    async def test_needs_an_approved_assessment_with_gaps(self, tollgate: Improvement) -> None:
        early = await remedy(tollgate, await submitted(tollgate))
        none = await remedy(tollgate, await approved(tollgate, rating(CATALOG, 3, 2)))

        assert (early.status_code, early.json()["code"]) == (409, "state_not_allowed")
        assert (none.status_code, none.json()["code"]) == (409, "no_gaps")


async def test_capabilities_are_facts_that_gates_can_ask_for(tollgate: Improvement) -> None:
    names = ("capability_lowest_level", "capability_processes_assessed")
    criterion = automated(expression=f"{names[0]} >= 1.0 && {names[1]} >= 1.0")
    await tollgate.publish("operate-to-improve", [criterion])

    async def facts() -> list[Any]:
        (seen,) = (await tollgate.evaluate())["criteria"]
        return [seen["facts"][name]["value"] for name in names]

    without = await facts()
    await submitted(tollgate)
    pending = await facts()
    await approved(tollgate)
    of_all = await facts()
    vpn = {"scope": "service", "scope_key": "vpn", "assessed_on": "2020-01-01"}
    await approved(tollgate, rating(CATALOG, 4, 4), **vpn)
    of_service = await facts()

    assert [without, pending, of_all, of_service] == [[None, 0], [None, 0], [0, 2], [4, 1]]
