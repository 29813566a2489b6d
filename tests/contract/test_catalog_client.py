"""The typed client of catalog-api against the real catalog-api."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from shared.clients.catalog import CatalogClient
from shared.errors import Conflict, NotFound
from shared.schemas.catalog import Reference, Stage
from tests.support.boards import make_board
from tests.support.catalog import Catalog, running_catalog
from tests.support.costs import cost_item
from tests.support.direct import Direct
from tests.support.postgres import Database


@pytest.fixture
async def catalog(catalog_db: Database, tmp_path: Path) -> AsyncIterator[Catalog]:
    async with running_catalog(catalog_db, tmp_path) as running:
        await running.http.post("/v1/portfolios", json={"key": "workplace", "name": "Workplace"})
        items = [
            {"key": key, "name": key, "portfolio": "workplace", "kind": "technical"}
            for key in ("mail", "vpn", "wiki")
        ]
        assert (await running.http.post("/v1/services/bulk", json=items)).status_code == 200
        yield running


@pytest.fixture
def client(catalog: Catalog) -> CatalogClient:
    return CatalogClient(Direct(catalog.http))


async def test_a_service_is_read(client: CatalogClient) -> None:
    service = await client.get_service("vpn")

    assert (service.key, service.stage, service.revision) == ("vpn", Stage.STRATEGY, 1)


async def test_a_service_that_is_not_there_is_not_found(client: CatalogClient) -> None:
    with pytest.raises(NotFound):
        await client.get_service("nothing")


async def test_a_board_says_who_votes_now_and_on_what(
    client: CatalogClient, catalog: Catalog
) -> None:
    gate = "transition-to-operate"
    await make_board(catalog, decides=[{"gate": gate, "portfolio": None}])

    board = await client.get_board("board")

    assert (board.voting_members, board.quorum.needed) == (["ada", "bea", "cal"], 2)
    assert [seat.subject for seat in board.members if seat.role == "chair"] == ["ada"]
    assert [(one.gate, one.portfolio) for one in board.decides] == [(gate, None)]
    assert board.ended_on is None
    with pytest.raises(NotFound):
        await client.get_board("nothing")


async def test_all_services_are_walked_page_by_page(client: CatalogClient) -> None:
    keys = [service.key async for service in client.iterate_services(page_size=2)]

    assert keys == ["mail", "vpn", "wiki"]


async def test_any_list_is_walked_page_by_page(client: CatalogClient) -> None:
    items = [item async for item in client.iterate("/v1/services", page_size=2)]

    assert [item["key"] for item in items] == ["mail", "vpn", "wiki"]


async def test_references_are_resolved_in_order(client: CatalogClient) -> None:
    asked = [Reference(name="?"), Reference(source="snow", name="VPN")]

    resolved = await client.resolve_references(asked)

    assert [one.service for one in resolved] == [None, "vpn"]


async def test_the_facts_of_a_service_are_those_of_the_catalog_of_facts(
    client: CatalogClient,
) -> None:
    defined = {item.name for item in (await client.fact_catalog()).items}

    assert set((await client.service_facts("vpn")).facts) == defined


async def test_a_decision_is_handed_in_twice_and_moves_once(
    catalog: Catalog, client: CatalogClient
) -> None:
    decision = catalog.decision("vpn", "strategy-to-design", "strategy", "design")

    first = await client.hand_in_decision("vpn", decision)
    second = await client.hand_in_decision("vpn", decision)

    assert (first, first.to_stage) == (second, Stage.DESIGN)


async def test_a_decision_for_another_service_is_a_conflict(
    catalog: Catalog, client: CatalogClient
) -> None:
    decision = catalog.decision("mail", "strategy-to-design", "strategy", "design")

    with pytest.raises(Conflict) as refused:
        await client.hand_in_decision("vpn", decision)

    assert refused.value.code == "decision_invalid"


async def test_a_portfolio_is_read(client: CatalogClient) -> None:
    portfolio = await client.get_portfolio("workplace")

    assert (portfolio.key, portfolio.name) == ("workplace", "Workplace")
    with pytest.raises(NotFound):
        await client.get_portfolio("nothing")


async def test_costs_are_those_of_the_last_twelve_whole_months(
    catalog: Catalog, client: CatalogClient
) -> None:
    await cost_item(catalog)

    trend = await client.cost_trend("vpn", "EUR")
    in_francs = await client.cost_trend("vpn", "CHF")

    assert (trend.service, trend.currency, len(trend.months)) == ("vpn", "EUR", 12)
    assert {month.full.value for month in trend.months} == {Decimal(1000)}
    assert trend.months[-1].month < datetime.now(UTC).date().isoformat()[:7]
    assert in_francs.months[0].full.value is None
    assert in_francs.months[0].full.reason
    with pytest.raises(NotFound):
        await client.cost_trend("nothing", "EUR")
