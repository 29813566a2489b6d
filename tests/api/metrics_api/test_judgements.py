"""Judgements of targets: made by the job, read over HTTP."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from metrics_api.judgements.actions import judge_targets
from metrics_api.records.tables import ChangeRecord, Outage, Survey
from shared.kit.database import transaction
from shared.schemas.metrics import KpiId
from tests.support.incidents import add_service, resolved_incident, store
from tests.support.judged import NOW, items, resolve_monthly, set_target, told
from tests.support.metrics import Metrics
from tests.support.record_rows import add_records
from tests.support.statements import counted_statements

LAST_DAY_OF_JANUARY = datetime(2026, 1, 31, 23, 30, tzinfo=UTC)


@pytest.fixture(autouse=True)
async def network(metrics: Metrics) -> None:
    async with transaction(metrics.engine) as session:
        await add_service(session, "network")


async def judge(metrics: Metrics, *, again: bool = False, now: datetime = NOW) -> int:
    return await judge_targets(metrics.engine, now, again=again)


async def judgements(metrics: Metrics, **query: Any) -> list[dict[str, Any]]:
    return await items(metrics, "/v1/judgements", **query)


def short(found: list[dict[str, Any]]) -> list[tuple[str, str, float | None, int]]:
    return [(one["period"], one["verdict"], one["value"], one["streak"]) for one in found]


async def arrives_late(metrics: Metrics, at: datetime, hours: float) -> None:
    async with transaction(metrics.engine) as session:
        await store(session, [resolved_incident("network", at, hours)])


class TestJudging:
    async def test_each_full_period_in_which_the_target_held_is_judged(
        self, metrics: Metrics
    ) -> None:
        target = await set_target(metrics, valid_from="2025-10-15")
        await resolve_monthly(metrics, [9.0, 4.0, None, 6.0, 7.0])  # from October on

        await judge(metrics)

        found = await items(metrics, f"/v1/targets/{target['id']}/judgements")
        assert short(found) == [
            ("2026-02", "missed", 7.0, 2),
            ("2026-01", "missed", 6.0, 1),
            ("2025-12", "unknown", None, 1),
            ("2025-11", "met", 4.0, 1),
        ]
        assert (found[2]["reason"], found[2]["count"]) == ("no_records", 0)
        assert (found[0]["count"], found[0]["target_value"], found[0]["version"]) == (1, 5.0, 1)

    async def test_the_figures_are_those_of_the_kpis(self, metrics: Metrics) -> None:
        for kpi in KpiId:
            await set_target(metrics, kpi=kpi, value=1, timezone="America/New_York")
        await resolve_monthly(metrics, [2.0, 30.0, 4.0])
        await arrives_late(metrics, datetime(2026, 2, 1, 2, tzinfo=UTC), 2000.0)
        await add_other_records(metrics, datetime(2026, 1, 20, tzinfo=UTC))

        await judge(metrics)

        judged = {
            (one["kpi"], one["period"]): (one["value"], one["count"])
            for one in await judgements(metrics)
        }
        assert judged == await shown_kpis(metrics)
        assert {kpi for (kpi, _), (value, _) in judged.items() if value is not None} > {
            "mttr",
            "backlog",
            "availability",
            "csat",
            "change_failure_rate",
        }

    async def test_a_period_is_judged_once(self, metrics: Metrics) -> None:
        await set_target(metrics)
        await resolve_monthly(metrics, [4.0, 6.0, 6.5])

        assert [await judge(metrics), await judge(metrics, again=True)] == [3, 0]

        news = await told(metrics, "target.met", "target.missed")
        assert [(one["type"], one["period"], one["streak"]) for one in news] == [
            ("target.met", "2025-12", 1),
            ("target.missed", "2026-01", 1),
            ("target.missed", "2026-02", 2),
        ]
        assert (news[2]["service"], news[2]["value"], news[2]["count"]) == ("network", 6.5, 1)

    async def test_judges_at_the_same_time_tell_it_once(self, metrics: Metrics) -> None:
        await set_target(metrics)
        await resolve_monthly(metrics, [4.0, 6.0, 6.5])

        changed = await asyncio.gather(*(judge(metrics, again=True) for _ in range(3)))

        assert sum(changed) == 3
        assert len(await told(metrics, "target.met", "target.missed")) == 3

    async def test_history_is_judged_but_only_its_newest_period_is_told(
        self, metrics: Metrics
    ) -> None:
        await set_target(metrics, valid_from="2024-01-01", valid_to="2024-06-30")
        await resolve_monthly(metrics, [6.0] * 30)

        assert await judge(metrics) == 6
        news = await told(metrics, "target.missed")
        assert [(one["period"], one["streak"]) for one in news] == [("2024-06", 6)]

    async def test_weeks_of_a_time_zone_end_there(self, metrics: Metrics) -> None:
        await set_target(
            metrics, valid_from="2026-01-26", period="week", timezone="Pacific/Auckland"
        )
        # In Auckland it is Monday, the first of the week after.
        await arrives_late(metrics, datetime(2026, 2, 1, 20, tzinfo=UTC), 6.0)

        await judge(metrics)

        found = await judgements(metrics, verdict="missed")
        assert [one["period"] for one in found] == ["2026-W06"]

    async def test_targets_on_other_records_are_judged_as_well(self, metrics: Metrics) -> None:
        await set_target(metrics, kpi="availability", comparator="gte", value=0.99)

        await judge(metrics)

        found = await judgements(metrics)
        assert {(one["verdict"], one["reason"]) for one in found} == {("unknown", "no_records")}

    async def test_many_targets_take_as_many_statements_as_one(self, metrics: Metrics) -> None:
        await set_target(metrics)
        one = await count_statements(metrics)
        keys = [f"service-{n}" for n in range(12)]
        async with transaction(metrics.engine) as session:
            for key in keys:
                await add_service(session, key)
        for key in keys:
            await set_target(metrics, service=key)

        assert await count_statements(metrics) == one
        assert len(await judgements(metrics)) == 13 * 3


async def add_other_records(metrics: Metrics, at: datetime) -> None:
    later = at + timedelta(hours=3)
    async with transaction(metrics.engine) as session:
        await add_records(session, Outage, {"started_at": at, "ended_at": later})
        await add_records(session, Survey, {"sent_at": at, "answered_at": later, "score": 4})
        await add_records(session, ChangeRecord, {"completed_at": later, "outcome": "failed"})


async def shown_kpis(metrics: Metrics) -> dict[tuple[str, str], tuple[float | None, int]]:
    """Every KPI of network in the months that are judged, as the service's KPIs show it."""
    query = {"periods": "2025-12,2026-01,2026-02", "timezone": "America/New_York"}
    reply = await metrics.http.get("/v1/services/network/kpis", params=query)
    assert reply.status_code == 200, reply.text
    return {
        (kpi["kpi"], value["period"]): (value["value"], value["count"])
        for kpi in reply.json()["kpis"]
        for value in kpi["values"]
    }


