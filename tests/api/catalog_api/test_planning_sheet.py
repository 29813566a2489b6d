"""What objectives, customers and what hangs on them add to the service document, through SQL."""

from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import Text, bindparam, select

from catalog_api.customers import sheet as customers
from catalog_api.objectives import sheet as objectives
from catalog_api.requirements import sheet as requirements
from catalog_api.sheets import Section
from catalog_api.touchpoints import sheet as touchpoints
from catalog_api.vital_activities import sheet as vital_activities
from shared.kit.clock import now
from shared.kit.database import transaction
from tests.support.catalog import Catalog, Make

ANY = {"If-Match": "*"}
SHEETS = (objectives, customers, vital_activities, touchpoints, requirements)


async def read(catalog: Catalog, section: Section) -> tuple[Any, dict[str, Any]]:
    """The section of the service vpn, checked against its shape, and its facts."""
    assert section.select is not None
    statement = select(section.select(bindparam("service", type_=Text())))
    async with transaction(catalog.app.state.engine) as session:
        found = await session.scalar(statement, {"service": "vpn"})
    TypeAdapter(section.shape).validate_python(found)
    facts = {name: fact.value for name, fact in section.facts(found, now()).items()}
    assert facts.keys() == {definition.name for definition in section.definitions}
    return found, facts


async def post(catalog: Catalog, path: str, **body: Any) -> str:
    """Create something; answers where it is."""
    reply = await catalog.http.post(f"/v1/{path}", json=body)
    assert reply.status_code == 201, reply.text
    location: str = reply.headers["Location"]
    return location


async def make_customer(catalog: Catalog, key: str, **fields: Any) -> str:
    shared = {"name": key, "kind": "internal", "relationship_owner": "cal"}
    return await post(catalog, "customers", key=key, **shared, **fields)


async def test_a_new_service_has_sections_of_nothing(catalog: Catalog, make_service: Make) -> None:
    await make_service("vpn")

    for sheet in SHEETS:
        (section,) = sheet.SECTIONS
        found, facts = await read(catalog, section)

        assert found["items"] == []
        assert set(facts.values()) <= {0} if section.name != "touchpoints" else True


async def test_objectives_are_counted_with_the_corporate_ones_above(
    catalog: Catalog, make_service: Make
) -> None:
    await make_service("vpn")
    shared = {"owner": "ada"}
    await post(catalog, "objectives", name="growth", layer="corporate", **shared)
    for key in ("sales", "abroad", "dropped"):
        await post(
            catalog, "objectives", name=key, layer="business_area", parent="growth", **shared
        )
        await post(catalog, f"objectives/{key}/links", kind="service", target="vpn")
    move = {"state": "dropped", "reason": "no money"}
    await catalog.http.post("/v1/objectives/dropped/state", json=move, headers=ANY)

    found, facts = await read(catalog, objectives.SECTIONS[0])

    assert [(one["key"], one["state"]) for one in found["items"]] == [
        ("abroad", "active"),
        ("dropped", "dropped"),
        ("sales", "active"),
    ]
    assert facts == {"served_objective_count": 2, "served_corporate_objective_count": 1}


async def test_customers_of_today_are_counted(catalog: Catalog, make_service: Make) -> None:
    await make_service("vpn")
    for key, reviewed in (("sales", None), ("plant", "2020-01-01"), ("gone", None)):
        await make_customer(catalog, key, last_reviewed_on=reviewed)
        await post(catalog, f"customers/{key}/engagements", service="vpn")
    await post(catalog, "customers/sales/representatives", subject="rea", role="key_user")
    engaged = (await catalog.http.get("/v1/customers/gone/engagements")).json()["items"][0]
    url = f"/v1/customers/gone/engagements/{engaged['id']}/end"
    await catalog.http.post(url, json={"reason": "left"}, headers=ANY)

    found, facts = await read(catalog, customers.SECTIONS[0])

    assert [one["key"] for one in found["items"]] == ["plant", "sales"]
    assert facts == {
        "engaged_customer_count": 2,
        "customer_review_overdue_count": 1,
        "unrepresented_customer_count": 1,
    }


async def test_vital_activities_are_counted_by_what_hangs_on_them(
    catalog: Catalog, make_service: Make
) -> None:
    await make_service("vpn")
    await make_customer(catalog, "sales")
    activities = (
        ("orders", "critical", "essential"),
        ("bills", "low", "helpful"),
        ("faxes", "critical", "essential"),
    )
    for key, criticality, strength in activities:
        body = {"key": key, "name": key, "customer": "sales", "criticality": criticality}
        url = await post(catalog, "vital-activities", **body)
        await catalog.http.put(f"{url}/services/vpn", json={"strength": strength})
    await catalog.http.patch("/v1/vital-activities/faxes", json={"active": False}, headers=ANY)

    found, facts = await read(catalog, vital_activities.SECTIONS[0])

    assert [one["key"] for one in found["items"]] == ["bills", "faxes", "orders"]
    assert facts == {
        "vital_activities_supported_count": 2,
        "essential_vital_activity_count": 1,
        "critical_vital_activity_count": 1,
    }


async def test_touchpoints_are_counted_with_their_channels(
    catalog: Catalog, make_service: Make
) -> None:
    await make_service("vpn")
    for key, channel, hours in (
        ("a", "phone", "8 to 5"),
        ("b", "chat", None),
        ("c", "phone", None),
    ):
        url = await post(catalog, "touchpoints", key=key, name=key, channel=channel, hours=hours)
        await catalog.http.put(f"{url}/services/vpn")
    await catalog.http.patch("/v1/touchpoints/c", json={"active": False}, headers=ANY)

    found, facts = await read(catalog, touchpoints.SECTIONS[0])

    assert [one["key"] for one in found["items"]] == ["a", "b", "c"]
    assert facts == {
        "touchpoint_count": 2,
        "touchpoint_channels": ["chat", "phone"],
        "touchpoints_without_hours_count": 1,
    }


async def test_requirements_are_counted_by_how_far_they_are(
    catalog: Catalog, make_service: Make
) -> None:
    await make_service("vpn")
    await make_customer(catalog, "sales")
    ways: tuple[tuple[str, tuple[str, ...]], ...] = (
        ("must", ()),
        ("must", ("accepted",)),
        ("should", ("accepted", "answered")),
        ("must", ("rejected",)),
    )
    answer = {"kind": "slo", "reference": "availability", "name": None}
    for priority, states in ways:
        body = {"customer": "sales", "statement": "It works", "priority": priority}
        url = await post(catalog, "services/vpn/requirements", **body)
        for state in states:
            more = {"answer": answer} if state == "answered" else {"reason": "so"}
            body = {"state": state, **more}
            reply = await catalog.http.post(f"{url}/state", json=body, headers=ANY)
            assert reply.status_code == 200, reply.text

    found, facts = await read(catalog, requirements.SECTIONS[0])

    assert [one["state"] for one in found["items"]] == ["proposed", "accepted", "answered"]
    assert found["items"][2]["answer"] == answer
    assert facts == {
        "open_requirement_count": 2,
        "undecided_requirement_count": 1,
        "must_requirements_unanswered_count": 2,
        "answered_requirement_count": 1,
    }
