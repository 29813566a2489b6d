"""Triggers: their versions, how signals and figures make them fire, each cause once."""

import asyncio
from contextlib import AsyncExitStack
from typing import Any

import pytest

from improvement_api.triggers.definitions import DEFAULTS
from shared.errors import Unavailable
from tests.support.eventually import eventually
from tests.support.improvement import Improvement
from tests.support.improving import Known, known, posted
from tests.support.told import (
    alert_data,
    budget_data,
    month,
    target_data,
    tell,
    tell_missed,
    trend_data,
)
from tests.support.triggered import BOUNCING, occurrences, opportunities, publish


@pytest.fixture
def more(listening: Improvement) -> Known:
    return known(listening)


class TestDefinitions:
    async def test_the_defaults_are_in_force_from_the_first_start(
        self, listening: Improvement
    ) -> None:
        items = (await listening.http.get("/v1/triggers")).json()["items"]

        assert [item["key"] for item in items] == sorted(DEFAULTS)
        assert {(item["version"], item["enabled"]) for item in items} == {(1, True)}

    async def test_a_trigger_is_changed_and_disabled_by_its_next_version(
        self, listening: Improvement
    ) -> None:
        replies = await asyncio.gather(
            *(publish(listening, "bouncing", BOUNCING) for _ in range(4))
        )
        off = await publish(listening, "bouncing", BOUNCING | {"enabled": False})

        versions = (await listening.http.get("/v1/triggers/bouncing/versions")).json()["items"]
        in_force = await listening.http.get("/v1/triggers/bouncing")
        audited = (await listening.http.get("/v1/audit?resource=trigger&key=bouncing")).json()
        assert sorted(reply["version"] for reply in replies) == [1, 2, 3, 4]
        assert (off["version"], off["enabled"]) == (5, False)
        assert [item["version"] for item in versions] == [5, 4, 3, 2, 1]
        assert (in_force.json(), in_force.headers["ETag"]) == (off, '"5"')
        assert len(audited["items"]) == 5

    async def test_its_kind_never_changes(self, listening: Improvement) -> None:
        reply = await listening.http.post("/v1/triggers/target-missed/versions", json=BOUNCING)

        assert (reply.status_code, reply.json()["code"]) == (409, "kind_fixed")

    @pytest.mark.parametrize(
        "condition",
        [
            {"kind": "moon_full"},
            {"kind": "target_missed", "periods": 0},
            {"kind": "target_missed", "periods": 10**40},
            {"kind": "target_missed", "kpis": []},
            {"kind": "line_crossed", "kpi": "mttr", "comparator": "gt", "line": 1e300},
            {"kind": "line_crossed", "kpi": "mttr", "comparator": "gt"},
            {"kind": "budget_spent", "severities": ["a\x00"]},
        ],
    )
    async def test_a_condition_that_cannot_be_is_refused(
        self, listening: Improvement, condition: dict[str, Any]
    ) -> None:
        body = BOUNCING | {"condition": condition}

        reply = await listening.http.post("/v1/triggers/it/versions", json=body)

        assert reply.status_code == 422
        assert reply.json()["errors"][0]["pointer"].startswith("/condition")

    async def test_an_unknown_trigger_is_404(self, listening: Improvement) -> None:
        for path in ("", "/versions", "/occurrences"):
            assert (await listening.http.get(f"/v1/triggers/none{path}")).status_code == 404


