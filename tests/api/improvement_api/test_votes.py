"""A board decides by the votes of its present members."""

import asyncio
from typing import Any

import psycopg
import pytest

from tests.support.gates import automated, gate_of, sign_off
from tests.support.improvement import Improvement
from tests.support.voting import GATE, Boards, seated, vote

BOARD = {"decided_by": None, "board": "service-board"}


@pytest.fixture
async def boards(tollgate: Improvement) -> Boards:
    """ada (who is the chair), bea and cal; two votes are a quorum."""
    return seated(tollgate, "ada", "bea", "cal")


@pytest.fixture
async def evaluation(tollgate: Improvement, boards: Boards) -> Any:
    """One that may be decided, by the board."""
    await tollgate.publish(GATE, [automated(expression="backlog_open <= 3.0")], **BOARD)
    return await tollgate.evaluate()


async def decisions(tollgate: Improvement) -> list[Any]:
    items: list[Any] = (await tollgate.http.get("/v1/decisions")).json()["items"]
    return items


async def ballot_on(tollgate: Improvement, evaluation: Any) -> Any:
    return (await tollgate.http.get(f"/v1/evaluations/{evaluation['id']}/votes")).json()


class TestVoting:
    async def test_the_vote_that_completes_quorum_and_majority_decides(
        self, tollgate: Improvement, evaluation: Any
    ) -> None:
        first = await vote(tollgate, evaluation, "bea")
        assert (first.status_code, first.json()["result"]) == (201, "open")
        assert (first.json()["counted"], first.json()["needed"]) == (1, 2)
        assert first.json()["still_to_vote"] == ["ada", "cal"]
        assert await decisions(tollgate) == []

        second = await vote(tollgate, evaluation, "cal")

        assert second.json()["result"] == "approved"
        (decision,) = await decisions(tollgate)
        assert second.json()["decision"] == decision["id"]
        assert (decision["decided_by"], decision["board"]) == (
            "board:service-board",
            "service-board",
        )
        assert [one["voter"] for one in decision["votes"]] == ["bea", "cal"]
        after = (await tollgate.http.get(f"/v1/evaluations/{evaluation['id']}")).json()
        assert after["standing"] == "decided"

    async def test_of_simultaneous_votes_one_makes_the_only_decision(
        self, tollgate: Improvement, boards: Boards, evaluation: Any
    ) -> None:
        people = ["ada", "bea", "cal", "dan", "eve", "fay"]
        boards.seat(*people, needed=3)

        replies = await asyncio.gather(*(vote(tollgate, evaluation, who) for who in people))

        assert sorted(reply.status_code for reply in replies) == [201] * 3 + [409] * 3
        assert len(await decisions(tollgate)) == 1
        with psycopg.connect(tollgate.database.admin_url) as admin:
            jobs = admin.execute(
                "SELECT count(*) FROM improvement_jobs.procrastinate_jobs"
                " WHERE task_name = 'deliver_decision'"
            ).fetchone()
        assert jobs == (1,)

    async def test_a_rejection_is_recorded_and_ends_the_evaluation(
        self, tollgate: Improvement, evaluation: Any
    ) -> None:
        await vote(tollgate, evaluation, "bea", "reject")
        reply = await vote(tollgate, evaluation, "cal", "reject")

        assert (reply.json()["result"], reply.json()["decision"]) == ("rejected", None)
        ballot = (await tollgate.http.get(f"/v1/evaluations/{evaluation['id']}/votes")).json()
        assert ballot["rejection"] == reply.json()["rejection"] is not None
        late = await vote(tollgate, evaluation, "ada")
        assert (late.status_code, late.json()["code"]) == (409, "evaluation_decided")
        assert "evaluate again" in late.json()["detail"]
        assert await decisions(tollgate) == []
        (entry,) = (await tollgate.http.get("/v1/decision-log")).json()["items"]
        assert (entry["decision"], entry["rejection"]) == (None, ballot["rejection"])

        anew = await tollgate.evaluate()
        for who in ("bea", "cal"):
            assert (await vote(tollgate, anew, who)).status_code == 201
        assert len(await decisions(tollgate)) == 1

    async def test_a_tie_waits_and_is_broken_by_the_chair(
        self, tollgate: Improvement, evaluation: Any
    ) -> None:
        choices = {"bea": "reject", "ada": "approve", "cal": "abstain"}

        results = [
            (await vote(tollgate, evaluation, who, choice)).json()["result"]
            for who, choice in choices.items()
        ]

        assert results == ["open", "open", "approved"]

    async def test_votes_keep_an_evaluation_standing_as_signatures_do(
        self, tollgate: Improvement, evaluation: Any
    ) -> None:
        await vote(tollgate, evaluation, "bea")

        assert (await tollgate.evaluate())["id"] == evaluation["id"]
        tollgate.fake.add_service("vpn", backlog_open=9)
        assert (await tollgate.evaluate())["id"] != evaluation["id"]

    async def test_the_votes_of_those_who_left_count_no_more(
        self, tollgate: Improvement, boards: Boards, evaluation: Any
    ) -> None:
        await vote(tollgate, evaluation, "bea")
        boards.seat("ada", "cal", "dan")

        reply = await vote(tollgate, evaluation, "cal")
        last = await vote(tollgate, evaluation, "dan")

        assert (reply.json()["result"], reply.json()["counted"]) == ("open", 1)
        assert last.json()["result"] == "approved"
        (decision,) = await decisions(tollgate)
        assert [one["voter"] for one in decision["votes"]] == ["cal", "dan"]

    @pytest.mark.parametrize(
        ("chairs", "result"), [("approve", "approved"), ("reject", "rejected")]
    )
    async def test_a_tie_ends_when_the_last_who_had_yet_to_vote_leaves_the_board(
        self, tollgate: Improvement, boards: Boards, evaluation: Any, chairs: str, result: str
    ) -> None:
        others = {"approve": "reject", "reject": "approve"}[chairs]
        await vote(tollgate, evaluation, "ada", chairs)
        tie = await vote(tollgate, evaluation, "bea", others)
        await tollgate.run_job("count_ballots", {})
        assert (await ballot_on(tollgate, evaluation))["result"] == "open"
        assert tie.json()["still_to_vote"] == ["cal"]

        boards.seat("ada", "bea")
        for _ in range(2):
            await tollgate.run_job("count_ballots", {})

        ballot = await ballot_on(tollgate, evaluation)
        assert ballot["result"] == result
        assert len(await decisions(tollgate)) == (result == "approved")
        after = (await tollgate.http.get(f"/v1/evaluations/{evaluation['id']}")).json()
        assert after["standing"] == "decided"

    async def test_votes_wait_while_the_catalog_is_away_or_the_board_has_ended(
        self, tollgate: Improvement, boards: Boards, evaluation: Any
    ) -> None:
        await vote(tollgate, evaluation, "ada")
        boards.seat("ada", needed=1)

        boards.down = True
        await tollgate.run_job("count_ballots", {})
        assert (await ballot_on(tollgate, evaluation))["result"] == "open"

        boards.down = False
        boards.seat("ada", needed=1, ended_on="2026-01-01")
        await tollgate.run_job("count_ballots", {})
        assert (await ballot_on(tollgate, evaluation))["result"] == "open"

        boards.seat("ada", needed=1)
        await tollgate.run_job("count_ballots", {})
        assert (await ballot_on(tollgate, evaluation))["result"] == "approved"

    async def test_while_the_catalog_cannot_say_who_votes_nobody_does(
        self, tollgate: Improvement, boards: Boards, evaluation: Any
    ) -> None:
        boards.down = True

        reply = await vote(tollgate, evaluation, "bea")

        assert (reply.status_code, reply.headers["Retry-After"]) == (503, "5")
        ballot = (await tollgate.http.get(f"/v1/evaluations/{evaluation['id']}/votes")).json()
        assert ballot["votes"] == []

    async def test_what_may_not_be_decided_is_not_voted_on(
        self, tollgate: Improvement, boards: Boards
    ) -> None:
        await tollgate.publish(GATE, [automated(), sign_off("owner", "owner")], **BOARD)
        evaluation = await tollgate.evaluate()

        reply = await vote(tollgate, evaluation, "bea")

        assert (reply.status_code, reply.json()["code"]) == (409, "gate_not_passed")
        assert len(reply.json()["unmet"]) == 2

    async def test_where_a_role_decides_there_is_nothing_to_vote_on(
        self, tollgate: Improvement
    ) -> None:
        evaluation = await tollgate.evaluate()

        reply = await vote(tollgate, evaluation, "bea")
        ballot = await tollgate.http.get(f"/v1/evaluations/{evaluation['id']}/votes")

        assert (reply.status_code, reply.json()["code"]) == (409, "no_board_decides")
        assert ballot.status_code == 409

    async def test_beside_a_board_the_role_is_what_its_voters_hold_too(
        self, tollgate: Improvement, boards: Boards
    ) -> None:
        await tollgate.publish(GATE, [automated(expression="true")], board="service-board")
        evaluation = await tollgate.evaluate()

        without = await vote(tollgate, evaluation, "bea", "approve")
        with_role = await vote(tollgate, evaluation, "bea", "approve", "board")

        assert (without.status_code, without.json()["missing_role"]) == (403, "board")
        assert with_role.status_code == 201

    @pytest.mark.parametrize("body", [{}, {"choice": "maybe"}, {"choice": "reject", "who": "me"}])
    async def test_a_malformed_vote_is_422(
        self, tollgate: Improvement, evaluation: Any, body: dict[str, Any]
    ) -> None:
        path = f"/v1/evaluations/{evaluation['id']}/votes"

        assert (await tollgate.http.post(path, json=body)).status_code == 422

    async def test_on_what_is_not_there_nobody_votes(
        self, tollgate: Improvement, boards: Boards
    ) -> None:
        nothing = {"id": "00000000-0000-0000-0000-000000000000"}

        assert (await vote(tollgate, nothing, "bea")).status_code == 404


class TestNamingABoard:
    async def test_one_that_the_catalog_does_not_know_or_that_has_ended_is_422(
        self, tollgate: Improvement, boards: Boards
    ) -> None:
        boards.seat("ada", key="ended", ended_on="2026-01-01")
        for board in ("nobody", "ended"):
            body = gate_of([automated()], board=board)
            reply = await tollgate.http.post(f"/v1/gates/{GATE}/versions", json=body)

            assert reply.status_code == 422
            assert reply.json()["errors"][0]["pointer"] == "/board"

    async def test_somebody_decides_in_every_version(self, tollgate: Improvement) -> None:
        body = gate_of([automated()], decided_by=None)

        reply = await tollgate.http.post(f"/v1/gates/{GATE}/versions", json=body)

        assert reply.status_code == 422

    async def test_one_that_does_not_decide_this_gate_cannot(
        self, tollgate: Improvement, boards: Boards, evaluation: Any
    ) -> None:
        boards.seat("ada", "bea", decides=[{"gate": GATE, "portfolio": "other"}])

        reply = await vote(tollgate, evaluation, "bea")

        assert (reply.status_code, reply.json()["code"]) == (409, "board_does_not_decide")
