"""What services and portfolios cost, over HTTP."""

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.support.catalog import Catalog, Make
from tests.support.costs import cost_item, depends, post, value

MODEL = {
    "valid_from": "2025-01",
    "currency": "EUR",
    "terms": {"kind": "per_user", "amount": "10"},
}


@pytest.fixture(autouse=True)
async def vpn(make_service: Make) -> None:
    await make_service("vpn")


async def consumed(catalog: Catalog, *entries: dict[str, Any]) -> None:
    reply = await catalog.http.put("/v1/services/vpn/consumption", json=list(entries))
    assert reply.status_code == 200, reply.text


async def costs(catalog: Catalog, service: str = "vpn", **query: str) -> dict[str, Any]:
    reply = await catalog.http.get(f"/v1/services/{service}/costs", params=query)
    assert reply.status_code == 200, reply.text
    found: dict[str, Any] = reply.json()
    return found


class TestOwnCost:
    @pytest.mark.parametrize(
        ("period", "cost"),
        [("2025", "12000.00"), ("2025-Q1", "3000.00"), ("2025-02", "1000.00")],
    )
    async def test_a_running_cost_is_borne_by_its_months(
        self, catalog: Catalog, period: str, cost: str
    ) -> None:
        await cost_item(catalog)

        assert value((await costs(catalog, period=period))["own"]) == cost

    @pytest.mark.parametrize(
        ("fields", "period", "cost"),
        [
            ({"per": "quarter"}, "2025-01", "333.33"),
            ({"per": "year"}, "2025-Q2", "250.00"),
            ({"per": "once", "starts_on": "2025-05-31"}, "2025-05", "1000.00"),
            ({"per": "once", "starts_on": "2025-05-31"}, "2025-06", "0.00"),
            ({"starts_on": "2025-04-16"}, "2025-04", "500.00"),
            ({"ends_on": "2025-04-15"}, "2025-04", "500.00"),
            ({"ends_on": "2025-03-31"}, "2025-04", "0.00"),
            ({"starts_on": "2025-04-01", "ends_on": "2025-03-31"}, "2025", "0.00"),
        ],
    )
    async def test_an_interval_and_its_ends_decide_what_a_month_bears(
        self, catalog: Catalog, fields: dict[str, str], period: str, cost: str
    ) -> None:
        await cost_item(catalog, **fields)

        assert value((await costs(catalog, period=period, currency="EUR"))["own"]) == cost

    @pytest.mark.parametrize(
        ("fields", "period", "cost"),
        [
            ({}, "2025-01", "100.00"),
            ({}, "2027-12", None),
            ({}, "2025", "1200.00"),
            ({"residual_value": "1800"}, "2025-03", "50.00"),
            ({"amortisation_months": 3}, "2025", "3600.00"),
            ({"ends_on": "2025-01-31"}, "2025-01", "3600.00"),
            ({"ends_on": "2025-06-30"}, "2025", "3600.00"),
            ({"ends_on": "2025-06-30"}, "2025-06", "3100.00"),
            ({"ends_on": "2025-06-30"}, "2025-07", "0.00"),
            ({"ends_on": "2025-01-19"}, "2025", "0.00"),
        ],
    )
    async def test_an_investment_is_amortised_and_its_rest_written_off(
        self, catalog: Catalog, fields: dict[str, Any], period: str, cost: str | None
    ) -> None:
        await cost_item(catalog, kind="capex", **fields)

        assert value((await costs(catalog, period=period, currency="EUR"))["own"]) == cost

    async def test_own_cost_is_shown_by_category(self, catalog: Catalog) -> None:
        await cost_item(catalog)
        await cost_item(catalog, kind="capex")
        await cost_item(catalog, name="Rent", category="facility", amount="0.5")

        shown = (await costs(catalog, period="2025"))["own_by_category"]

        assert [(one["category"], value(one["cost"])) for one in shown] == [
            ("facility", "6.00"),
            ("hardware", "1200.00"),
            ("labour", "12000.00"),
        ]

    async def test_the_running_period_ends_with_today(self, catalog: Catalog) -> None:
        today = datetime.now(UTC).date()
        await cost_item(catalog, per="once", starts_on=today.isoformat())

        shown = await costs(catalog, period=f"{today:%Y-%m}")

        assert value(shown["own"]) == "1000.00"
        assert shown["period"]["last_day"] == today.isoformat()
        assert shown["period"]["complete"] is False

    async def test_a_period_that_has_not_begun_has_no_figures(self, catalog: Catalog) -> None:
        await cost_item(catalog)

        shown = await costs(catalog, period="2199")

        assert shown["own"] == {"value": None, "reason": "the period has not begun"}

    @pytest.mark.parametrize("period", ["2025-W05", "2025-03-01", "x", "2025-13"])
    async def test_what_is_no_period_of_accounts_is_refused(
        self, catalog: Catalog, period: str
    ) -> None:
        reply = await catalog.http.get("/v1/services/vpn/costs", params={"period": period})

        assert (reply.status_code, reply.json()["code"]) == (422, "bad_period")

    async def test_an_unknown_service_is_not_found(self, catalog: Catalog) -> None:
        assert (await catalog.http.get("/v1/services/nowhere/costs")).status_code == 404


