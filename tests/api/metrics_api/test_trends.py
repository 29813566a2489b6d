"""Trends: tested on demand, stored by the job, and the risks that they raise."""

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import select

from metrics_api.settings import Settings
from metrics_api.trends.actions import refresh_trends
from metrics_api.trends.risk_actions import raise_risk, raise_risks
from metrics_api.trends.tables import RaisedRisk
from shared.clients.catalog import CatalogClient
from shared.errors import ApiError, Unavailable
from shared.kit.client import RemoteClient
from shared.kit.database import transaction
from tests.support.incidents import add_service, resolved_incident, store
from tests.support.judged import NOW, items, month_before, resolve_monthly, set_target, told
from tests.support.metrics import Metrics
from tests.support.plumbing import make_key

UNTIL = "2026-02-28"
RISING = [2.0 + 0.2 * n for n in range(12)]  # 4.2 hours in the last month
FALLING = RISING[::-1]


@pytest.fixture(autouse=True)
async def network(metrics: Metrics) -> None:
    async with transaction(metrics.engine) as session:
        await add_service(session, "network", criticality="high")


async def trend(metrics: Metrics, **query: Any) -> dict[str, Any]:
    """The MTTR of network, tested now."""
    asked = {"kpi": "mttr", "until": UNTIL, **query}
    reply = await metrics.http.get("/v1/services/network/trends", params=asked)
    assert reply.status_code == 200, reply.text
    found: dict[str, Any] = reply.json()["trends"][0]
    return found


class TestOnDemand:
    async def test_a_series_that_gets_worse_says_when_it_breaches_the_target(
        self, metrics: Metrics
    ) -> None:
        target = await set_target(metrics)
        await resolve_monthly(metrics, RISING)

        found = await trend(metrics)

        assert (found["direction"], found["n"], found["method"]) == (
            "degrading",
            12,
            "mann_kendall",
        )
        assert found["p_value"] < 0.001
        assert found["slope_per_month"] == pytest.approx(0.2)
        assert found["level"] == pytest.approx(4.2)
        assert found["target"] == {"id": target["id"], "comparator": "lte", "value": 5.0}
        # Four months after the middle of February.
        assert (found["crossing"]["state"], found["crossing"]["on"]) == ("breach", "2026-06-16")
        assert len(found["series"]) == 36
        assert found["series"][-1] == {"period": "2026-02", "value": 4.2, "count": 1}

    async def test_a_series_that_gets_better_recovers(self, metrics: Metrics) -> None:
        await set_target(metrics, value=1.5)
        await resolve_monthly(metrics, FALLING)

        found = await trend(metrics, grain="month", periods=12)

        assert (found["direction"], found["crossing"]["state"]) == ("improving", "recovery")

    async def test_too_few_figures_or_none_lately_say_nothing(self, metrics: Metrics) -> None:
        await resolve_monthly(metrics, [*RISING, *[None] * 5])

        then = await trend(metrics, until="2025-09-30")
        few = await trend(metrics, until="2025-04-30")
        stale = await trend(metrics)

        assert (then["direction"], then["crossing"]["state"]) == ("degrading", "no_target")
        assert (few["n"], few["direction"], few["reason"]) == (7, None, "insufficient_data")
        assert (stale["n"], stale["direction"], stale["reason"]) == (12, None, "no_recent_data")

    async def test_every_kpi_is_tested_unless_one_is_named(self, metrics: Metrics) -> None:
        await resolve_monthly(metrics, RISING)
        asked = {"until": UNTIL, "timezone": "Europe/Vienna", "periods": 12}

        found = (await metrics.http.get("/v1/services/network/trends", params=asked)).json()

        kpis = {one["id"] for one in (await metrics.http.get("/v1/kpis")).json()["items"]}
        assert {one["kpi"] for one in found["trends"]} == kpis
        assert (found["name"], found["timezone"]) == ("Network", "Europe/Vienna")

    async def test_what_is_asked_wrongly_is_refused(self, metrics: Metrics) -> None:
        asked = {
            "nobody/trends": 404,
            "network/trends?periods=0": 422,
            "network/trends?periods=201": 422,
            "network/trends?grain=decade": 422,
            "network/trends?timezone=Nowhere": 422,
            "network/trends?until=0001-01-01": 422,
            "network/trends?until=1900-01-01&grain=year": 422,
            "network/trends?until=2199-12-31&grain=year&periods=200&kpi=mttr": 200,
        }

        replies = {path: await metrics.http.get(f"/v1/services/{path}") for path in asked}

        assert {path: reply.status_code for path, reply in replies.items()} == asked


