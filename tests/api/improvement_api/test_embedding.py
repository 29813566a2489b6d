"""Process embedding over all live services, as it was last looked at."""

from typing import Any

import httpx
import pytest

from shared.schemas.processes import Process
from tests.support.improvement import Improvement
from tests.unit.improvement_api.embedding.test_rules import LIVED, LOST

REPORT = "/v1/reports/process-embedding"
STRATEGY = Process.SERVICE_STRATEGY_DEFINITION.value


class Estate(httpx.AsyncBaseTransport):
    """A catalog that lists services beside what the fake answers of each."""

    def __init__(self, tollgate: Improvement, stages: dict[str, str]) -> None:
        self.tollgate, self.stages = tollgate, stages
        for key in stages:
            facts = {k: v for k, v in LIVED.items() if k != "done_initiatives"}
            tollgate.fake.add_service(key, **facts)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == "/v1/services":
            items = [_service(key, stage) for key, stage in sorted(self.stages.items())]
            return httpx.Response(200, json={"items": items, "next_cursor": None})
        real = self.tollgate.fake.real.pop("catalog")
        try:
            return await self.tollgate.fake.answer(request)
        finally:
            self.tollgate.fake.real["catalog"] = real


def _service(key: str, stage: str) -> dict[str, Any]:
    summary = {"key": key, "name": key.upper(), "kind": "business", "portfolio": "p"}
    return {**summary, "stage": stage, "criticality": None, "revision": 1, "tags": []}


async def look(tollgate: Improvement) -> Any:
    await tollgate.run_job("look_at_embedding", {})
    reply = await tollgate.http.get(REPORT)
    assert reply.status_code == 200
    return reply.json()


def row(report: Any, process: str) -> Any:
    return next(one for one in report["items"] if one["process"] == process)


@pytest.fixture
def estate(tollgate: Improvement) -> Estate:
    stages = {"mail": "operate", "vpn": "improve", "idea": "design", "fax": "retirement"}
    made = Estate(tollgate, stages)
    tollgate.fake.real["catalog"] = made
    return made


async def test_before_the_first_look_there_is_no_share_and_the_reason(
    tollgate: Improvement,
) -> None:
    report = (await tollgate.http.get(REPORT)).json()

    assert (report["as_of"], report["services"]) == (None, 0)
    assert len(report["items"]) == 10
    assert {one["share"] for one in report["items"]} == {None}
    assert all(one["reason"] and one["formula"] for one in report["items"])


async def test_shares_are_of_live_services_and_say_as_of_when(
    tollgate: Improvement, estate: Estate
) -> None:
    tollgate.fake.services["vpn"] |= LOST[Process(STRATEGY)]

    report = await look(tollgate)

    assert report["services"] == 2
    assert report["as_of"] is not None
    found = row(report, STRATEGY)
    assert (found["numerator"], found["denominator"], found["share"]) == (1, 2, 0.5)
    assert row(report, Process.SERVICE_CONTINUITY_MANAGEMENT.value)["share"] == 1.0


async def test_the_missing_are_listed_page_by_page_with_what_they_lack(
    tollgate: Improvement, estate: Estate
) -> None:
    for key in ("mail", "vpn"):
        tollgate.fake.services[key] |= LOST[Process(STRATEGY)]
    await look(tollgate)

    first = (await tollgate.http.get(f"{REPORT}/{STRATEGY}/missing", params={"limit": 1})).json()
    cursor = {"limit": 1, "cursor": first["next_cursor"]}
    second = (await tollgate.http.get(f"{REPORT}/{STRATEGY}/missing", params=cursor)).json()

    assert [one["service"] for one in first["items"] + second["items"]] == ["mail", "vpn"]
    assert second["next_cursor"] is None
    assert "strategy_age_days" in first["items"][0]["missing"][0]


async def test_a_service_that_cannot_be_asked_stands_as_it_was_seen(
    tollgate: Improvement, estate: Estate
) -> None:
    before = await look(tollgate)
    tollgate.fake.down.add("metrics")

    after = await look(tollgate)

    assert after == before


async def test_a_service_that_is_no_longer_live_counts_no_more(
    tollgate: Improvement, estate: Estate
) -> None:
    await look(tollgate)
    estate.stages["vpn"] = "retirement"

    assert (await look(tollgate))["services"] == 1


async def test_it_is_a_page_for_people_and_nothing_in_it_is_run(
    tollgate: Improvement, estate: Estate
) -> None:
    await look(tollgate)

    page = await tollgate.http.get(REPORT, headers={"Accept": "text/html"})

    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "Service strategy definition" in page.text
    assert "<script" not in page.text


async def test_a_look_can_be_ordered_and_one_that_waits_is_enough(tollgate: Improvement) -> None:
    replies = [await tollgate.http.post(f"{REPORT}/looks") for _ in range(2)]

    assert [reply.status_code for reply in replies] == [202, 202]
    reader = tollgate.caller("eve", scope="gates:read")
    assert (await tollgate.http.post(f"{REPORT}/looks", headers=reader)).status_code == 403


async def test_an_unknown_process_is_404(tollgate: Improvement) -> None:
    assert (await tollgate.http.get(f"{REPORT}/juggling/missing")).status_code == 404


@pytest.mark.parametrize("path", ["process-embedding", "outcomes"])
async def test_a_form_that_a_report_does_not_have_is_422(tollgate: Improvement, path: str) -> None:
    reply = await tollgate.http.get(f"/v1/reports/{path}", params={"format": "csv"})

    assert (reply.status_code, reply.json()["errors"][0]["pointer"]) == (422, "/query/format")
