"""Figures of business cases as people and gates read them, and what was booked beside them."""

import asyncio
from typing import Any

import httpx
import pytest

from tests.support.business_cases import (
    approved_case,
    case_text,
    decided,
    drafted,
    line,
    path_of,
    submitted,
)
from tests.support.gates import automated
from tests.support.improvement import Improvement, problem

PLAN = {"title": "Calmer <nights>", "problem": "The VPN drops at 3 a.m."}
INITIATIVE = {"service": "vpn", "kpi": "mttr", "title": "New gateway", "start": "2026-01-01"}


@pytest.fixture
async def plan(tollgate: Improvement) -> Any:
    reply = await tollgate.http.post("/v1/plans", json=PLAN)
    assert reply.status_code == 201, reply.text
    return reply.json()


async def results_of(tollgate: Improvement, case: Any, **params: str) -> Any:
    path = path_of({"id": case["plan"]}, case["version"], "results")
    reply = await tollgate.http.get(path, params=params)
    assert reply.status_code == 200, reply.text
    return reply


def costs_of_the_catalog(tollgate: Improvement, *months: str | None) -> None:
    """Let the catalog tell what vpn cost in each of these months; None: it does not know."""
    told = [
        {
            "month": f"2025-{number:02}",
            "complete": True,
            "full": {"value": value, "reason": None if value else "no exchange rate"},
        }
        for number, value in enumerate(months, 1)
    ]

    def answer(request: httpx.Request) -> httpx.Response:
        key, *rest = request.url.path.removeprefix("/v1/services/").split("/")
        if key != "vpn":
            return problem(404, "not_found")
        if rest != ["cost-trend"]:
            return tollgate.fake.own_answer(request)
        currency = request.url.params["currency"]
        return httpx.Response(200, json={"service": key, "currency": currency, "months": told})

    tollgate.fake.real["catalog"] = httpx.MockTransport(answer)