async def stored(metrics: Metrics, **query: Any) -> list[dict[str, Any]]:
    return await items(metrics, "/v1/trends", **query)


class TestStored:
    async def test_the_job_stores_what_is_found_on_demand_once(self, metrics: Metrics) -> None:
        await set_target(metrics)
        await resolve_monthly(metrics, RISING)

        assert await refresh_trends(metrics.engine, NOW) > 0
        assert await refresh_trends(metrics.engine, NOW) == 0

        (kept,) = await stored(metrics, kpi="mttr")
        assert kept.pop("version") == 1
        kept.pop("recorded_at")
        assert kept == await trend(metrics)

    async def test_a_turn_is_told_once_and_every_version_is_kept(self, metrics: Metrics) -> None:
        await resolve_monthly(metrics, RISING)
        await asyncio.gather(*(refresh_trends(metrics.engine, NOW) for _ in range(2)))
        async with transaction(metrics.engine) as session:
            late = month_before(NOW, 12) + timedelta(days=3)
            await store(session, [resolved_incident("network", late, 2.1)])
        await refresh_trends(metrics.engine, NOW)

        news = [
            one
            for one in await told(metrics, "trend.degrading", "trend.improving")
            if one["kpi"] == "mttr"
        ]
        assert [(one["type"], one["version"]) for one in news] == [("trend.degrading", 1)]
        assert news[0]["slope_per_month"] == pytest.approx(0.2)
        assert [one["version"] for one in await stored(metrics, kpi="mttr")] == [2]

    async def test_a_young_service_is_tested_by_weeks(self, metrics: Metrics) -> None:
        async with transaction(metrics.engine) as session:
            weeks = [
                resolved_incident("network", NOW - timedelta(weeks=30 - n), 2.0 + 0.05 * n)
                for n in range(30)
            ]
            await store(session, weeks)

        await refresh_trends(metrics.engine, NOW)

        (kept,) = await stored(metrics, kpi="mttr")
        assert (kept["grain"], kept["direction"]) == ("week", "degrading")
        assert kept["slope_per_month"] == pytest.approx(0.05 * 365.2425 / 12 / 7)

    async def test_lists_are_filtered_and_paged(self, metrics: Metrics) -> None:
        async with transaction(metrics.engine) as session:
            await add_service(session, "mail")
        await set_target(metrics)
        await resolve_monthly(metrics, RISING)
        await resolve_monthly(metrics, FALLING, service="mail")
        await refresh_trends(metrics.engine, NOW)

        improving = await stored(metrics, direction="improving", kpi="mttr")
        soon = await stored(metrics, crossing_before="2026-06-17")
        assert [one["service"] for one in improving] == ["mail"]
        assert [(one["service"], one["kpi"]) for one in soon] == [("network", "mttr")]
        assert await stored(metrics, crossing_before="2026-06-16") == []
        first = (await metrics.http.get("/v1/trends?limit=1")).json()
        second = await stored(metrics, limit=1, cursor=first["next_cursor"])
        assert [one["service"] for one in (*first["items"], *second)] == ["mail", "mail"]

    async def test_the_facts_tell_of_breaches_ahead(self, metrics: Metrics) -> None:
        path = "/v1/services/network/facts"
        facts = (await metrics.http.get(path)).json()["facts"]
        assert facts["degrading_trends_count"]["value"] is None
        await set_target(metrics, value=4.5)
        await resolve_monthly(metrics, RISING)
        await refresh_trends(metrics.engine, NOW)

        facts = (await metrics.http.get(path)).json()["facts"]

        assert facts["degrading_trends_count"]["value"] == 1
        assert facts["trends_crossing_target_within_90_days_count"]["value"] == 1
        assert facts["earliest_target_crossing_days"]["value"] >= 0


