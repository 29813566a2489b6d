"""The copies of metrics-api against the real catalog-api: one of each kind, and what changes."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from catalog_api.financials.periods import last_months
from metrics_api.copies.actions import refresh
from metrics_api.copies.queries import copies_of
from metrics_api.copies.rules import READINGS
from metrics_api.copies.schemas import KINDS, CustomerCopy, SchemeChoiceCopy
from metrics_api.copies.tables import CatalogCopy
from shared.clients.catalog import CatalogClient
from shared.kit.clock import now
from shared.kit.database import transaction
from tests.support import agreements
from tests.support.catalog import Catalog, running_catalog
from tests.support.costs import cost_item
from tests.support.incidents import add_service
from tests.support.metrics import Metrics, running_metrics
from tests.support.postgres import Database

SCHEME = {
    "key": "standard",
    "name": "Standard",
    "impacts": ["high"],
    "urgencies": ["high"],
    "matrix": {"high": {"high": 1}},
    "priorities": [
        {"priority": 1, "name": "P1", "resolution_minutes": 240, "calendar": "always"},
    ],
}
SERVICE = {
    "key": "mail",
    "name": "Mail",
    "portfolio": "workplace",
    "kind": "technical",
    "support_hours": {
        "timezone": "UTC",
        "weekly": [{"day": "monday", "start": "08:00", "end": "17:00"}],
    },
}
QUALITY_AND_COST = "/v1/reports/quality-and-cost"
BENCHMARK = {
    "measure": "unit_cost",
    "value": "2.40",
    "currency": "EUR",
    "unit": "EUR per mailbox",
    "source": "survey",
    "published_on": "2026-01-31",
}
VITAL = {"key": "pay", "name": "Pay", "customer": "finance", "criticality": "high"}
WRITES: tuple[tuple[str, str, Any], ...] = (
    ("POST", "portfolios", {"key": "workplace", "name": "Workplace"}),
    ("POST", "services", SERVICE),
    ("POST", "priority-schemes", SCHEME),
    ("PUT", "services/mail/priority-scheme", {"scheme": "standard"}),
    ("POST", "customers/finance/engagements", {"service": "mail"}),
    ("POST", "vital-activities", VITAL),
    ("PUT", "vital-activities/pay/services/mail", {"strength": "essential"}),
    ("POST", "vendor-products", {"key": "suite", "name": "Suite", "vendor": "Example AG"}),
    ("POST", "touchpoints", {"key": "desk", "name": "Desk", "channel": "phone"}),
    ("POST", "services/mail/benchmarks", BENCHMARK),
)


class Direct:
    """Carries requests straight to the app."""

    name = "catalog-api"

    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http

    async def request(self, method: str, path: str, **more: Any) -> httpx.Response:
        more.pop("idempotent", None)
        reply = await self._http.request(method, path, **more)
        assert reply.status_code == 200, reply.text
        return reply


@pytest.fixture
async def catalog(catalog_db: Database, tmp_path: Path) -> AsyncIterator[Catalog]:
    async with running_catalog(catalog_db, tmp_path) as running:
        await agreements.prepare(running)
        for method, path, body in WRITES:
            reply = await running.http.request(method, f"/v1/{path}", json=body)
            assert reply.status_code in {200, 201}, reply.text
        await agreements.draft(running)
        yield running


@pytest.fixture
async def metrics(metrics_db: Database, tmp_path: Path) -> AsyncIterator[Metrics]:
    async with running_metrics(metrics_db, tmp_path) as running:
        yield running


@pytest.fixture
def client(catalog: Catalog) -> CatalogClient:
    return CatalogClient(Direct(catalog.http))


async def refreshed(metrics: Metrics, client: CatalogClient) -> dict[str, int]:
    return {kind: await refresh(metrics.engine, client, kind) for kind in READINGS}


def test_every_kind_is_read_from_somewhere() -> None:
    assert READINGS.keys() == KINDS.keys()


async def test_one_of_each_kind_is_copied_and_a_second_look_writes_nothing(
    metrics: Metrics, client: CatalogClient
) -> None:
    first = await refreshed(metrics, client)
    second = await refreshed(metrics, client)

    # The scheme is the default and the choice of the service.
    assert first == dict.fromkeys(READINGS, 1) | {"scheme_choice": 2}
    assert second == dict.fromkeys(READINGS, 0)


async def test_what_changed_ends_and_stays_known(
    metrics: Metrics, catalog: Catalog, client: CatalogClient
) -> None:
    await refresh(metrics.engine, client, "customer")
    body = {"name": "Finance and tax"}
    url, any_revision = "/v1/customers/finance", {"If-Match": "*"}
    reply = await catalog.http.patch(url, json=body, headers=any_revision)
    assert reply.status_code == 200

    assert await refresh(metrics.engine, client, "customer") == 1

    async with transaction(metrics.engine) as session:
        rows = (await session.scalars(select(CatalogCopy).order_by(CatalogCopy.id))).all()
        present = await copies_of(session, "customer", CustomerCopy)
        before = await copies_of(session, "customer", CustomerCopy, as_of=rows[0].recorded_at)
    assert rows[0].ended_at == rows[1].recorded_at
    assert present["finance"].name == "Finance and tax"
    assert before["finance"].name == "Finance"


async def test_what_is_gone_ends(metrics: Metrics, catalog: Catalog, client: CatalogClient) -> None:
    await refresh(metrics.engine, client, "scheme_choice")
    await catalog.http.delete("/v1/services/mail/priority-scheme")

    await refresh(metrics.engine, client, "scheme_choice")

    async with transaction(metrics.engine) as session:
        assert set(await copies_of(session, "scheme_choice", SchemeChoiceCopy)) == {""}


async def test_lists_of_several_pages_are_walked_to_their_ends(
    catalog: Catalog, client: CatalogClient
) -> None:
    await catalog.http.post("/v1/priority-schemes", json=SCHEME | {"key": "other"})

    for reading in READINGS.values():
        whole = [item async for item in client.iterate(reading.path)]
        pages = [item async for item in client.iterate(reading.path, page_size=1)]
        assert pages == whole, reading.path


async def test_the_report_on_quality_and_cost_says_what_the_catalog_reckoned(
    metrics: Metrics, catalog: Catalog, client: CatalogClient
) -> None:
    month = f"{last_months(1, now().date()).first:%Y-%m}"
    await cost_item(catalog, "mail", amount="900")
    used = [{"month": month, "users": 30, "units": "300"}]
    await catalog.http.put("/v1/services/mail/consumption", json=used)
    async with transaction(metrics.engine) as session:
        await add_service(session, "mail")
    for kind in ("cost_summary", "benchmark"):
        await refresh(metrics.engine, client, kind)

    asked = {"kpi": "mttr", "period": month}
    (row,) = (await metrics.http.get(QUALITY_AND_COST, params=asked)).json()["rows"]

    url, period = "/v1/services/mail/costs", {"period": month}
    told = (await catalog.http.get(url, params=period)).json()
    assert row["costs"]["period"] == month
    assert row["costs"]["full_cost"] == told["full"] == {"value": "900.00", "reason": None}
    assert row["costs"]["unit_cost"] == told["unit_cost"]
    (benchmark,), (expected,) = row["benchmarks"], told["benchmarks"]
    same = ("id", "measure", "value", "currency", "unit", "source", "published_on", "own")
    assert {name: benchmark[name] for name in same} == {name: expected[name] for name in same}
    assert benchmark["relative_difference"] == expected["relative_difference"]
    assert benchmark["standing"] == "worse"  # 3.00 each, where others pay 2.40
