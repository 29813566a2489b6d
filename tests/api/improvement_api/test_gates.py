"""Gates, their immutable versions, the documents they ask for, and the merged fact catalog."""

import asyncio
import json
from typing import Any

import pytest

from improvement_api.gates.actions import load_defaults
from shared.kit.database import transaction
from tests.support.gates import automated, gate_of, sign_off
from tests.support.improvement import Improvement

GATE = "operate-to-improve"
VERSIONS = f"/v1/gates/{GATE}/versions"
EVIDENCE = "/v1/services/vpn/gates/to-retirement/evidence"
PLAN = {"criterion": "contracts-ended", "title": "Plan", "url": "https://wiki.example.org/plan"}


async def _start(tollgate: Improvement) -> None:
    """What a start does with the defaults."""
    async with transaction(tollgate.app.state.engine) as session:
        await load_defaults(session)


class TestReading:
    async def test_the_six_default_gates_are_there_from_the_first_start(
        self, tollgate: Improvement
    ) -> None:
        gates = (await tollgate.http.get("/v1/gates")).json()["items"]

        assert [gate["gate"] for gate in gates] == [
            "design-to-transition",
            "improve-to-operate",
            "operate-to-improve",
            "strategy-to-design",
            "to-retirement",
            "transition-to-operate",
        ]
        assert {gate["version"] for gate in gates} == {1}
        for gate in gates:
            assert all(one["why"] and one["how"] for one in gate["criteria"])

    async def test_the_list_is_paged(self, tollgate: Improvement) -> None:
        found: list[str] = []
        cursor: dict[str, str] = {}
        while True:
            page = (await tollgate.http.get("/v1/gates", params={"limit": 4, **cursor})).json()
            found += [gate["gate"] for gate in page["items"]]
            if page["next_cursor"] is None:
                break
            cursor = {"cursor": page["next_cursor"]}

        assert len(found) == len(set(found)) == 6

    async def test_loading_the_defaults_again_changes_nothing(self, tollgate: Improvement) -> None:
        await tollgate.publish(GATE, [automated()])

        await _start(tollgate)

        assert (await tollgate.http.get(f"/v1/gates/{GATE}")).json()["version"] == 2

    async def test_an_older_default_gives_way_to_the_present_one_once(
        self, tollgate: Improvement
    ) -> None:
        old = "UPDATE improvement.gate_version SET max_age_hours = 12 WHERE gate = %s"
        tollgate.as_admin(old, GATE)

        await asyncio.gather(*(_start(tollgate) for _ in range(3)))

        gates = (await tollgate.http.get("/v1/gates")).json()["items"]
        assert {g["gate"]: g["version"] for g in gates if g["version"] > 1} == {GATE: 2}
        newest = next(g for g in gates if g["gate"] == GATE)
        assert (newest["published_by"], newest["max_age_hours"]) == ("tollgate", 24)

    async def test_a_gate_that_people_edited_keeps_their_version(
        self, tollgate: Improvement
    ) -> None:
        made = await tollgate.publish(GATE, [automated()])

        await _start(tollgate)

        assert (await tollgate.http.get(f"/v1/gates/{GATE}")).json() == made

    async def test_the_default_can_be_fetched_and_published_instead(
        self, tollgate: Improvement
    ) -> None:
        await tollgate.publish(GATE, [automated()])
        before = (await tollgate.http.get(f"/v1/gates/{GATE}/default")).json()

        reply = await tollgate.http.post(VERSIONS, json=before["definition"])

        after = (await tollgate.http.get(f"/v1/gates/{GATE}/default")).json()
        assert reply.status_code == 201, reply.text
        assert (before["in_force"], after["in_force"]) == (False, True)

    @pytest.mark.parametrize("path", ["/v1/gates/heaven", f"{VERSIONS}/9", f"{VERSIONS}/x"])
    async def test_what_is_not_there_is_404(self, tollgate: Improvement, path: str) -> None:
        assert (await tollgate.http.get(path)).status_code == 404