async def count_statements(metrics: Metrics) -> int:
    with counted_statements() as statements:
        await judge(metrics)
    return len(statements)


class TestChanges:
    async def test_a_late_record_makes_a_version_and_tells_of_another_verdict(
        self, metrics: Metrics
    ) -> None:
        target = await set_target(metrics, valid_from="2026-01-01")
        await resolve_monthly(metrics, [4.0, 4.0])
        await judge(metrics)
        await arrives_late(metrics, LAST_DAY_OF_JANUARY, 4.5)  # still met
        await judge(metrics, again=True)
        await arrives_late(metrics, LAST_DAY_OF_JANUARY, 9.5)
        await judge(metrics, again=True)

        path = f"/v1/targets/{target['id']}/judgements/2026-01/versions"
        versions = await items(metrics, path)
        assert [(one["version"], one["verdict"], one["value"]) for one in versions] == [
            (3, "missed", 6.0),
            (2, "met", 4.25),
            (1, "met", 4.0),
        ]
        assert [one["period"] for one in await told(metrics, "target.missed")] == ["2026-01"]
        assert len(await told(metrics, "target.met")) == 2

    async def test_what_ended_long_ago_is_not_judged_again(self, metrics: Metrics) -> None:
        await set_target(metrics, valid_from="2025-01-01", valid_to="2025-02-28")
        await resolve_monthly(metrics, [4.0] * 14)
        await judge(metrics)
        await arrives_late(metrics, datetime(2025, 1, 5, tzinfo=UTC), 90.0)

        assert await judge(metrics, again=True) == 0

    async def test_a_figure_that_comes_years_late_ends_the_unknown(self, metrics: Metrics) -> None:
        await set_target(metrics, valid_from="2025-01-01", valid_to="2025-01-31")
        await judge(metrics)
        await arrives_late(metrics, datetime(2025, 1, 5, tzinfo=UTC), 90.0)

        assert await judge(metrics, again=True) == 1
        assert [one["verdict"] for one in await judgements(metrics)] == ["missed"]

    async def test_a_corrected_target_judges_past_periods_anew(self, metrics: Metrics) -> None:
        target = await set_target(metrics)
        await resolve_monthly(metrics, [6.0, 6.0, 6.0])
        await judge(metrics)
        change = {"value": 7.0, "valid_from": "2026-01-01"}
        await metrics.http.patch(
            f"/v1/targets/{target['id']}", json=change, headers={"If-Match": "*"}
        )

        await judge(metrics)

        assert short(await judgements(metrics)) == [
            ("2026-02", "met", 6.0, 2),
            ("2026-01", "met", 6.0, 1),
            ("2025-12", "unknown", None, 1),
        ]
        assert await judge(metrics) == 0

    async def test_a_new_owner_changes_no_judgement(self, metrics: Metrics) -> None:
        target = await set_target(metrics)
        await judge(metrics)
        change = {"owner": "bob"}
        reply = await metrics.http.patch(
            f"/v1/targets/{target['id']}", json=change, headers={"If-Match": "*"}
        )

        assert reply.json()["owner"] == "bob"
        assert await judge(metrics) == 0


