"""Delivery of decisions to the catalog: with the decision, once, for as long as it takes."""

import json
from typing import Any

import psycopg
import pytest

from shared.errors import Unavailable
from tests.support.eventually import eventually
from tests.support.improvement import Improvement

BOARD = "board"


class TestDelivery:
    @pytest.fixture
    async def decision(self, tollgate: Improvement, passed: Any) -> Any:
        return (await tollgate.decide(passed, tollgate.caller("eve", BOARD))).json()

    async def deliver(self, tollgate: Improvement, decision: Any) -> Any:
        await tollgate.run_job("deliver_decision", {"decision": decision["id"]})
        return await self.read(tollgate, decision)

    async def read(self, tollgate: Improvement, decision: Any) -> Any:
        return (await tollgate.http.get(f"/v1/decisions/{decision['id']}")).json()

    async def test_is_enqueued_with_the_decision(
        self, tollgate: Improvement, decision: Any
    ) -> None:
        with psycopg.connect(tollgate.database.admin_url) as admin:
            jobs = admin.execute(
                "SELECT args FROM improvement_jobs.procrastinate_jobs"
                " WHERE task_name = 'deliver_decision'"
            ).fetchall()

        assert jobs == [({"decision": decision["id"]},)]

    async def test_hands_the_statement_to_the_catalog(
        self, tollgate: Improvement, decision: Any
    ) -> None:
        after = await self.deliver(tollgate, decision)

        assert (after["delivery"], after["delivery_reason"]) == ("applied", None)
        sent = tollgate.fake.requests[-1]
        assert sent.url.path == "/v1/services/vpn/transitions"
        assert json.loads(sent.content) == {"decision": decision["statement"]}

    async def test_that_ran_before_is_not_repeated(
        self, tollgate: Improvement, decision: Any
    ) -> None:
        await self.deliver(tollgate, decision)
        asked = len(tollgate.fake.requests)

        await self.deliver(tollgate, decision)

        assert len(tollgate.fake.requests) == asked

    async def test_that_the_catalog_refuses_shows_the_reason_and_ends(
        self, tollgate: Improvement, decision: Any
    ) -> None:
        tollgate.fake.transition_status = 409

        after = await self.deliver(tollgate, decision)

        assert after["delivery"] == "refused"
        assert after["delivery_reason"] == "refused: because of refused"

    @pytest.mark.parametrize("status", [401, 429, 500, 503])
    async def test_that_fails_otherwise_stays_pending_and_is_tried_again(
        self, tollgate: Improvement, decision: Any, status: int
    ) -> None:
        tollgate.fake.transition_status = status
        with pytest.raises(Unavailable):
            await self.deliver(tollgate, decision)
        waiting = await self.read(tollgate, decision)

        tollgate.fake.transition_status = 201
        after = await self.deliver(tollgate, decision)

        assert (waiting["delivery"], waiting["delivery_attempts"]) == ("pending", 1)
        assert waiting["delivery_reason"]
        assert (after["delivery"], after["delivery_attempts"]) == ("applied", 2)

    async def test_by_a_real_worker_gets_there_although_the_catalog_fails_at_first(
        self, tollgate: Improvement, decision: Any
    ) -> None:
        tollgate.fake.transition_status = 503

        async def has_failed() -> bool:
            return bool((await self.read(tollgate, decision))["delivery_attempts"])

        async def is_applied() -> bool:
            return bool((await self.read(tollgate, decision))["delivery"] == "applied")

        async with tollgate.working():
            await eventually(has_failed, within=20)
            tollgate.fake.transition_status = 201
            await eventually(is_applied, within=20)

    async def test_of_a_decision_that_does_not_exist_does_nothing(
        self, tollgate: Improvement
    ) -> None:
        nothing = {"decision": "00000000-0000-0000-0000-000000000000"}

        await tollgate.run_job("deliver_decision", nothing)

        assert tollgate.fake.requests == []
