"""Triggers that watch a line, and what a trigger would have opened."""

import asyncio
from datetime import UTC, datetime

import pytest

from improvement_api.periods import Grain, last_full_periods
from improvement_api.triggers.definitions import DEFAULTS
from tests.support.eventually import eventually
from tests.support.improvement import Improvement
from tests.support.improving import Known, known, posted
from tests.support.told import (
    tell_missed,
)
from tests.support.triggered import BOUNCING, MONTHS, occurrences, opportunities, publish


@pytest.fixture
def more(listening: Improvement) -> Known:
    return known(listening)


class TestLines:
    @pytest.fixture(autouse=True)
    async def bouncing(self, listening: Improvement) -> None:
        await publish(listening, "bouncing", BOUNCING)

    async def test_waste_over_the_line_opens_one_for_each_service(
        self, listening: Improvement, more: Known
    ) -> None:
        much, little = dict.fromkeys(MONTHS, 0.18), dict.fromkeys(MONTHS, 0.15)
        lately = {MONTHS[-1]: 0.18}
        for service, values in {"vpn": much, "a": much, "b": little, "c": lately}.items():
            more.series[service, "bouncing_rate"] = values
            more.owners[service] = "ada"

        for _ in range(2):
            await listening.run_job("check_lines", {})

        found = {item["cause_key"]: item for item in await opportunities(listening)}
        assert set(found) == {"bouncing:vpn:kpi:bouncing_rate", "bouncing:a:kpi:bouncing_rate"}
        opened = found["bouncing:a:kpi:bouncing_rate"]
        assert opened["occurrences"] == 1
        assert [
            (each["period"], each["value"], each["comparator"], each["target"], each["n"])
            for each in opened["figures"]
        ] == [(period, 0.18, "lte", 0.15, 12) for period in MONTHS[-2:]]

    async def test_it_is_checked_at_once_when_asked_by_a_real_worker(
        self, listening: Improvement, more: Known
    ) -> None:
        more.series["vpn", "bouncing_rate"] = dict.fromkeys(MONTHS, 0.9)
        await posted(listening, "/v1/triggers/bouncing/checks", None)

        async with listening.working():
            (opened,) = await eventually(lambda: opportunities(listening))

        assert opened["cause_key"] == "bouncing:vpn:kpi:bouncing_rate"
        assert opened["impacts"] == BOUNCING["impacts"]

    async def test_what_fires_by_signals_cannot_be_checked(self, listening: Improvement) -> None:
        await publish(listening, "bouncing", BOUNCING | {"enabled": False})

        replies = [
            await listening.http.post(f"/v1/triggers/{key}/checks")
            for key in ("target-missed", "bouncing")
        ]

        assert [(reply.status_code, reply.json()["code"]) for reply in replies] == [
            (409, "fires_by_signals"),
            (409, "trigger_disabled"),
        ]

    async def test_many_that_check_at_once_open_one_for_each_service(
        self, listening: Improvement, more: Known
    ) -> None:
        for service in ("vpn", "a", "b"):
            more.series[service, "bouncing_rate"] = dict.fromkeys(MONTHS, 0.9)
            more.owners[service] = "ada"

        await asyncio.gather(*(listening.run_job("check_lines", {}) for _ in range(6)))

        found = await opportunities(listening)
        # 0.9 is beyond the line of the default for bouncing as well: both tell of one matter.
        assert sorted(item["service"] for item in found) == ["a", "b", "vpn"]
        for trigger in ("bouncing", "waste-bouncing"):
            told = await occurrences(listening, trigger)
            assert sorted(one["service"] for one in told) == ["a", "b", "vpn"]
        assert {item["occurrences"] for item in found} == {2}


class TestSimulation:
    async def test_it_says_what_would_have_fired_over_the_stored_signals_and_opens_nothing(
        self, listening: Improvement, more: Known
    ) -> None:
        await tell_missed(listening, 0, 1, 2, 3)
        await tell_missed(listening, 0, 1, service="mail")
        stricter = DEFAULTS["target-missed"].model_dump(mode="json")
        stricter["condition"] |= {"periods": 2}
        path = "/v1/triggers/target-missed/simulations"

        now = await posted(listening, path, {"days": 1})
        then = await posted(listening, path, {"days": 1, "definition": stricter})

        assert (now["looked_at"], now["fired"], now["causes"]) == (6, 2, 1)
        assert (then["fired"], then["causes"], then["complete"]) == (4, 2, True)
        assert [item["first_of_cause"] for item in now["items"]] == [True, False]
        assert [each["event"] for each in now["items"][0]["figures"]] == [
            f"vpn-mttr-{number}" for number in range(3)
        ]
        assert await opportunities(listening) == []

    async def test_of_a_line_it_looks_at_the_periods_that_ended_in_those_days(
        self, listening: Improvement, more: Known
    ) -> None:
        months = last_full_periods(Grain.MONTH, 8, datetime.now(UTC))
        more.series["vpn", "bouncing_rate"] = dict.fromkeys(months, 0.5)
        definition = BOUNCING | {"services": ["vpn"]}

        found = await posted(
            listening,
            "/v1/triggers/proposed/simulations",
            {"days": 62, "definition": definition},
        )

        ends = [item["identity"] for item in found["items"]]
        assert ends == months[-len(ends) :]
        assert len(ends) in (2, 3)
        assert (found["causes"], found["looked_at"]) == (1, 1)

    async def test_it_says_so_when_it_cannot_ask(self, listening: Improvement, more: Known) -> None:
        listening.fake.down.add("metrics")

        reply = await listening.http.post("/v1/triggers/waste-hold/simulations", json={"days": 90})

        assert (reply.status_code, reply.json()["code"]) == (503, "unavailable")
