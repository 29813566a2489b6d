"""What dependencies, vendor products and ceilings add to the service document and the facts."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.support.catalog import Catalog, Make


def day(offset: int) -> str:
    return (datetime.now(UTC).date() + timedelta(days=offset)).isoformat()


@pytest.fixture
async def portal(catalog: Catalog, make_service: Make, onboard: Make) -> None:
    """It needs mail hard, old and three vendor products softly; web needs it hard."""
    for key in ("portal", "mail", "web"):
        await make_service(key)
    await onboard("old", stage="operate")
    products = {
        "eol": {"end_of_life_on": day(0)},
        "ended": {"contract_to": day(-1)},
        "ending": {"contract_to": day(5)},
    }
    for key, dates in products.items():
        body = {"key": key, "name": key, "vendor": "V"} | dates
        await catalog.http.post("/v1/vendor-products", json=body)
    edges = [
        ("portal", "service", "mail", "hard"),
        ("portal", "service", "old", "soft"),
        *(("portal", "vendor_product", key, "soft") for key in products),
        ("web", "service", "portal", "hard"),
    ]
    items = [
        {"consumer": consumer, "provider": {"kind": kind, "key": key}, "strength": strength}
        for consumer, kind, key, strength in edges
    ]
    assert (await catalog.http.post("/v1/dependencies/bulk", json=items)).status_code == 200
    decision = catalog.decision("old", "to-retirement", "operate", "retirement")
    await catalog.http.post("/v1/services/old/transitions", json={"decision": decision})


async def read(catalog: Catalog, what: str, key: str = "portal") -> Any:
    reply = await catalog.http.get(f"/v1/services/{key}/{what}")
    assert reply.status_code == 200, reply.text
    return reply.json()


@pytest.mark.usefixtures("portal")
async def test_the_document_shows_both_sides_of_a_service(catalog: Catalog) -> None:
    document = await read(catalog, "document")

    providers = [one["key"] for one in document["dependencies"]["items"]]
    assert providers == ["mail", "old", "ended", "ending", "eol"]
    assert [one["key"] for one in document["dependents"]["items"]] == ["web"]
    states = {one["key"]: one["state"] for one in document["vendor_products"]["items"]}
    assert states == {"ended": "expired", "ending": "expiring", "eol": "end_of_life"}
    assert document["ceilings"]["availability"]["standing"] == "unknown"


@pytest.mark.usefixtures("portal")
async def test_tollgates_read_the_counts_as_facts(catalog: Catalog) -> None:
    facts = (await read(catalog, "facts"))["facts"]

    expected = {
        "dependency_count": 5,
        "hard_dependency_count": 1,
        "dependencies_on_retired_count": 1,
        "dependent_count": 1,
        "hard_dependent_count": 1,
        "vendor_product_count": 3,
        "vendor_products_past_end_of_life_count": 1,
        "vendor_contracts_expired_count": 1,
        "vendor_contracts_expiring_count": 1,
        "transitive_hard_dependency_count": 1,
        "promises_beyond_ceiling": False,
        "availability_ceiling": None,
    }
    assert {name: facts[name]["value"] for name in expected} == expected
    assert facts["availability_ceiling"]["reason"] == "no figure is agreed or planned for mail"


@pytest.mark.usefixtures("portal")
async def test_a_service_without_any_counts_nothing(catalog: Catalog) -> None:
    document = await read(catalog, "document", "mail")

    assert document["dependencies"] == {
        "count": 0,
        "hard_count": 0,
        "on_retired_count": 0,
        "items": [],
    }
    assert document["ceilings"]["availability"]["ceiling"] == 1
