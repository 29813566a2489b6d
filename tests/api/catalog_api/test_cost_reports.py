"""Cost over months and over a portfolio, over HTTP."""

import pytest

from tests.support.catalog import Catalog, Make
from tests.support.costs import cost_item, depends, post, value


@pytest.fixture(autouse=True)
async def vpn(make_service: Make) -> None:
    await make_service("vpn")


class TestTrend:
    async def test_there_is_a_row_for_each_month(self, catalog: Catalog) -> None:
        await cost_item(catalog, starts_on="2025-02-01")
        await cost_item(catalog, kind="capex", starts_on="2025-03-31")
        span = {"from": "2025-01", "to": "2025-03"}

        reply = await catalog.http.get("/v1/services/vpn/cost-trend", params=span)

        months = reply.json()["months"]
        assert [(one["month"], value(one["own"])) for one in months] == [
            ("2025-01", "0.00"),
            ("2025-02", "1000.00"),
            ("2025-03", "1100.00"),
        ]

    async def test_without_a_range_it_shows_the_last_twelve_whole_months(
        self, catalog: Catalog
    ) -> None:
        await cost_item(catalog)

        months = (await catalog.http.get("/v1/services/vpn/cost-trend")).json()["months"]

        assert len(months) == 12
        assert {value(one["full"]) for one in months} == {"1000.00"}
        assert all(one["complete"] for one in months)

    async def test_months_to_come_have_no_figures(self, catalog: Catalog) -> None:
        await cost_item(catalog)
        span = {"from": "2199-11", "to": "2199-12"}

        reply = await catalog.http.get("/v1/services/vpn/cost-trend", params=span)

        reasons = {one["full"]["reason"] for one in reply.json()["months"]}
        assert reasons == {"the period has not begun"}

    @pytest.mark.parametrize(
        ("first", "last", "code"),
        [("2025-03", "2025-01", "bad_range"), ("2015-01", "2025-01", "too_many_periods")],
    )
    async def test_a_range_that_cannot_be_is_refused(
        self, catalog: Catalog, first: str, last: str, code: str
    ) -> None:
        span = {"from": first, "to": last}

        reply = await catalog.http.get("/v1/services/vpn/cost-trend", params=span)

        assert (reply.status_code, reply.json()["code"]) == (422, code)


class TestPortfolio:
    async def test_own_cost_counts_once_and_providers_outside_by_their_shares(
        self, catalog: Catalog, make_service: Make
    ) -> None:
        await post(catalog, "/v1/portfolios", {"key": "base", "name": "Base"})
        await make_service("mail")
        await make_service("network", portfolio="base")
        for key in ("vpn", "mail", "network"):
            await cost_item(catalog, key)
        await depends(catalog, "mail", "service", "vpn", "0.5")
        await depends(catalog, "vpn", "service", "network", "0.4")
        await depends(catalog, "mail", "service", "network", "0.2")

        reply = await catalog.http.get("/v1/portfolios/workplace/costs?period=2025-01")

        shown = reply.json()
        assert (value(shown["own"]), value(shown["from_outside"])) == ("2000.00", "600.00")
        assert value(shown["total"]) == "2600.00"
        full = {row["service"]: value(row["full"]) for row in shown["rows"]}
        assert full == {"mail": "1900.00", "vpn": "1400.00"}

    async def test_its_services_are_paged_by_key(
        self, catalog: Catalog, make_service: Make
    ) -> None:
        await make_service("mail")
        await cost_item(catalog)
        address = "/v1/portfolios/workplace/costs"

        first = await catalog.http.get(address, params={"limit": 1})
        cursor = first.json()["next_cursor"]
        rest = await catalog.http.get(address, params={"cursor": cursor})

        assert [row["service"] for row in first.json()["rows"]] == ["mail"]
        assert [row["service"] for row in rest.json()["rows"]] == ["vpn"]
        assert (first.json()["services"], rest.json()["next_cursor"]) == (2, None)

    @pytest.mark.parametrize("cursor", ["WzFd", "W10", "WyJhIiwiYiJd"])
    async def test_a_forged_cursor_is_refused(self, catalog: Catalog, cursor: str) -> None:
        reply = await catalog.http.get("/v1/portfolios/workplace/costs", params={"cursor": cursor})

        assert (reply.status_code, reply.json()["code"]) == (400, "bad_cursor")

    async def test_an_unknown_portfolio_is_not_found(self, catalog: Catalog) -> None:
        assert (await catalog.http.get("/v1/portfolios/nowhere/costs")).status_code == 404