OWNER = {"role": "service_owner", "subject": "ada", "valid_from": "2026-01-01T00:00:00Z"}


class CatalogStandIn:
    """What the catalog answers on the wire: it can be away, and lose a reply."""

    def __init__(self) -> None:
        self.away = False
        self.loses_reply = False
        self.owners: list[dict[str, str]] = [OWNER]
        self.risks: dict[str, str] = {}
        self.keys: list[str] = []

    def answer(self, request: httpx.Request) -> httpx.Response:
        if self.away:
            return httpx.Response(503)
        if request.method == "GET":
            return httpx.Response(200, json=SERVICE | {"owners": self.owners})
        self.keys.append(request.headers["Idempotency-Key"])
        reference = httpx.Response(200, content=request.content).json()["source_reference"]
        present = self.risks.get(reference)
        if present is not None:
            problem = {"code": "risk_raised_already", "detail": "There is one", "risk": present}
            kind = {"content-type": "application/problem+json"}
            return httpx.Response(409, json=problem, headers=kind)
        self.risks[reference] = str(uuid4())
        if self.loses_reply:
            self.loses_reply = False
            return httpx.Response(504)
        return httpx.Response(201, json={"id": self.risks[reference]})


SERVICE = {
    "key": "network",
    "name": "Network",
    "kind": "business",
    "portfolio": "demo",
    "stage": "operate",
    "criticality": "high",
    "revision": 1,
    "description": "",
    "portfolio_name": "Demo",
    "support_hours": None,
    "tags": [],
    "external_references": [],
    "onboarded": True,
    "created_at": "2026-01-01T00:00:00Z",
    "updated_at": "2026-01-01T00:00:00Z",
}


@pytest.fixture
def catalog() -> CatalogStandIn:
    return CatalogStandIn()


@pytest.fixture
def client(metrics: Metrics, catalog: CatalogStandIn, tmp_path: Path) -> CatalogClient:
    settings = Settings(
        database_url=metrics.app.state.settings.database_url,
        identity_key_file=make_key(tmp_path, "metrics-api"),
    )
    transport = httpx.MockTransport(catalog.answer)
    return CatalogClient(
        RemoteClient(settings, "catalog-api", "http://catalog", transport=transport)
    )


async def causes(metrics: Metrics) -> list[Any]:
    """The causes kept so far, the oldest first."""
    async with transaction(metrics.engine) as session:
        rows = await session.execute(select(RaisedRisk.__table__).order_by(RaisedRisk.started_at))
        return list(rows.all())


async def look(metrics: Metrics, days: int = 0) -> int:
    """What the daily job does; how many causes are new."""
    await refresh_trends(metrics.engine, NOW + timedelta(days=days))
    async with transaction(metrics.engine) as session:
        return await raise_risks(session, NOW + timedelta(days=days))


@pytest.fixture
async def cause(metrics: Metrics) -> UUID:
    """A trend that breaches its target in May."""
    await set_target(metrics, value=4.7)
    await resolve_monthly(metrics, RISING)
    assert await look(metrics) == 1
    (kept,) = await causes(metrics)
    found: UUID = kept.id
    return found