class TestCurrencies:
    async def test_each_month_is_converted_at_the_rate_of_its_first_day(
        self, catalog: Catalog
    ) -> None:
        await cost_item(catalog)
        for rate, day in (("0.5", "2025-01-01"), ("0.6", "2025-02-02")):
            pair = {"from_currency": "EUR", "to_currency": "CHF"}
            await post(catalog, "/v1/exchange-rates", {**pair, "rate": rate, "valid_from": day})

        assert value((await costs(catalog, period="2025-Q1", currency="CHF"))["own"]) == "1600.00"

    async def test_without_a_rate_there_is_no_sum_and_the_reason_names_pair_and_day(
        self, catalog: Catalog
    ) -> None:
        await cost_item(catalog)
        await cost_item(catalog, currency="USD", amount="1")

        shown = await costs(catalog, period="2025-02", currency="EUR")

        reason = "there is no exchange rate from USD to EUR on 2025-02-01"
        assert shown["own"] == {"value": None, "reason": reason}
        assert shown["full"] == {"value": None, "reason": reason}

    async def test_costs_in_two_currencies_ask_for_one(self, catalog: Catalog) -> None:
        await cost_item(catalog)
        await cost_item(catalog, currency="USD")

        shown = await costs(catalog, period="2025")

        assert shown["currency"] is None
        assert shown["own"]["reason"] == "costs are kept in EUR, USD: name a currency"

    async def test_without_any_cost_there_is_no_figure_until_a_currency_is_named(
        self, catalog: Catalog
    ) -> None:
        unnamed, named = await costs(catalog), await costs(catalog, currency="EUR")

        assert "no cost is recorded" in unnamed["full"]["reason"]
        assert value(named["full"]) == "0.00"
        assert named["recovery_ratio"]["reason"] == "the full cost is 0"


class TestFullCost:
    async def test_providers_are_borne_by_their_shares_to_any_depth(
        self, catalog: Catalog, make_service: Make
    ) -> None:
        for key, amount in (("network", "600"), ("power", "100")):
            await make_service(key)
            await cost_item(catalog, key, amount=amount)
        await cost_item(catalog)
        await depends(catalog, "vpn", "service", "network", "0.25")
        await depends(catalog, "network", "service", "power", "0.5")

        shown = await costs(catalog, period="2025-01")

        assert value(shown["full"]) == "1162.50"
        (provider,) = shown["providers"]
        assert (provider["key"], provider["cost_share"]) == ("network", 0.25)
        assert (value(provider["full_cost"]), value(provider["borne"])) == ("650.00", "162.50")

    async def test_the_contract_of_a_vendor_product_is_its_cost(self, catalog: Catalog) -> None:
        product = {
            "key": "ztna",
            "name": "ZTNA",
            "vendor": "Example AG",
            "contract_from": "2025-01-01",
            "contract_to": "2025-06-30",
            "cost": {"amount": "1200", "currency": "EUR", "period": "year"},
        }
        await post(catalog, "/v1/vendor-products", product)
        await depends(catalog, "vpn", "vendor_product", "ztna", "0.5")

        shown = await costs(catalog, period="2025")

        assert (shown["currency"], value(shown["own"])) == ("EUR", "0.00")
        assert value(shown["full"]) == "300.00"

    async def test_a_provider_that_cannot_be_converted_leaves_the_own_cost_known(
        self, catalog: Catalog, make_service: Make
    ) -> None:
        await make_service("network")
        await cost_item(catalog, "network", currency="USD")
        await cost_item(catalog)
        await depends(catalog, "vpn", "service", "network", "0.1")

        shown = await costs(catalog, period="2025-01")

        assert value(shown["own"]) == "1000.00"
        assert "from USD to EUR on 2025-01-01" in shown["full"]["reason"]


