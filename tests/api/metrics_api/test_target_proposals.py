"""Proposals of harder targets: made by the job, decided on over HTTP."""

import asyncio
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from metrics_api.judgements.actions import judge_targets
from metrics_api.judgements.jobs import judge_targets as judge_targets_job
from metrics_api.target_proposals.actions import propose_targets
from shared.kit.clock import now
from shared.kit.database import transaction
from shared.kit.jobs import JobContext
from tests.support.copies import add_copy
from tests.support.incidents import add_service, resolved_incident, store
from tests.support.judged import items, month_before, resolve_monthly, set_target, told
from tests.support.metrics import Metrics

# Who accepts, does so today: the periods that were met are the last three months.
TODAY = now()
FIRST = month_before(TODAY, 3).date()
MEASURED = {
    "key": "quick",
    "name": "Quick help",
    "owner": "ada",
    "kpis": [{"kpi": "mttr", "service": "network"}],
}


@pytest.fixture(autouse=True)
async def network(metrics: Metrics) -> None:
    async with transaction(metrics.engine) as session:
        await add_service(session, "network")


async def judge_and_propose(metrics: Metrics) -> int:
    await judge_targets(metrics.engine, TODAY, again=True)
    async with transaction(metrics.engine) as session:
        return await propose_targets(session, TODAY)


async def proposal(metrics: Metrics, hours: tuple[float, ...] = (4.0, 3.5, 4.5)) -> dict[str, Any]:
    """The proposal for a target of at most 5 hours that was met in three months."""
    await set_target(metrics, valid_from=str(FIRST), owner="ada")
    await resolve_monthly(metrics, hours, now=TODAY)
    assert await judge_and_propose(metrics) == 1
    return (await items(metrics, "/v1/target-proposals"))[0]


async def decide(
    metrics: Metrics, one: dict[str, Any], act: str, tag: str | None = None, **body: Any
) -> httpx.Response:
    headers = {"If-Match": tag or f'"{one["revision"]}"'}
    path = f"/v1/target-proposals/{one['id']}/{act}"
    return await metrics.http.post(path, json=body, headers=headers)


async def proposing_jobs(metrics: Metrics) -> int:
    statement = text(
        "SELECT count(*) FROM metrics_jobs.procrastinate_jobs WHERE task_name = 'propose_targets'"
    )
    async with transaction(metrics.engine) as session:
        return int((await session.execute(statement)).scalar_one())


class TestAsking:
    async def test_new_judgements_have_targets_proposed_and_nothing_new_does_not(
        self, metrics: Metrics
    ) -> None:
        context = JobContext(metrics.engine, None, None)  # type: ignore[arg-type]
        await judge_targets_job(context, {})
        assert await proposing_jobs(metrics) == 0

        await set_target(metrics, valid_from=str(FIRST))
        await resolve_monthly(metrics, (4.0, 3.5, 4.5), now=TODAY)
        await judge_targets_job(context, {})

        assert await proposing_jobs(metrics) == 1


class TestProposing:
    async def test_three_months_met_propose_the_midpoint_to_their_mean(
        self, metrics: Metrics
    ) -> None:
        one = await proposal(metrics)

        assert (one["old_value"], one["mean"], one["value"]) == (5.0, 4.0, 4.5)
        assert (one["state"], one["comparator"], one["kpi"]) == ("proposed", "lte", "mttr")
        assert [(p["value"], p["count"]) for p in one["periods"]] == [(4.0, 1), (3.5, 1), (4.5, 1)]
        news = await told(metrics, "target.proposed")
        assert [(each["proposal"], each["value"]) for each in news] == [(one["id"], 4.5)]

    async def test_one_is_made_however_often_and_by_how_many(self, metrics: Metrics) -> None:
        await proposal(metrics)

        made = await asyncio.gather(*(judge_and_propose(metrics) for _ in range(3)))

        assert sum(made) == 0
        assert len(await told(metrics, "target.proposed")) == 1

    async def test_nothing_is_proposed_unless_three_in_a_row_were_met_and_better(
        self, metrics: Metrics
    ) -> None:
        months = {
            "missed": (4.0, 6.0, 4.0),
            "silent": (4.0, None, 4.0),
            "short": (6.0, 4.0, 4.0),
            "no-better": (5.0, 5.0, 5.0),
        }
        for service, hours in months.items():
            async with transaction(metrics.engine) as session:
                await add_service(session, service)
            await set_target(metrics, valid_from=str(FIRST), service=service)
            await resolve_monthly(metrics, hours, service=service, now=TODAY)

        assert await judge_and_propose(metrics) == 0
        assert len(await items(metrics, "/v1/judgements", verdict="met")) == 9

    async def test_a_proposal_lapses_when_its_target_reads_otherwise(
        self, metrics: Metrics
    ) -> None:
        one = await proposal(metrics)
        await metrics.http.patch(
            f"/v1/targets/{one['target']}", json={"value": 4.6}, headers={"If-Match": "*"}
        )

        assert await judge_and_propose(metrics) == 1

        states = [each["state"] for each in await items(metrics, "/v1/target-proposals")]
        assert sorted(states) == ["lapsed", "proposed"]
        lapsed = await items(metrics, "/v1/target-proposals", state="lapsed")
        assert lapsed[0]["reason"] == "target_changed"

    async def test_a_proposal_lapses_when_late_records_show_a_miss(self, metrics: Metrics) -> None:
        one = await proposal(metrics)
        async with transaction(metrics.engine) as session:
            at = month_before(TODAY, 2) + timedelta(days=3)
            await store(session, [resolved_incident("network", at, 90.0)])

        assert await judge_and_propose(metrics) == 0

        reply = await decide(metrics, one, "accept", tag="*")
        assert (reply.status_code, reply.json()["code"]) == (409, "move_not_allowed")
        assert reply.json()["allowed"] == []

    async def test_the_facts_count_what_is_open(self, metrics: Metrics) -> None:
        await proposal(metrics)

        facts = (await metrics.http.get("/v1/services/network/facts")).json()["facts"]

        assert facts["proposals_open_count"]["value"] == 1