class TestSignals:
    async def test_a_target_missed_three_periods_running_opens_one_that_names_the_figures(
        self, listening: Improvement, more: Known
    ) -> None:
        await tell_missed(listening, 0, 1, 2)

        await listening.run_job("consume_signals", {})

        (opened,) = await opportunities(listening)
        assert [impact["stakeholder"] for impact in opened["impacts"]] == [
            "Customers of the service"
        ]
        (fired,) = await occurrences(listening, "target-missed")
        assert (opened["state"], opened["source"], opened["owner"]) == ("new", "trigger", "ada")
        assert (opened["service"], opened["kpi"]) == ("vpn", "mttr")
        assert opened["cause_key"] == "target-missed:vpn:kpi:mttr"
        figures = [
            {
                "measure": "mttr",
                "period": month(number),
                "value": 9.0,
                "comparator": "lte",
                "target": 5.0,
                "n": 12,
                "event": f"vpn-mttr-{number}",
            }
            for number in range(3)
        ]
        assert opened["figures"] == opened["cause"]["figures"] == fired["figures"] == figures
        assert opened["cause"]["trigger_version"] == 1
        assert (fired["handling"], fired["opportunity"]) == ("opened", opened["id"])

    async def test_a_real_worker_lets_it_fire_by_itself_within_seconds(
        self, listening: Improvement, more: Known
    ) -> None:
        async with listening.working():
            await tell_missed(listening, 0, 1, 2)
            (opened,) = await eventually(lambda: opportunities(listening), within=30)

        assert opened["cause_key"] == "target-missed:vpn:kpi:mttr"

    async def test_it_goes_on_to_be_one_however_long_the_target_is_missed(
        self, listening: Improvement, more: Known
    ) -> None:
        for number in range(6):
            data = target_data(month(number), number + 1)
            await tell(listening, "target.missed", data, f"e{number}")
            await listening.run_job("consume_signals", {})

        (opened,) = await opportunities(listening)
        assert opened["occurrences"] == 4
        assert [figure["event"] for figure in opened["figures"]] == [f"e{n}" for n in range(6)]

    async def test_what_is_met_between_breaks_the_run(
        self, listening: Improvement, more: Known
    ) -> None:
        await tell_missed(listening, 0, 1)
        await tell(listening, "target.met", target_data(month(2)), "met")
        await tell_missed(listening, 3, 4)

        await listening.run_job("consume_signals", {})

        assert await opportunities(listening) == []

    async def test_the_other_kinds_open_each_their_own(
        self, listening: Improvement, more: Known
    ) -> None:
        paging = {
            "title": "Budgets",
            "benefit": "Kept",
            "condition": {"kind": "budget_spent", "severities": ["page"]},
        }
        await publish(listening, "budget-spent", paging)
        await tell(listening, "slo.budget_exhausted", budget_data(), "e1")
        await tell(listening, "slo.alert_firing", alert_data(), "e2")
        await tell(listening, "trend.degrading", trend_data(), "e3")
        csat = target_data(month(0), kpi="csat", comparator="gte", target_value=0.8, value=0.6)
        await tell(listening, "target.missed", csat, "e4")
        await tell(listening, "clock.breached", {"service": "vpn"}, "e5")
        await tell(listening, "target.missed", {"service": "vpn"}, "e6")

        await listening.run_job("consume_signals", {})

        found = {item["cause_key"]: item["occurrences"] for item in await opportunities(listening)}
        assert found == {
            "budget-spent:vpn:slo:vpn-up/0": 2,
            "trend-degrading:vpn:kpi:mttr": 1,
            "satisfaction-target-missed:vpn:kpi:csat": 1,
        }

    async def test_nothing_fires_twice_when_it_is_told_or_read_again(
        self, listening: Improvement, more: Known
    ) -> None:
        for _ in range(2):
            await tell_missed(listening, 0, 1, 2)
            await listening.run_job("consume_signals", {})
        before = await opportunities(listening)
        listening.as_admin("UPDATE improvement.signal_cursor SET sequence = 0")

        await listening.run_job("consume_signals", {})

        assert await opportunities(listening) == before
        assert before[0]["occurrences"] == 1

    async def test_signals_wait_while_the_catalog_cannot_say_who_owns_the_service(
        self, listening: Improvement, more: Known
    ) -> None:
        await tell_missed(listening, 0, 1, 2)
        listening.fake.down.add("catalog")

        with pytest.raises(Unavailable):  # the job is tried again
            await listening.run_job("consume_signals", {})
        meanwhile = await opportunities(listening)
        listening.fake.down.clear()
        await listening.run_job("consume_signals", {})

        assert meanwhile == []
        assert [item["owner"] for item in await opportunities(listening)] == ["ada"]

    @pytest.mark.parametrize(
        ("owners", "named", "owner"),
        [({"vpn": None}, None, None), ({}, None, None), ({"vpn": "ada"}, "bob", "bob")],
    )
    async def test_it_opens_also_where_nobody_answers_for_the_service(
        self,
        listening: Improvement,
        more: Known,
        owners: dict[str, str | None],
        named: str | None,
        owner: str | None,
    ) -> None:
        more.owners = owners
        if not owners:
            del listening.fake.services["vpn"]
        body = DEFAULTS["target-missed"].model_dump(mode="json") | {"owner": named}
        await publish(listening, "target-missed", body)
        await tell_missed(listening, 0, 1, 2)

        await listening.run_job("consume_signals", {})

        assert [item["owner"] for item in await opportunities(listening)] == [owner]

    async def test_a_disabled_trigger_and_one_of_other_services_stay_silent(
        self, listening: Improvement, more: Known
    ) -> None:
        body = DEFAULTS["target-missed"].model_dump(mode="json")
        await publish(listening, "target-missed", body | {"enabled": False})
        await publish(listening, "others", body | {"services": ["mail"]})
        await publish(listening, "ours", body | {"services": ["vpn"]})
        await tell_missed(listening, 0, 1, 2)

        await listening.run_job("consume_signals", {})

        keys = [item["cause_key"] for item in await opportunities(listening)]
        assert keys == ["ours:vpn:kpi:mttr"]

    async def test_a_rejected_cause_says_why_it_opens_nothing(
        self, listening: Improvement, more: Known
    ) -> None:
        await tell_missed(listening, 0, 1, 2)
        await listening.run_job("consume_signals", {})
        (opened,) = await opportunities(listening)
        path = f"/v1/opportunities/{opened['id']}/transitions"
        await posted(listening, path, {"to": "rejected", "comment": "Not ours"})
        later = 12 * 100  # long after the rejection, whenever this runs
        await tell_missed(listening, later, later + 1, later + 2)

        await listening.run_job("consume_signals", {})

        handled = await occurrences(listening, "target-missed", handling="quiet")
        assert [item["opportunity"] for item in handled] == [opened["id"]]
        assert "90 days" in handled[0]["reason"]
        assert len(await opportunities(listening)) == 1