class TestPublishing:
    async def test_a_version_is_in_force_at_once_and_the_old_ones_stay(
        self, tollgate: Improvement
    ) -> None:
        before = (await tollgate.http.get(f"{VERSIONS}/1")).json()

        made = await tollgate.publish(GATE, [automated(weight=2), sign_off("a", "owner")])

        current = await tollgate.http.get(f"/v1/gates/{GATE}")
        assert current.json() == made
        assert (made["version"], made["published_by"]) == (2, "pipeline")
        assert made["criteria"][0]["facts"] == ["backlog_open"]
        assert current.headers["ETag"] == '"2"'
        assert (await tollgate.http.get(f"{VERSIONS}/1")).json() == before
        listed = (await tollgate.http.get(VERSIONS)).json()["items"]
        assert [one["version"] for one in listed] == [2, 1]

    async def test_versions_published_at_once_get_different_numbers(
        self, tollgate: Improvement
    ) -> None:
        made = await asyncio.gather(*(tollgate.publish(GATE, [automated()]) for _ in range(4)))

        assert sorted(one["version"] for one in made) == [2, 3, 4, 5]

    @pytest.mark.parametrize(
        ("criterion", "pointer", "said"),
        [
            (automated(expression="nope > 1.0"), "/criteria/0/expression", "line 1, column 1"),
            (automated(expression="true &&\n ?"), "/criteria/0/expression", "line 2, column 2"),
            (automated(warning="backlog_open"), "/criteria/0/warning", "true or false"),
            (
                automated(expression="service_tags.exists(t, t == 'a')"),
                "/criteria/0/expression",
                "column 1",
            ),
            (automated(expression="'" + "x" * 2050), "/criteria/0", "2048"),
            (automated(expression="a\u0000b"), "/criteria/0", "NUL"),
            (automated(missing="skip"), "/criteria/0", "cannot be skipped"),
            (automated(weight=-1), "/criteria/0", "greater than or equal to 0"),
            (sign_off("a", "owner", signatures=10**30), "/criteria/0", ""),
        ],
    )
    async def test_what_is_wrong_is_told_with_its_place(
        self, tollgate: Improvement, criterion: Any, pointer: str, said: str
    ) -> None:
        reply = await tollgate.http.post(VERSIONS, json=gate_of([criterion]))

        assert reply.status_code == 422
        (error,) = reply.json()["errors"]
        assert error["pointer"].startswith(pointer)
        assert said in error["detail"]
        assert (await tollgate.http.get(f"/v1/gates/{GATE}")).json()["version"] == 1

    @pytest.mark.parametrize(
        "fields",
        [
            {"criteria": []},
            {"warning_threshold": 0.95},
            {"pass_threshold": "NaN"},
            {"max_age_hours": 10**12},
            {"decided_by": ""},
            {"reason": "\ud800"},
            {"gate": "heaven"},
        ],
    )
    async def test_a_malformed_definition_is_422(
        self, tollgate: Improvement, fields: dict[str, Any]
    ) -> None:
        body = json.dumps(gate_of([automated()]) | fields)  # a lone surrogate goes as \ud800
        media = {"Content-Type": "application/json"}

        reply = await tollgate.http.post(VERSIONS, content=body, headers=media)

        assert reply.status_code == 422

    async def test_without_the_scope_it_is_403(self, tollgate: Improvement) -> None:
        reader = tollgate.caller("eve", scope="gates:read")

        reply = await tollgate.http.post(VERSIONS, json=gate_of([automated()]), headers=reader)

        assert (reply.status_code, reply.json()["missing_scope"]) == (403, "gates:write")

    async def test_known_facts_can_be_used_while_their_owner_is_away(
        self, tollgate: Improvement
    ) -> None:
        await tollgate.http.get("/v1/facts")
        tollgate.fake.down |= {"catalog", "metrics"}

        assert (await tollgate.publish(GATE, [automated()]))["version"] == 2

    async def test_each_version_is_in_the_audit(self, tollgate: Improvement) -> None:
        await tollgate.publish(GATE, [automated()])

        async with transaction(tollgate.app.state.engine) as session:
            connection = await session.connection()
            rows = await connection.exec_driver_sql(
                "SELECT actor, action, key, before, after FROM improvement.audit_entry"
            )
            (entry,) = rows.all()
        assert tuple(entry)[:4] == ("pipeline", "published", GATE, {"version": 1})
        assert entry.after["version"] == 2