class TestReading:
    async def test_lists_are_filtered_and_paged(self, metrics: Metrics) -> None:
        await set_target(metrics)
        await set_target(metrics, kpi="incident_count", value=1)
        await resolve_monthly(metrics, [4.0, 6.0, 6.5])
        await judge(metrics)

        assert len(await judgements(metrics, kpi="mttr", verdict="missed")) == 2
        assert len(await judgements(metrics, period="2026-01", service="network")) == 2
        first = (await metrics.http.get("/v1/judgements?limit=4")).json()
        rest = await judgements(metrics, cursor=first["next_cursor"])
        assert [len(first["items"]), len(rest)] == [4, 2]
        assert {(one["target"], one["period"]) for one in first["items"]}.isdisjoint(
            (one["target"], one["period"]) for one in rest
        )

    async def test_what_cannot_be_read_is_refused(self, metrics: Metrics) -> None:
        nobody = "/v1/targets/00000000-0000-0000-0000-000000000000/judgements"
        asked = {
            "/v1/judgements?period=soon": 422,
            "/v1/judgements?period=2026-13%00": 422,
            "/v1/judgements?cursor=bm8": 400,
            nobody: 404,
            f"{nobody}/2026-01/versions": 404,
        }

        replies = {path: await metrics.http.get(path) for path in asked}

        assert {path: reply.status_code for path, reply in replies.items()} == asked

    async def test_the_facts_tell_the_longest_run_of_misses(self, metrics: Metrics) -> None:
        facts = await facts_of(metrics)
        assert facts["targets_missed_streak_max"]["value"] is None
        await set_target(metrics)
        await set_target(metrics, kpi="incident_count", value=1)
        await resolve_monthly(metrics, [4.0, 6.0, 6.5])
        await judge(metrics)

        facts = await facts_of(metrics)

        assert facts["targets_missed_streak_max"]["value"] == 2
        assert facts["proposals_open_count"]["value"] == 0


async def facts_of(metrics: Metrics) -> dict[str, Any]:
    found: dict[str, Any] = (await metrics.http.get("/v1/services/network/facts")).json()["facts"]
    return found
