"""Trying a proposed gate on the evaluations that were made; simulating one now."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from improvement_api.backtests import actions
from tests.support.gates import automated, sign_off
from tests.support.improvement import Improvement

GATE = "operate-to-improve"
BACKTESTS = f"/v1/gates/{GATE}/backtests"


def window() -> dict[str, str]:
    now = datetime.now(UTC)
    return {
        "from": (now - timedelta(days=1)).isoformat(),
        "to": (now + timedelta(days=1)).isoformat(),
    }


async def attempt(
    tollgate: Improvement, *criteria: Any, params: dict[str, Any] | None = None, **fields: Any
) -> httpx.Response:
    body = {"criteria": list(criteria), **window(), **fields}
    return await tollgate.http.post(BACKTESTS, json=body, params=params or {})


async def backtest(tollgate: Improvement, *criteria: Any, **fields: Any) -> Any:
    reply = await attempt(tollgate, *criteria, **fields)
    assert reply.status_code == 200, reply.text
    return reply.json()


@pytest.fixture
async def past(tollgate: Improvement) -> list[Any]:
    """Evaluations with backlogs of 1, 4 and 9, of which at most 5 passes."""
    await tollgate.publish(GATE, [automated(expression="backlog_open <= 5.0")])
    made = []
    for backlog in (1, 4, 9):
        tollgate.fake.add_service("vpn", backlog_open=backlog)
        made.append(await tollgate.evaluate())
    return made


class TestABacktest:
    async def test_says_which_verdicts_would_have_changed(
        self, tollgate: Improvement, past: list[Any]
    ) -> None:
        asked = len(tollgate.fake.requests)

        found = await backtest(tollgate, automated(expression="backlog_open <= 2.0"))

        assert (found["evaluations"], found["changed"]) == (3, 1)
        assert found["totals"] == [
            {"old_verdict": "pass", "new_verdict": "pass", "evaluations": 1},
            {"old_verdict": "pass", "new_verdict": "fail", "evaluations": 1},
            {"old_verdict": "fail", "new_verdict": "fail", "evaluations": 1},
        ]
        assert [row["evaluation"] for row in found["rows"]] == [one["id"] for one in past[::-1]]
        (change,) = found["rows"][1]["changes"]
        assert (change["old_outcome"], change["new_outcome"]) == ("pass", "fail")
        assert "backlog_open = 4" in change["reason"]
        asked_for = {request.url.path for request in tollgate.fake.requests[asked:]}
        assert asked_for == {"/v1/facts"}
        assert (await tollgate.http.get(f"/v1/gates/{GATE}")).json()["version"] == 2

    async def test_never_guesses_a_fact_that_was_not_recorded(
        self, tollgate: Improvement, past: list[Any]
    ) -> None:
        found = await backtest(tollgate, automated(expression="targets_missed_count == 0.0"))

        assert {row["new_verdict"] for row in found["rows"]} == {"inconclusive"}
        reason = found["rows"][0]["changes"][0]["reason"]
        assert reason == "unknown fact at that time: targets_missed_count"

    async def test_judges_how_old_a_fact_was_then_and_not_now(self, tollgate: Improvement) -> None:
        await tollgate.publish(GATE, [automated(expression="backlog_open <= 5.0")])
        tollgate.fake.as_of = datetime.now(UTC) - timedelta(hours=3)
        tollgate.make_older(await tollgate.evaluate(), hours=1)

        verdicts = []
        for allowed in (3, 1):
            proposed = automated(expression="backlog_open < 6.0", freshness_hours=allowed)
            found = await backtest(tollgate, proposed)
            verdicts.append(found["rows"][0]["new_verdict"])

        assert verdicts == ["pass", "fail"]

    async def test_keeps_the_outcome_of_what_demands_the_same_also_where_it_erred(
        self, tollgate: Improvement
    ) -> None:
        await tollgate.publish(GATE, [automated(expression="backlog_open <= 5.0")])
        tollgate.fake.down.add("metrics")
        await tollgate.evaluate()
        tollgate.fake.down.clear()

        same = await backtest(tollgate, automated(expression="backlog_open <= 5.0", title="Calm"))
        other = await backtest(tollgate, automated(expression="backlog_open <= 6.0"))

        assert [row["new_verdict"] for row in same["rows"]] == ["error"]
        assert [row["new_verdict"] for row in other["rows"]] == ["inconclusive"]

    async def test_counts_signatures_for_the_same_role_and_name(
        self, tollgate: Improvement
    ) -> None:
        criteria = [automated(expression="true"), sign_off("owner", "service_owner")]
        await tollgate.publish(GATE, criteria)
        await tollgate.evaluate_and_sign("vpn")

        async def verdict(proposed: Any) -> str:
            found = await backtest(tollgate, criteria[0], proposed)
            answer: str = found["rows"][0]["new_verdict"]
            return answer

        assert await verdict(criteria[1]) == "pass"
        assert await verdict(sign_off("owner", "service_owner", signatures=2)) == "inconclusive"
        assert await verdict(sign_off("owner", "service_owner", of=["bob"])) == "inconclusive"
        assert await verdict(sign_off("owner", "manager")) == "inconclusive"

    async def test_looks_at_the_documents_that_were_seen(self, tollgate: Improvement) -> None:
        plan = {"id": "plan", "title": "Plan", "why": "because", "how": "attach it"}
        document = plan | {"kind": "evidence", "document": "Plan"}
        await tollgate.publish(GATE, [document])
        path = f"/v1/services/vpn/gates/{GATE}/evidence"
        body = {"criterion": "plan", "title": "Plan", "url": "https://wiki.example.org/plan"}
        await tollgate.http.post(path, json=body)
        await tollgate.evaluate()

        verdicts = [
            (await backtest(tollgate, proposed))["rows"][0]["new_verdict"]
            for proposed in (document | {"freshness_hours": 1}, document | {"id": "other"})
        ]

        assert verdicts == ["pass", "inconclusive"]

    async def test_rows_are_paged_and_totals_are_of_all(
        self, tollgate: Improvement, past: list[Any]
    ) -> None:
        criterion = automated(expression="backlog_open <= 2.0")

        first = await backtest(tollgate, criterion, params={"limit": 2})
        rest = {"limit": 2, "cursor": first["next_cursor"]}
        second = await backtest(tollgate, criterion, params=rest)
        changed = await backtest(tollgate, criterion, params={"changed_only": True})

        rows = first["rows"] + second["rows"]
        assert [row["evaluation"] for row in rows] == [one["id"] for one in past[::-1]]
        assert second["next_cursor"] is None
        assert first["totals"] == second["totals"] == changed["totals"]
        assert [row["evaluation"] for row in changed["rows"]] == [past[1]["id"]]

    async def test_is_of_the_asked_service_and_time_only(
        self, tollgate: Improvement, past: list[Any]
    ) -> None:
        tollgate.fake.add_service("mail")
        await tollgate.evaluate("mail")
        tollgate.make_older(past[0], hours=100)

        mail = await backtest(tollgate, automated(), service="mail")
        everyone = await backtest(tollgate, automated())

        assert (mail["evaluations"], everyone["evaluations"]) == (1, 3)

    async def test_of_more_than_can_be_judged_at_once_is_422(
        self, tollgate: Improvement, past: list[Any], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(actions, "MOST", 2)
        monkeypatch.setattr(actions, "AT_ONCE", 1)

        refused = await attempt(tollgate, automated())
        tollgate.make_older(past[0], hours=100)
        some = await backtest(tollgate, automated())

        assert (refused.status_code, refused.json()["code"]) == (422, "too_many_evaluations")
        assert some["evaluations"] == 2

    @pytest.mark.parametrize(
        "fields",
        [
            {"criteria": []},
            {"criteria": [automated(expression="nope > 1.0")]},
            {"from": "2026-02-01T00:00:00Z", "to": "2026-01-01T00:00:00Z"},
            {"from": "0001-01-01T00:00:00Z"},
            {"from": None},
            {"service": "No Key"},
            {"pass_threshold": 2},
        ],
    )
    async def test_what_is_malformed_is_422(
        self, tollgate: Improvement, fields: dict[str, Any]
    ) -> None:
        body = {"criteria": [automated()], **window(), **fields}

        assert (await tollgate.http.post(BACKTESTS, json=body)).status_code == 422

    @pytest.mark.parametrize("cursor", ["WzEsMl0", "W10", "eyJhIjoxfQ"])
    async def test_a_cursor_of_somebody_else_is_400(
        self, tollgate: Improvement, cursor: str
    ) -> None:
        reply = await attempt(tollgate, automated(), params={"cursor": cursor})

        assert reply.status_code == 400


class TestASimulation:
    async def test_of_a_proposed_gate_asks_what_that_would_ask(self, tollgate: Improvement) -> None:
        path = f"/v1/services/vpn/gates/{GATE}/simulations"
        criteria = [
            automated(expression="backlog_open == 3.0", weight=3),
            automated("calm", expression="open_major_incidents > 0.0", required=False),
        ]

        reply = await tollgate.http.post(path, json={"criteria": criteria})
        strict = await tollgate.http.post(
            path, json={"criteria": criteria, "warning_threshold": 0.8}
        )

        assert (reply.json()["verdict"], reply.json()["gate_version"]) == ("warning", None)
        assert strict.json()["verdict"] == "fail"
        assert [one["outcome"] for one in reply.json()["criteria"]] == ["pass", "fail"]
        assert (await tollgate.http.get(f"/v1/gates/{GATE}")).json()["version"] == 1

    async def test_of_an_expression_that_cannot_be_says_where(self, tollgate: Improvement) -> None:
        path = f"/v1/services/vpn/gates/{GATE}/simulations"

        reply = await tollgate.http.post(path, json={"criteria": [automated(expression="nope")]})

        assert reply.status_code == 422
        assert reply.json()["errors"][0]["pointer"] == "/criteria/0/expression"