async def test_of_concurrent_deliveries_to_several_workers_each_cause_opens_once(
    listening: Improvement, more: Known
) -> None:
    services = ["vpn", "mail", "files"]
    more.owners = dict.fromkeys(services, "ada")
    events = [
        ("target.missed", target_data(month(number), number + 1, service=service, kpi=kpi))
        for service in services
        for kpi in ("mttr", "mtta")
        for number in range(3)
    ] + [("slo.budget_exhausted", budget_data(service=service)) for service in services]

    # Fewer at once than the app has connections, so that a busy machine only makes it slower.
    room = asyncio.Semaphore(6)

    async def deliver(name: int) -> int:
        async with room:
            kind, data = events[name]
            return (await tell(listening, kind, data, f"{name}")).status_code

    async def consume() -> None:
        async with room:
            await listening.run_job("consume_signals", {})

    async with AsyncExitStack() as workers:
        for _ in range(2):
            await workers.enter_async_context(listening.working())
        # Every event three times, in no order; the same id is the same event.
        async with asyncio.TaskGroup() as group:
            told = [group.create_task(deliver(n)) for _ in range(3) for n in range(len(events))]
            for _ in range(4):
                group.create_task(consume())
        statuses = {each.result() for each in told}

        async def all_dealt_with() -> bool:
            return len(await opportunities(listening)) >= 9

        await eventually(all_dealt_with, within=60)
        await asyncio.gather(*(consume() for _ in range(4)))

    keys = sorted(item["cause_key"] for item in await opportunities(listening))
    expected = [f"target-missed:{s}:kpi:{kpi}" for s in services for kpi in ("mttr", "mtta")]
    expected += [f"budget-spent:{service}:slo:vpn-up/0" for service in services]
    assert statuses == {200}
    assert keys == sorted(expected)
