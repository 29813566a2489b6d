"""Export, and its import into another installation."""

from pathlib import Path
from typing import Any

import pytest

from tests.support.catalog import Catalog, Make, running_catalog
from tests.support.postgres import Database

HOURS = {
    "timezone": "Europe/Zurich",
    "weekly": [{"day": "monday", "start": "08:00", "end": "17:00"}],
}


@pytest.fixture
async def other(make_database: Any, tmp_path: Path) -> Any:
    """Another installation, with nothing in it."""
    directory = tmp_path / "other"
    directory.mkdir()
    database: Database = make_database("catalog")
    async with running_catalog(database, directory) as running:
        yield running


async def export(catalog: Catalog, what: str, **query: Any) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    cursor = None
    while True:
        params = query | ({} if cursor is None else {"cursor": cursor})
        page = (await catalog.http.get(f"/v1/export/{what}", params=params)).json()
        items += page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            return items


async def load(catalog: Catalog, what: str, items: list[dict[str, Any]]) -> dict[str, Any]:
    reply = await catalog.http.post(f"/v1/{what}/bulk", json=items)
    assert reply.status_code == 200, reply.text
    result: dict[str, Any] = reply.json()
    return result


async def fill(catalog: Catalog, make_service: Make, onboard: Make) -> None:
    portfolio = {"key": "finance", "name": "Finance", "manager": "cal", "strategy": "Grow."}
    await catalog.http.post("/v1/portfolios", json=portfolio)
    await make_service(
        "mail",
        description="Post.",
        criticality="high",
        support_hours=HOURS,
        tags=["erp"],
        owners=[{"role": "service_owner", "subject": "ada"}],
        external_references=[{"name": "Mail 1"}, {"source": "snow", "name": "CI7"}],
    )
    await onboard("vpn", portfolio="finance")


async def test_an_export_changes_nothing_where_it_came_from(
    catalog: Catalog, make_service: Make, onboard: Make
) -> None:
    await fill(catalog, make_service, onboard)

    results = [
        await load(catalog, what, await export(catalog, what))
        for what in ("portfolios", "services")
    ]

    assert [result["unchanged"] for result in results] == [2, 2]


async def test_an_export_is_imported_elsewhere_unchanged(
    catalog: Catalog, other: Catalog, make_service: Make, onboard: Make
) -> None:
    await fill(catalog, make_service, onboard)

    for what in ("portfolios", "services"):
        result = await load(other, what, await export(catalog, what))
        assert result["created"] == 2
        assert await export(other, what) == await export(catalog, what)


async def test_an_export_is_paged_and_filtered(
    catalog: Catalog, make_service: Make, onboard: Make
) -> None:
    await fill(catalog, make_service, onboard)

    paged = await export(catalog, "services", limit=1)
    live = await export(catalog, "services", stage="operate")

    assert [one["key"] for one in paged] == ["mail", "vpn"]
    assert [one["key"] for one in live] == ["vpn"]


class TestPortfolios:
    async def test_new_ones_are_created_and_known_ones_changed(self, catalog: Catalog) -> None:
        items = [{"key": "workplace", "manager": "cal"}, {"key": "finance", "name": "Finance"}]

        shown = await catalog.http.post("/v1/portfolios/bulk", json=items, params={"dry_run": True})
        absent = await catalog.http.get("/v1/portfolios/finance")
        done = await load(catalog, "portfolios", items)
        again = await load(catalog, "portfolios", items)

        assert shown.json() | {"dry_run": False} == done
        assert (absent.status_code, done["created"], done["changed"]) == (404, 1, 1)
        assert again["unchanged"] == 2
        assert done["items"][0]["changes"] == {"manager": {"before": None, "after": "cal"}}

    @pytest.mark.parametrize(
        ("items", "pointer"),
        [
            ([{"key": "finance"}], "/0/name"),
            ([{"key": "workplace"}, {"key": "workplace"}], "/1/key"),
            ([{"key": "finance", "name": ""}], "/0/name"),
            ([], ""),
        ],
    )
    async def test_what_cannot_be_is_named_and_nothing_is_done(
        self, catalog: Catalog, items: Any, pointer: str
    ) -> None:
        good = {"key": "good", "name": "Good"}
        body = [*items, good] if items else items

        reply = await catalog.http.post("/v1/portfolios/bulk", json=body)

        assert (reply.status_code, reply.json()["errors"][0]["pointer"]) == (422, pointer)
        assert (await catalog.http.get("/v1/portfolios/good")).status_code == 404

    async def test_each_change_is_audited(self, catalog: Catalog) -> None:
        await load(catalog, "portfolios", [{"key": "workplace", "manager": "cal"}])

        query = {"resource": "portfolio", "key": "workplace"}
        entry = (await catalog.http.get("/v1/audit", params=query)).json()["items"][0]

        assert (entry["before"], entry["after"]) == ({"manager": None}, {"manager": "cal"})