class TestResults:
    async def test_are_those_worked_by_hand(self, tollgate: Improvement, plan: Any) -> None:
        results = (await results_of(tollgate, await drafted(tollgate, plan))).json()

        assert results["npv"] == "17145.00"
        assert results["irr"]["value"] == "0.286233"
        assert (results["roi"]["value"], results["payback"]["value"]) == ("0.620000", "1.85")
        assert results["discounted_payback"]["value"] == "2.15"
        (hours,) = results["sensitivity"]
        assert (hours["npv_at_low"], hours["npv_at_high"]) == ("-36571.00", "30574.00")
        assert [one["cumulative"] for one in results["cash_flow"]] == [
            "-50000.00",
            "-23000.00",
            "4000.00",
            "31000.00",
        ]

    async def test_that_are_not_defined_say_why(self, tollgate: Improvement, plan: Any) -> None:
        gain = line("gain", "10", 1, benefit_kind="revenue")
        case = await drafted(tollgate, plan, lines=[gain], assumptions=[])

        results = (await results_of(tollgate, case)).json()

        assert (results["npv"], results["payback"]["value"]) == ("9.09", "0.00")
        for name in ("irr", "roi", "benefit_cost_ratio"):
            assert results[name]["value"] is None
            assert results[name]["reason"]

    async def test_set_the_services_costs_before_beside_those_after(
        self, tollgate: Improvement, plan: Any
    ) -> None:
        costs_of_the_catalog(tollgate, *["10000.00"] * 12)
        case = await drafted(tollgate, plan, services=["vpn"])
        costs_of_the_catalog(tollgate, "99")  # what it says later changes nothing

        tco = (await results_of(tollgate, case)).json()["tco"]

        (snapshot,) = case["costs"]
        assert (snapshot["full"], snapshot["last_month"]) == ("120000.00", "2025-12")
        assert [tco["before"]["value"], tco["after"]["value"]] == ["360000.00", "329000.00"]
        assert tco["delta"] == "-31000.00"

    async def test_without_costs_in_the_catalog_tell_the_change_only(
        self, tollgate: Improvement, plan: Any
    ) -> None:
        costs_of_the_catalog(tollgate, "10", None)
        case = await drafted(tollgate, plan, services=["vpn"])

        tco = (await results_of(tollgate, case)).json()["tco"]

        assert (tco["before"]["value"], tco["after"]["value"]) == (None, None)
        assert "no exchange rate" in tco["before"]["reason"]
        assert tco["delta"] == "-31000.00"

    async def test_need_a_catalog_that_knows_the_service_and_answers(
        self, tollgate: Improvement, plan: Any
    ) -> None:
        costs_of_the_catalog(tollgate, "10")
        body = case_text(services=["vpn", "nothing"])

        unknown = await tollgate.http.post(path_of(plan), json=body)
        tollgate.fake.down.add("catalog")
        away = await tollgate.http.post(path_of(plan), json=body)

        assert (unknown.status_code, unknown.json()["code"]) == (422, "unknown_service")
        assert unknown.json()["errors"][0]["pointer"] == "/services/1"
        assert (away.status_code, away.headers["Retry-After"]) == (503, "5")

    async def test_are_a_page_that_needs_nothing_but_itself(
        self, tollgate: Improvement, plan: Any
    ) -> None:
        case = await drafted(tollgate, plan, summary="<script>alert(1)</script>")

        page = await results_of(tollgate, case, format="html")

        assert page.headers["content-type"] == "text/html; charset=utf-8"
        assert "17,145.00" in page.text
        assert page.text.count("<svg") == 2
        assert "Calmer &lt;nights&gt;" in page.text
        for forbidden in ("<script", "http://", "https://", "src="):
            assert forbidden not in page.text

    async def test_say_of_a_payback_that_does_not_last_that_later_costs_take_it_back(
        self, tollgate: Improvement, plan: Any
    ) -> None:
        lines = [
            line("start", "100", 0),
            line("gain", "200", 1, benefit_kind="revenue"),
            line("end", "300", 2),
        ]
        passing = await drafted(tollgate, plan, lines=lines, assumptions=[])

        results = (await results_of(tollgate, passing)).json()
        page = await results_of(tollgate, passing, format="html")

        assert (results["payback"]["value"], results["payback"]["lasting"]) == ("0.50", False)
        assert page.text.count("later costs take it back") == 2

    async def test_are_drawn_however_long_the_name_of_an_assumption_is(
        self, tollgate: Improvement, plan: Any
    ) -> None:
        [assumption] = case_text()["assumptions"]
        longest = assumption | {"name": "W" * 200}
        case = await drafted(tollgate, plan, assumptions=[longest])

        async with asyncio.timeout(30):
            page = await results_of(tollgate, case, format="html")

        assert page.text.count("<svg") == 2
        assert "W" * 39 + "…" in page.text

    async def test_of_the_largest_case_there_can_be_come_as_figures_and_as_a_page(
        self, tollgate: Improvement, plan: Any
    ) -> None:
        lines = [
            line("spent", "1e15", 0),
            line("gained", "1e15", 1, 999, benefit_kind="revenue", times=["hours"]),
            line("lost", "1e15", 2, 999, every=2, times=["hours"]),
        ]
        case = await drafted(tollgate, plan, periods=999, discount_rate="-0.99", lines=lines)

        results = await results_of(tollgate, case)
        page = await results_of(tollgate, case, format="html")

        assert "E" not in results.json()["npv"]
        assert len(results.json()["cash_flow"]) == 1000
        assert page.text.count("<tr>") > 1000