class TestRisks:
    async def test_a_breach_ahead_raises_a_risk_with_its_figures(
        self, metrics: Metrics, client: CatalogClient, catalog: CatalogStandIn, cause: UUID
    ) -> None:
        await raise_risk(metrics.engine, client, cause)

        (kept,) = await causes(metrics)
        assert (kept.state, [str(kept.risk_id)]) == ("raised", list(catalog.risks.values()))
        assert (kept.impact, kept.service, kept.kpi) == (4, "network", "mttr")
        assert "reaches the target lte 4.7 about 2026-05-" in kept.description

    async def test_a_cause_is_one_risk_while_it_lasts(
        self, metrics: Metrics, client: CatalogClient, catalog: CatalogStandIn, cause: UUID
    ) -> None:
        await asyncio.gather(
            *(raise_risk(metrics.engine, client, cause) for _ in range(3)),
            *(look(metrics, days) for days in (0, 1)),
        )
        await raise_risk(metrics.engine, client, cause)

        assert (len(catalog.risks), len(await causes(metrics))) == (1, 1)

    async def test_while_the_catalog_is_away_nothing_is_lost(
        self, metrics: Metrics, client: CatalogClient, catalog: CatalogStandIn, cause: UUID
    ) -> None:
        catalog.away = True
        with pytest.raises(Unavailable):
            await raise_risk(metrics.engine, client, cause)
        (kept,) = await causes(metrics)
        assert (kept.state, kept.problem.split(":")[0]) == ("pending", "unavailable")

        catalog.away = False
        await raise_risk(metrics.engine, client, cause)

        (kept,) = await causes(metrics)
        assert (kept.state, kept.problem) == ("raised", None)

    async def test_a_lost_reply_and_another_owner_raise_no_second_risk(
        self, metrics: Metrics, client: CatalogClient, catalog: CatalogStandIn, cause: UUID
    ) -> None:
        catalog.loses_reply = True
        await raise_risk(metrics.engine, client, cause)

        assert len(catalog.keys) == 2  # sent again with the same key
        assert len(set(catalog.keys)) == 1
        (kept,) = await causes(metrics)
        assert [str(kept.risk_id)] == list(catalog.risks.values())

    async def test_a_service_that_nobody_owns_waits_for_an_owner(
        self, metrics: Metrics, client: CatalogClient, catalog: CatalogStandIn, cause: UUID
    ) -> None:
        catalog.owners = []
        with pytest.raises(ApiError):
            await raise_risk(metrics.engine, client, cause)
        catalog.owners = [OWNER | {"role": "risk_owner", "subject": "bob"}]

        await raise_risk(metrics.engine, client, cause)

        assert [one.state for one in await causes(metrics)] == ["raised"]

    async def test_a_trend_that_turns_ends_its_cause_and_may_raise_another(
        self, metrics: Metrics, client: CatalogClient, catalog: CatalogStandIn, cause: UUID
    ) -> None:
        await raise_risk(metrics.engine, client, cause)
        (target,) = await items(metrics, "/v1/targets")
        path, tag = f"/v1/targets/{target['id']}", {"If-Match": "*"}
        await metrics.http.patch(path, json={"value": 9}, headers=tag)
        assert await look(metrics, 1) == 0  # a year off
        await metrics.http.patch(path, json={"value": 4.7}, headers=tag)
        assert await look(metrics, 2) == 0  # degrades as before: the cause lasts
        await metrics.http.patch(path, json={"valid_to": "2025-12-31"}, headers=tag)
        assert await look(metrics, 3) == 0  # over
        await metrics.http.patch(path, json={"valid_to": None}, headers=tag)
        assert await look(metrics, 4) == 1

        states = [(one.state, one.ended_at is None) for one in await causes(metrics)]
        assert states == [("raised", False), ("pending", True)]

    async def test_a_cause_that_is_over_before_the_catalog_is_back_raises_nothing(
        self, metrics: Metrics, client: CatalogClient, catalog: CatalogStandIn, cause: UUID
    ) -> None:
        (target,) = await items(metrics, "/v1/targets")
        path = f"/v1/targets/{target['id']}"
        await metrics.http.patch(path, json={"valid_to": "2025-12-31"}, headers={"If-Match": "*"})
        await look(metrics, 1)

        await raise_risk(metrics.engine, client, cause)

        assert catalog.risks == {}
        assert [one.state for one in await causes(metrics)] == ["withdrawn"]