class TestAccepting:
    async def test_the_harder_target_follows_the_old_one_on_a_day(self, metrics: Metrics) -> None:
        one = await proposal(metrics)
        starts = TODAY.date() + timedelta(days=2)

        reply = await decide(metrics, one, "accept", starts_on=str(starts))

        assert reply.status_code == 200, reply.text
        accepted = reply.json()
        old, new = [
            (await metrics.http.get(f"/v1/targets/{target}")).json()
            for target in (one["target"], accepted["new_target"])
        ]
        assert (accepted["state"], accepted["decided_by"]) == ("accepted", "ada")
        assert reply.headers["ETag"] == '"2"'
        assert (old["value"], old["valid_to"]) == (5.0, str(starts - timedelta(days=1)))
        assert (new["value"], new["valid_from"], new["valid_to"]) == (4.5, str(starts), None)
        assert (new["owner"], new["period"]) == ("ada", "month")

    async def test_without_a_day_it_starts_with_the_next_period(self, metrics: Metrics) -> None:
        one = await proposal(metrics)

        accepted = (await decide(metrics, one, "accept")).json()

        assert accepted["starts_on"] == str(month_before(TODAY, -1).date())

    async def test_all_that_changes_is_audited(self, metrics: Metrics) -> None:
        one = await proposal(metrics)
        accepted = (await decide(metrics, one, "accept")).json()

        entries = [
            (await items(metrics, "/v1/audit", resource=resource, key=key))[0]["action"]
            for resource, key in (
                ("target_proposal", one["id"]),
                ("target", one["target"]),
                ("target", accepted["new_target"]),
            )
        ]
        assert entries == ["accepted", "ended", "created"]

    async def test_the_harder_target_serves_the_vital_activities_of_the_old_one(
        self, metrics: Metrics
    ) -> None:
        one = await proposal(metrics)
        activity = {"key": "pay", "customer": "sales", "name": "Pay", "active": True}
        async with transaction(metrics.engine) as session:
            await add_copy(session, "vital_activity", "pay", activity | {"criticality": "high"})
        link = {"kind": "kpt_vma", "upper": one["target"], "lower": "pay"}
        assert (await metrics.http.post("/v1/tier-links", json=link)).status_code == 201
        await metrics.http.post("/v1/kras", json=MEASURED)

        # From today on, so that the old one is a target of the past.
        accepted = await decide(metrics, one, "accept", starts_on=str(now().date()))

        new = accepted.json()["new_target"]
        links = await items(metrics, "/v1/tier-links", lower="pay")
        assert {each["upper"] for each in links} == {one["target"], new}
        broken = await items(metrics, "/v1/tier-links/broken")
        assert {each["code"] for each in broken} == {"vital_activity_without_slo"}
        (entry,) = await items(metrics, "/v1/audit", resource="tier_link", action="linked", limit=1)
        assert entry["after"] == link | {"upper": new}

    async def test_two_who_accept_at_once_set_one_target(self, metrics: Metrics) -> None:
        one = await proposal(metrics)

        replies = await asyncio.gather(*(decide(metrics, one, "accept") for _ in range(2)))

        assert sorted(reply.status_code for reply in replies) == [200, 412]
        assert len(await items(metrics, "/v1/targets")) == 2

    async def test_what_cannot_be_accepted_changes_nothing(self, metrics: Metrics) -> None:
        one = await proposal(metrics)
        yesterday = str(TODAY.date() - timedelta(days=1))

        replies = [
            await decide(metrics, one, "accept", tag, **body)
            for tag, body in (
                ('"9"', {}),
                ("*", {"starts_on": yesterday}),
                ("*", {"starts_on": "0001-01-01"}),
                ("*", {"start": "2026-01-01"}),
            )
        ]

        assert [reply.status_code for reply in replies] == [412, 422, 422, 422]
        assert await items(metrics, "/v1/target-proposals", state="proposed") == [one]

    async def test_the_owner_of_the_target_decides(self, metrics: Metrics) -> None:
        one = await proposal(metrics)
        metrics.http.headers.update(metrics.caller("bob"))

        replies = [await decide(metrics, one, "accept")]
        replies.append(await decide(metrics, one, "decline", reason="No"))
        metrics.http.headers.update(metrics.caller("ada", ["metrics:read"]))
        replies.append(await decide(metrics, one, "accept"))

        codes = [reply.json()["code"] for reply in replies]
        assert codes == ["not_the_owner", "not_the_owner", "insufficient_scope"]


class TestDeclining:
    async def test_the_same_periods_are_not_proposed_for_again(self, metrics: Metrics) -> None:
        one = await proposal(metrics)

        declined = (await decide(metrics, one, "decline", reason="Two holidays")).json()

        assert (declined["state"], declined["reason"]) == ("declined", "Two holidays")
        assert await judge_and_propose(metrics) == 0
        assert (await metrics.http.get(f"/v1/target-proposals/{one['id']}")).json() == declined

    async def test_declining_needs_a_reason_and_happens_once(self, metrics: Metrics) -> None:
        one = await proposal(metrics)

        assert (await decide(metrics, one, "decline")).status_code == 422
        assert (await decide(metrics, one, "decline", reason="\x00")).status_code == 422
        assert (await decide(metrics, one, "decline", reason="No")).status_code == 200
        again = await decide(metrics, one, "accept", tag="*")
        assert (again.status_code, again.json()["code"]) == (409, "move_not_allowed")
