"""Facts over HTTP."""

from datetime import datetime
from typing import Any

from tests.support.catalog import Catalog, Make


async def facts(catalog: Catalog, *names: str) -> dict[str, Any]:
    """All facts, or those of these names."""
    asked = {"name": names} if names else None
    reply = await catalog.http.get("/v1/services/vpn/facts", params=asked)
    values: dict[str, Any] = reply.json()["facts"]
    return values


async def test_every_fact_of_the_catalog_has_a_value_or_a_reason(
    catalog: Catalog, make_service: Make
) -> None:
    await make_service("vpn")
    defined = {item["name"] for item in (await catalog.http.get("/v1/facts")).json()["items"]}

    values = await facts(catalog)

    assert set(values) == defined
    assert all((fact["value"] is None) == (fact["reason"] is not None) for fact in values.values())


async def test_a_fact_asked_for_by_name_is_the_same_as_among_all(
    catalog: Catalog, make_service: Make
) -> None:
    await make_service("vpn", description="Tunnels.", criticality="high")

    for name, fact in list((await facts(catalog)).items())[::5]:
        (found,) = (await facts(catalog, name, "unheard_of")).items()

        assert found[0] == name
        assert found[1]["reason"] == fact["reason"]
        assert name == "service_days_in_stage" or found[1]["value"] == fact["value"]


async def test_facts_follow_what_is_written(catalog: Catalog, make_service: Make) -> None:
    await make_service("vpn", description="Tunnels.", criticality="high")
    await catalog.http.put(
        "/v1/services/vpn/owners",
        json=[{"role": "service_owner", "subject": "ada"}],
        headers={"If-Match": "*"},
    )
    await catalog.http.post("/v1/services/vpn/external-references", json={"name": "Edge"})
    await catalog.http.patch(
        "/v1/portfolios/workplace", json={"strategy": "Grow."}, headers={"If-Match": "*"}
    )

    values = {name: fact["value"] for name, fact in (await facts(catalog)).items()}

    assert values["service_has_description"] is True
    assert values["service_criticality"] == "high"
    assert values["service_has_service_owner"] is True
    assert values["service_roles"] == ["service_owner"]
    assert values["external_reference_count"] == 1
    assert (values["portfolio_has_strategy"], values["portfolio_has_manager"]) == (True, False)


async def test_only_the_changed_fact_gets_younger(catalog: Catalog, make_service: Make) -> None:
    await make_service("vpn")
    before = await facts(catalog)
    await catalog.http.patch(
        "/v1/services/vpn", json={"criticality": "low"}, headers={"If-Match": "*"}
    )

    after = await facts(catalog)

    def age(values: dict[str, Any], name: str) -> datetime:
        return datetime.fromisoformat(values[name]["as_of"])

    assert age(after, "service_criticality") > age(before, "service_criticality")
    assert age(after, "service_has_description") == age(before, "service_has_description")


async def test_the_stage_is_as_old_as_the_last_move(catalog: Catalog, make_service: Make) -> None:
    await make_service("vpn")
    decision = catalog.decision("vpn", "strategy-to-design", "strategy", "design")
    reply = await catalog.http.post("/v1/services/vpn/transitions", json={"decision": decision})

    stage = (await facts(catalog))["service_stage"]

    assert (stage["value"], stage["as_of"]) == ("design", reply.json()["moved_at"])