class TestActuals:
    async def book(self, tollgate: Improvement, plan: Any, **fields: Any) -> httpx.Response:
        body = {"line": "licence", "period": 0, "amount": "60000", "source": "Invoice 1"} | fields
        return await tollgate.http.post(f"/v1/plans/{plan['id']}/actuals", json=body)

    async def test_replace_the_plan_where_periods_are_over(
        self, tollgate: Improvement, plan: Any
    ) -> None:
        case = await approved_case(tollgate, plan, starts_on="2020-01-01", periods=10)
        await self.book(tollgate, plan)
        await self.book(tollgate, plan, line="agents", period=1, amount="20000")
        await self.book(tollgate, plan, line="agents", period=1, amount="-1000")

        path = path_of(plan, case["version"], "realisation")
        told = (await tollgate.http.get(path)).json()

        assert told["planned_npv"] == "17145.00"
        # −60 000 + (19 000 + 27 000/1.1 + 27 000/1.21)/1.1
        assert told["npv"] == "-127.72"
        licence, agents = told["lines"]
        assert (licence["difference"], licence["unrecorded_periods"]) == ("10000.00", 0)
        assert (agents["planned"], agents["actual"]) == ("81000.00", "19000.00")
        assert agents["unrecorded_periods"] == 2

    async def test_of_periods_that_are_not_over_wait(
        self, tollgate: Improvement, plan: Any
    ) -> None:
        case = await approved_case(tollgate, plan, starts_on="2190-01-01")
        await self.book(tollgate, plan)

        path = path_of(plan, case["version"], "realisation")
        told = (await tollgate.http.get(path)).json()

        assert (told["npv"], told["periods_over"]) == (told["planned_npv"], 0)

    async def test_of_lines_that_a_later_version_dropped_are_told_apart(
        self, tollgate: Improvement, plan: Any
    ) -> None:
        await approved_case(tollgate, plan)
        await self.book(tollgate, plan)
        other = [line("rent", "1", 0)]
        second = await approved_case(tollgate, plan, lines=other, assumptions=[])

        told = (await tollgate.http.get(path_of(plan, 2, "realisation"))).json()

        assert (second["version"], told["not_counted"]) == (2, "60000.00")

    async def test_are_listed_by_period_with_their_evidence(
        self, tollgate: Improvement, plan: Any
    ) -> None:
        await approved_case(tollgate, plan)
        await self.book(tollgate, plan, line="agents", period=2)
        await self.book(tollgate, plan, evidence="https://example.org/invoice")

        path = f"/v1/plans/{plan['id']}/actuals"
        listed = (await tollgate.http.get(path)).json()["items"]
        agents = (await tollgate.http.get(path, params={"line": "agents"})).json()["items"]

        assert [(one["line"], one["starts_on"]) for one in listed] == [
            ("licence", "2026-01-01"),
            ("agents", "2027-01-01"),
        ]
        assert listed[0]["evidence"] == "https://example.org/invoice"
        assert [one["at_start"] for one in listed] == [True, False]
        assert agents == listed[1:]

    async def test_need_an_approved_case_with_that_line_and_period(
        self, tollgate: Improvement, plan: Any
    ) -> None:
        case = await submitted(tollgate, plan)
        early = await self.book(tollgate, plan)
        compared = await tollgate.http.get(path_of(plan, 1, "realisation"))
        await decided(tollgate, case, "approved")
        wrong = [
            await self.book(tollgate, plan, **fields)
            for fields in ({"line": "nothing"}, {"period": 4}, {"amount": "NaN"}, {"source": ""})
        ]

        for reply in (early, compared):
            assert (reply.status_code, reply.json()["code"]) == (409, "business_case_required")
        assert [reply.status_code for reply in wrong] == [422] * 4


async def test_business_cases_are_facts_that_gates_can_ask_for(
    tollgate: Improvement, plan: Any
) -> None:
    criterion = automated(expression="business_case_approved && business_case_npv_positive")
    await tollgate.publish("operate-to-improve", [criterion])
    await tollgate.http.post(f"/v1/plans/{plan['id']}/initiatives", json=INITIATIVE)

    async def facts() -> list[Any]:
        (seen,) = (await tollgate.evaluate())["criteria"]
        names = ("business_case_approved", "business_case_npv_positive")
        return [seen["outcome"], *(seen["facts"][name]["value"] for name in names)]

    without = await facts()
    await approved_case(tollgate, plan)
    approved = await facts()
    await approved_case(tollgate, plan, discount_rate="0.9")
    worse = await facts()

    assert without == ["fail", False, None]
    assert approved == ["pass", True, True]
    assert worse == ["fail", True, False]
