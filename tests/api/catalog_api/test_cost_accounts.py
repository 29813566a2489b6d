"""The accounts that PostgreSQL sums agree with a reckoning by days; sections of the document."""

import random
from calendar import monthrange
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

import pytest
from pydantic import TypeAdapter

from catalog_api.benchmarks.sheet import SECTIONS as BENCHMARKS
from catalog_api.continuity.sheet import SECTIONS as CONTINUITY
from catalog_api.dependencies.rules import Node, NodeKind
from catalog_api.documents.actions import read_sections
from catalog_api.financials.periods import Period
from catalog_api.financials.queries import accounts
from catalog_api.financials.rules import money_of
from catalog_api.financials.sheet import SECTIONS as FINANCIALS
from catalog_api.sheets import Section
from shared.kit.clock import now
from shared.kit.database import transaction
from tests.support.catalog import Catalog, Make

VPN = Node(NodeKind.SERVICE, "vpn")
MONTHS = {"month": 1, "quarter": 3, "year": 12}


@pytest.fixture(autouse=True)
async def vpn(make_service: Make) -> None:
    await make_service("vpn")


def months_between(first: date, last: date) -> int:
    return (last.year - first.year) * 12 + last.month - first.month


def day_of(item: dict[str, Any], day: date) -> Fraction:
    """What an item costs on one day, by the definition of straight-line."""
    starts, amount = date.fromisoformat(item["starts_on"]), Fraction(item["amount"])
    ends = date.fromisoformat(item["ends_on"]) if item.get("ends_on") else date.max
    if ends < starts:
        return Fraction(0)
    days = monthrange(day.year, day.month)[1]
    if item["kind"] == "opex":
        if item["per"] == "once":
            return amount if day == starts else Fraction(0)
        return amount / MONTHS[item["per"]] / days if starts <= day <= ends else Fraction(0)
    amount -= Fraction(item["residual_value"])
    number = months_between(starts, day)
    if not 0 <= number < item["amortisation_months"] or day > ends:
        return Fraction(0)
    borne = amount / item["amortisation_months"] / days
    return borne + (rest_of(item, amount, day) if day == ends else 0)


def rest_of(item: dict[str, Any], amount: Fraction, day: date) -> Fraction:
    """What of an investment no earlier day has borne."""
    number = months_between(date.fromisoformat(item["starts_on"]), day)
    past = number + Fraction(day.day, monthrange(day.year, day.month)[1])
    return amount * (1 - past / item["amortisation_months"])


def some_item(dice: random.Random) -> dict[str, Any]:
    starts = date(2024, 1, 1) + timedelta(days=dice.randrange(900))
    ends = dice.choice([None, starts + timedelta(days=dice.randrange(-1, 700))])
    item: dict[str, Any] = {
        "name": "some",
        "category": "other",
        "currency": "EUR",
        "amount": f"{dice.randrange(10**7) / 100}",
        "starts_on": starts.isoformat(),
        "ends_on": ends and ends.isoformat(),
    }
    if dice.random() < 0.5:
        return {**item, "kind": "opex", "per": dice.choice([*MONTHS, "once"])}
    left = f"{float(item['amount']) * dice.choice([0, 0.25]):.2f}"
    months = dice.randrange(1, 40)
    return {**item, "kind": "capex", "amortisation_months": months, "residual_value": left}


async def summed(catalog: Catalog, first: date, end: date, home: str | None = None) -> Fraction:
    async with transaction(catalog.app.state.engine) as session:
        entries = await accounts(session, {VPN}, Period("some", first, end, complete=True), home)
    return sum((money_of(entry).amount for entry in entries), Fraction(0))


async def record(catalog: Catalog, item: dict[str, Any]) -> None:
    reply = await catalog.http.post("/v1/services/vpn/cost-items", json=item)
    assert reply.status_code == 201, reply.text


@pytest.mark.parametrize("home", [None, "EUR"])
@pytest.mark.parametrize("seed", range(3))
async def test_the_accounts_are_the_sum_over_days(
    catalog: Catalog, seed: int, home: str | None
) -> None:
    dice = random.Random(seed)
    items = [some_item(dice) for _ in range(12)]
    for item in items:
        await record(catalog, item)
    first = date(2024 + dice.randrange(3), dice.randrange(1, 13), 1)
    days = [first + timedelta(days=number) for number in range(dice.randrange(1, 500))]

    found = await summed(catalog, first, days[-1] + timedelta(days=1), home)

    assert found == sum((day_of(item, day) for item in items for day in days), Fraction(0))


@pytest.mark.parametrize("ends_on", [None, "2025-01-31", "2025-11-07", "2030-01-01"])
@pytest.mark.parametrize("months", [1, 7, 36])
async def test_an_investment_costs_its_price_over_its_life(
    catalog: Catalog, ends_on: str | None, months: int
) -> None:
    item = {
        "kind": "capex",
        "name": "Servers",
        "category": "hardware",
        "currency": "EUR",
        "amount": "1000.01",
        "residual_value": "0.02",
        "starts_on": "2025-01-20",
        "ends_on": ends_on,
        "amortisation_months": months,
    }
    await record(catalog, item)

    assert await summed(catalog, date(2024, 1, 1), date(2035, 1, 1)) == Fraction("999.99")


async def section_of(catalog: Catalog, section: Section) -> Any:
    """A section as the document reads it, in the shape that its contract promises."""
    async with transaction(catalog.app.state.engine) as session:
        *_, sections = await read_sections(session, "vpn", now(), (section,))
    found = sections[section.name]
    TypeAdapter(section.shape).validate_python(found)
    return found


@pytest.mark.parametrize("section", [*FINANCIALS, *BENCHMARKS, *CONTINUITY])
async def test_a_section_of_an_empty_service_fits_its_shape_and_gives_its_facts(
    catalog: Catalog, section: Section
) -> None:
    found = await section_of(catalog, section)

    facts = section.facts(found, now())

    assert set(facts) == {one.name for one in section.definitions}


async def test_the_sections_of_a_service_show_its_money(catalog: Catalog) -> None:
    model = {"valid_from": "2025-01", "currency": "EUR", "terms": {"kind": "flat", "amount": 5}}
    await catalog.http.post("/v1/services/vpn/charging-models", json=model)
    benchmark = {
        "measure": "month_cost",
        "value": "100",
        "currency": "EUR",
        "unit": "EUR per month",
        "source": "survey",
        "published_on": "2025-01-01",
    }
    await catalog.http.post("/v1/services/vpn/benchmarks", json=benchmark)
    item = {"name": "a", "category": "labour", "kind": "opex", "per": "month", "amount": "150"}
    await record(catalog, {**item, "currency": "EUR", "starts_on": "2020-01-01"})

    facts = {}
    for section in (*FINANCIALS, *BENCHMARKS):
        facts |= section.facts(await section_of(catalog, section), now())

    values = {name: facts[name].value for name in facts}
    assert values["full_cost_last_12_months"] == 1800
    assert values["charging_model_kind"] == "flat"
    assert (values["benchmark_count"], values["cost_above_benchmark"]) == (1, True)
    assert values["cost_items_count"] == 1