class TestFacts:
    async def test_the_catalog_merges_all_owners(self, tollgate: Improvement) -> None:
        items = (await tollgate.http.get("/v1/facts")).json()["items"]

        assert [item["name"] for item in items] == sorted(item["name"] for item in items)
        assert {item["owner"] for item in items} == {"catalog", "metrics", "improvement"}

    async def test_what_an_owner_said_last_is_remembered_while_it_is_away(
        self, tollgate: Improvement
    ) -> None:
        before = (await tollgate.http.get("/v1/facts")).json()
        tollgate.fake.down |= {"catalog", "metrics"}

        assert (await tollgate.http.get("/v1/facts")).json() == before

    async def test_a_definition_that_is_none_or_of_another_owner_is_left_out(
        self, tollgate: Improvement
    ) -> None:
        odd = {"type": "number", "unit": None, "meaning": "?", "owner": "metrics"}
        tollgate.fake.extra_definitions = [
            odd | {"name": "Not A Name"},
            odd | {"name": "odd_type", "type": "complex"},
            odd | {"name": "not_mine", "owner": "improvement"},
            odd | {"name": "fine"},
        ]

        items = (await tollgate.http.get("/v1/facts")).json()["items"]

        names = {item["name"] for item in items}
        assert "fine" in names
        assert not names & {"Not A Name", "odd_type", "not_mine"}

    async def test_a_fact_that_is_gone_is_forgotten(self, tollgate: Improvement) -> None:
        fine = {"name": "fine", "type": "number", "unit": None, "meaning": "?", "owner": "metrics"}
        tollgate.fake.extra_definitions = [fine]
        await tollgate.http.get("/v1/facts")
        tollgate.fake.extra_definitions = []

        items = (await tollgate.http.get("/v1/facts")).json()["items"]

        assert "fine" not in {item["name"] for item in items}

    async def test_each_says_which_criteria_of_the_gates_in_force_use_it(
        self, tollgate: Improvement
    ) -> None:
        both = "backlog_open + targets_missed_count == 0.0"
        await tollgate.publish(GATE, [automated(expression=both, warning="backlog_open < 9.0")])

        items = (await tollgate.http.get("/v1/facts")).json()["items"]

        uses = {item["name"]: item["used_by"] for item in items}
        assert {"gate": GATE, "criterion": "quiet"} in uses["targets_missed_count"]
        assert uses["backlog_open"].count({"gate": GATE, "criterion": "quiet"}) == 1
        gates = (await tollgate.http.get("/v1/gates")).json()["items"]
        assert {
            (name, use["gate"], use["criterion"]) for name, used in uses.items() for use in used
        } == {
            (name, gate["gate"], criterion["id"])
            for gate in gates
            for criterion in gate["criteria"]
            for name in criterion["facts"] or []
        }

    async def test_they_are_filtered_by_owner_type_beginning_and_use(
        self, tollgate: Improvement
    ) -> None:
        await tollgate.publish(GATE, [automated(expression="backlog_open == 0.0")])

        async def names(**params: Any) -> set[str]:
            reply = await tollgate.http.get("/v1/facts", params=params)
            assert reply.status_code == 200, reply.text
            return {item["name"] for item in reply.json()["items"]}

        assert {"backlog_open"} < await names(owner="metrics", type="integer")
        assert "hours_since_last_record" not in await names(type="integer")
        assert await names(prefix="backlog_", used=True) == {"backlog_open"}
        assert "active_waivers_count" in await names(owner="improvement", used=False)
        assert (
            await tollgate.http.get("/v1/facts", params={"prefix": "backlog%"})
        ).status_code == 422


class TestEvidence:
    async def test_an_attached_document_is_what_the_next_evaluation_sees(
        self, tollgate: Improvement
    ) -> None:
        before = await tollgate.evaluate(gate="to-retirement")

        reply = await tollgate.http.post(EVIDENCE, json=PLAN)

        assert reply.status_code == 201
        after = await tollgate.evaluate(gate="to-retirement")
        found = [
            next(c for c in evaluation["criteria"] if c["id"] == "contracts-ended")
            for evaluation in (before, after)
        ]
        assert [one["outcome"] for one in found] == ["fail", "pass"]
        assert found[1]["facts"]["document"]["value"] == PLAN["url"]

    async def test_the_newest_document_counts_and_all_are_listed(
        self, tollgate: Improvement
    ) -> None:
        for title in ("Draft", "Final"):
            await tollgate.http.post(EVIDENCE, json=PLAN | {"title": title})

        listed = (await tollgate.http.get(EVIDENCE)).json()["items"]
        evaluation = await tollgate.evaluate(gate="to-retirement")

        assert [one["title"] for one in listed] == ["Final", "Draft"]
        criterion = next(c for c in evaluation["criteria"] if c["id"] == "contracts-ended")
        assert criterion["reason"] == "Final is attached"

    @pytest.mark.parametrize(
        ("fields", "pointer"),
        [
            ({"criterion": "owned"}, "/criterion"),
            ({"criterion": "nonsense"}, "/criterion"),
            ({"url": "javascript:alert(1)"}, "/url"),
            ({"url": "https://a b"}, "/url"),
            ({"url": "https://a\u0000b"}, "/url"),
            ({"title": ""}, "/title"),
        ],
    )
    async def test_what_is_no_evidence_is_422(
        self, tollgate: Improvement, fields: dict[str, str], pointer: str
    ) -> None:
        reply = await tollgate.http.post(EVIDENCE, json=PLAN | fields)

        assert reply.status_code == 422
        assert reply.json()["errors"][0]["pointer"] == pointer

    async def test_for_an_unknown_service_it_is_404(self, tollgate: Improvement) -> None:
        reply = await tollgate.http.post(EVIDENCE.replace("vpn", "nothing"), json=PLAN)

        assert reply.status_code == 404

    async def test_while_the_catalog_is_away_it_is_503(self, tollgate: Improvement) -> None:
        tollgate.fake.down.add("catalog")

        assert (await tollgate.http.post(EVIDENCE, json=PLAN)).status_code == 503