class TestCharging:
    async def test_what_was_paid_counts_for_recovery_and_what_should_be_stands_beside(
        self, catalog: Catalog
    ) -> None:
        await cost_item(catalog)
        await post(catalog, "/v1/services/vpn/charging-models", MODEL)
        await consumed(catalog, {"month": "2025-01", "users": 80, "units": "500"})
        charge = {"month": "2025-01", "currency": "EUR"}
        for reference, amount, paid in (("A", "500", "2025-03-01"), ("B", "200", None)):
            body = {**charge, "reference": reference, "amount": amount, "recovered_on": paid}
            await post(catalog, "/v1/services/vpn/charges", body)

        shown = await costs(catalog, period="2025-01")

        charged = {name: value(figure) for name, figure in shown["charged"].items()}
        assert charged == {"computed": "800.00", "invoiced": "700.00", "recovered": "500.00"}
        assert value(shown["recovery_ratio"]) == "0.500000"
        assert value(shown["unit_cost"]) == "2.0000"
        assert value(shown["user_cost"]) == "12.5000"
        assert shown["consumed"] == {"users": 80, "units": "500.0000"}

    async def test_each_month_is_charged_by_the_model_it_began_under(
        self, catalog: Catalog
    ) -> None:
        await cost_item(catalog)
        await post(catalog, "/v1/services/vpn/charging-models", MODEL)
        dearer = {**MODEL, "valid_from": "2025-03", "terms": {"kind": "flat", "amount": "7"}}
        await post(catalog, "/v1/services/vpn/charging-models", dearer)
        await consumed(
            catalog,
            {"month": "2025-02", "users": 3, "units": 0},
            {"month": "2025-03", "users": 3, "units": 0},
        )

        shown = await costs(catalog, period="2025")

        assert value(shown["charged"]["computed"]) == "37.00"

    async def test_consumption_without_a_model_cannot_be_charged(self, catalog: Catalog) -> None:
        await consumed(catalog, {"month": "2025-02", "users": 3, "units": 0})

        shown = await costs(catalog, period="2025", currency="EUR")

        assert shown["charged"]["computed"]["reason"] == "no charging model holds in 2025-02"

    async def test_without_units_there_is_no_unit_cost(self, catalog: Catalog) -> None:
        await cost_item(catalog)

        shown = await costs(catalog, period="2025")

        assert shown["unit_cost"] == {"value": None, "reason": "no units were consumed"}
        assert value(shown["recovery_ratio"]) == "0.000000"


class TestBenchmarks:
    async def test_a_published_figure_stands_beside_the_own_one(self, catalog: Catalog) -> None:
        await cost_item(catalog)
        await consumed(catalog, {"month": "2025-01", "users": 100, "units": 0})
        benchmark = {
            "measure": "user_cost",
            "value": "8",
            "currency": "EUR",
            "unit": "EUR per user and month",
            "source": "IT spending survey",
        }
        for day in ("2024-06-01", "2025-06-01"):
            body = {**benchmark, "published_on": day}
            await post(catalog, "/v1/services/vpn/benchmarks", body)

        (shown,) = (await costs(catalog, period="2025-01"))["benchmarks"]

        assert (shown["published_on"], shown["value"]) == ("2025-06-01", "8.0000")
        assert value(shown["own"]) == "10.0000"
        assert value(shown["difference"]) == "2.0000"
        assert value(shown["relative_difference"]) == "0.250000"

    async def test_a_foreign_benchmark_needs_the_rate_of_its_day(self, catalog: Catalog) -> None:
        await cost_item(catalog)
        benchmark = {
            "measure": "month_cost",
            "value": "900",
            "currency": "USD",
            "unit": "USD per month",
            "source": "IT spending survey",
            "published_on": "2025-06-15",
        }
        await post(catalog, "/v1/services/vpn/benchmarks", benchmark)

        (shown,) = (await costs(catalog, period="2025"))["benchmarks"]

        assert value(shown["own"]) == "1000.0000"
        reason = "there is no exchange rate from USD to EUR on 2025-06-15"
        assert shown["difference"]["reason"] == reason
