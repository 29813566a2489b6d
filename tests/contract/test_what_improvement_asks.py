"""What improvement-api asks about opportunities, triggers and goals, against the real services."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from improvement_api.periods import Grain, last_full_periods
from improvement_api.triggers.definitions import DEFAULTS
from improvement_api.triggers.rules import Told, Trigger, causes_of
from metrics_api.judgements.actions import judge_targets
from metrics_api.trends.actions import refresh_trends
from shared.clients.catalog import CatalogClient
from shared.clients.metrics import MetricsClient
from shared.errors import NotFound
from shared.kit.database import transaction
from shared.schemas.metrics import KpiId
from tests.support.catalog import Catalog, running_catalog
from tests.support.direct import Direct
from tests.support.incidents import add_service
from tests.support.judged import NOW, resolve_monthly, set_target, told
from tests.support.metrics import Metrics, running_metrics
from tests.support.planning import create, day, make_customer, make_objective, move_objective
from tests.support.postgres import Database

RISING = [2.0 + 0.2 * n for n in range(24)]
LABELS = last_full_periods(Grain.MONTH, 24, NOW)


@pytest.fixture
async def catalog(catalog_db: Database, tmp_path: Path) -> AsyncIterator[Catalog]:
    async with running_catalog(catalog_db, tmp_path) as running:
        await running.http.post("/v1/portfolios", json={"key": "workplace", "name": "Workplace"})
        service = {"key": "vpn", "name": "vpn", "portfolio": "workplace", "kind": "technical"}
        owners = [{"role": "service_owner", "subject": "ada"}]
        await create(running, "services", service | {"owners": owners})
        yield running


@pytest.fixture
def asked(catalog: Catalog) -> CatalogClient:
    return CatalogClient(Direct(catalog.http))


@pytest.fixture
async def metrics(metrics_db: Database, tmp_path: Path) -> AsyncIterator[Metrics]:
    async with running_metrics(metrics_db, tmp_path) as running:
        async with transaction(running.engine) as session:
            await add_service(session, "network")
        yield running


@pytest.fixture
def measured(metrics: Metrics) -> MetricsClient:
    return MetricsClient(Direct(metrics.http))


class TestCatalog:
    async def test_an_objective_says_whether_it_is_worked_towards(
        self, catalog: Catalog, asked: CatalogClient
    ) -> None:
        await make_objective(catalog)
        before = (await asked.get_objective("growth")).state
        await move_objective(catalog, "growth", "dropped")

        assert [before, (await asked.get_objective("growth")).state] == ["active", "dropped"]
        with pytest.raises(NotFound):
            await asked.get_objective("nothing")

    async def test_a_vital_activity_says_whether_it_is_active(
        self, catalog: Catalog, asked: CatalogClient
    ) -> None:
        await make_customer(catalog)
        activity = {
            "key": "sell",
            "customer": "sales",
            "name": "Sell",
            "business_impact": "No income",
            "criticality": "high",
        }
        await create(catalog, "vital-activities", activity)

        assert (await asked.get_vital_activity("sell")).active
        with pytest.raises(NotFound):
            await asked.get_vital_activity("growth")

    async def test_a_service_without_dependencies_is_not_bound_by_any(
        self, asked: CatalogClient
    ) -> None:
        assert await asked.availability_bound("vpn") == 1.0

    async def test_a_risk_is_found_by_its_id(self, catalog: Catalog, asked: CatalogClient) -> None:
        risk = {
            "service": "vpn",
            "title": "One firewall",
            "likelihood": 2,
            "impact": 5,
            "owner": "ada",
            "review_date": day(90),
            "treatment": "reduce",
            "treatment_text": "Buy a second one.",
        }
        made = await create(catalog, "risks", risk)

        assert str((await asked.get_risk(made["id"])).id) == made["id"]
        with pytest.raises(NotFound):
            await asked.get_risk(uuid4())

    async def test_practices_of_an_opportunity_come_page_by_page(
        self, catalog: Catalog, asked: CatalogClient
    ) -> None:
        opportunity = str(uuid4())
        for key in ("articles", "swarming", "triage"):
            practice = {
                "key": key,
                "title": key,
                "kind": "better",
                "process": "continuous_service_improvement",
                "context": "A desk",
                "statement": "Write",
                "consequence": "Calm",
            }
            reply = await catalog.http.post("/v1/practices", json=practice)
            assert reply.status_code == 201, reply.text
            if key != "triage":
                link = {"opportunity": opportunity}
                await create(catalog, f"practices/{key}/opportunities", link)

        first = await asked.practices_of_opportunity(opportunity, 1, None)
        rest = await asked.practices_of_opportunity(opportunity, 5, first.next_cursor)

        keys = [[item.key for item in page.items] for page in (first, rest)]
        assert keys == [["articles"], ["swarming"]]
        assert rest.next_cursor is None


class TestFigures:
    async def test_a_kpi_says_its_unit_and_which_way_is_better(
        self, measured: MetricsClient
    ) -> None:
        found = {kpi: await measured.kpi_meaning(kpi) for kpi in KpiId}

        assert {kpi: meaning.better for kpi, meaning in found.items()} == {
            kpi: "higher" if kpi in HIGHER else "lower" for kpi in KpiId
        }
        # The units whose ranges goals know; every other one begins at 0.
        bounded = {meaning.unit for meaning in found.values()} & {"ratio", "points"}
        assert bounded == {"ratio", "points"}
        assert found[KpiId.NPS].unit == "points"
        assert found[KpiId.MTTR].unit == "hours"

    async def test_a_kpi_of_a_service_comes_by_period_in_the_order_asked(
        self, metrics: Metrics, measured: MetricsClient
    ) -> None:
        await resolve_monthly(metrics, [*RISING[:-1], None])

        found = await measured.kpi_of_service("network", KpiId.MTTR, LABELS)

        assert [point.period for point in found.values] == LABELS
        assert [point.value for point in found.values[:-1]] == pytest.approx(RISING[:-1])
        last = found.values[-1]
        assert (last.value, last.count, last.complete) == (None, 0, True)
        with pytest.raises(NotFound):
            await measured.kpi_of_service("nothing", KpiId.MTTR, LABELS)

    async def test_the_performance_of_all_services_is_read_on_to_its_last_row(
        self, metrics: Metrics, measured: MetricsClient
    ) -> None:
        for service in ("a", "b", "c"):
            async with transaction(metrics.engine) as session:
                await add_service(session, service)
            await resolve_monthly(metrics, [3.0, 4.0], service=service)

        rows = measured.iterate_performance(KpiId.MTTR, LABELS[-2:], page_size=2)
        found = {row.service: [each.value for each in row.values] async for row in rows}

        assert found == {key: [3.0, 4.0] for key in ("a", "b", "c")}

    async def test_a_trend_says_where_a_kpi_is_heading(
        self, metrics: Metrics, measured: MetricsClient
    ) -> None:
        nothing = await measured.trend_of_service("network", KpiId.MTTR)
        await set_target(metrics)
        # Up to the last full month before today, as the trend is tested now.
        today = NOW.now(NOW.tzinfo)
        await resolve_monthly(metrics, RISING, now=today)

        found = await measured.trend_of_service("network", KpiId.MTTR)

        assert (nothing.direction, nothing.n) == (None, 0)
        assert (found.direction, found.n, found.crossing.state) == ("degrading", 24, "already")

    async def test_an_incident_is_found_by_its_source_and_id(
        self, metrics: Metrics, measured: MetricsClient
    ) -> None:
        await resolve_monthly(metrics, [3.0])
        listed = (await metrics.http.get("/v1/incidents")).json()["items"][0]

        assert await measured.has_incident(listed["source"], listed["external_id"])
        with pytest.raises(NotFound):
            await measured.has_incident(listed["source"], "none")


HIGHER = {
    KpiId.FCR,
    KpiId.SLA_ATTAINMENT,
    KpiId.AVAILABILITY,
    KpiId.MTBF,
    KpiId.CSAT,
    KpiId.NPS,
    KpiId.PERMANENT_FIX_RATE,
}


class TestSignals:
    """What metrics-api really tells makes the default triggers fire."""

    async def test_a_target_missed_three_months_running(self, metrics: Metrics) -> None:
        await resolve_monthly(metrics, [9.0, 8.0, 7.0])
        await set_target(metrics)
        await judge_targets(metrics.engine, NOW, again=False)
        events = await told(metrics, "target.missed", "target.met")

        (cause,) = _causes(events)

        assert cause.key == "target-missed:network:kpi:mttr"
        assert [(each.period, each.value, each.target, each.n) for each in cause.figures] == [
            (label, value, 5.0, 1)
            for label, value in zip(LABELS[-3:], [9.0, 8.0, 7.0], strict=True)
        ]

    async def test_a_degrading_trend(self, metrics: Metrics) -> None:
        await set_target(metrics)
        await resolve_monthly(metrics, RISING)
        await refresh_trends(metrics.engine, NOW)
        events = await told(metrics, "trend.degrading")

        (cause,) = _causes(events)

        assert cause.key == "trend-degrading:network:kpi:mttr"
        assert cause.figures[0].n == 24
        assert cause.figures[0].value == pytest.approx(0.2, rel=0.05)


def _causes(events: list[dict[str, Any]]) -> list[Any]:
    """What the default triggers make of events, heard in their order."""
    triggers = [Trigger(key, 1, body) for key, body in DEFAULTS.items()]
    heard: list[Told] = []
    found = []
    for number, event in enumerate(events):
        at = NOW + timedelta(seconds=number)
        signal = Told(f"e{number}", event["type"], "network", event, at, tuple(heard))
        heard.append(signal)
        found += causes_of(triggers, signal)
    return found
