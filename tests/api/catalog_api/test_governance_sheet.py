"""What RACI, boards and practices add to the service document, through SQL."""

from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import Text, bindparam, select

from catalog_api.boards import sheet as boards
from catalog_api.practices import sheet as practices
from catalog_api.raci import sheet as raci
from catalog_api.sheets import Section
from shared.kit.clock import now
from shared.kit.database import transaction
from tests.support.catalog import Catalog, Make


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


async def test_a_new_service_has_sections_of_nothing(catalog: Catalog, make_service: Make) -> None:
    await make_service("vpn")

    found = [await read(catalog, one.SECTIONS[0]) for one in (raci, boards, practices)]

    assert found[0][1]["raci_gap_count"] == 20
    assert found[1][1]["board_for_next_gate_exists"] is False
    assert found[2][0] == []


async def test_raci_shows_assignments_and_the_people_behind_them(
    catalog: Catalog, onboard: Make
) -> None:
    owners = [{"role": role, "subject": "ada"} for role in ("service_owner", "guru")]
    await onboard("vpn", owners=owners)
    unit = {"key": "desk", "name": "Desk", "kind": "team", "manager": "dan"}
    await catalog.http.post("/v1/organisation-units", json=unit)
    for member in ({"subject": "eve"}, {"subject": "fay", "valid_to": "2199-01-01"}):
        await catalog.http.post("/v1/organisation-units/desk/members", json=member)
    chart = [
        {"responsibility": "accountable", "role": "service_owner"},
        {"responsibility": "responsible", "unit": "desk"},
    ]
    url = "/v1/services/vpn/raci/service_catalog_management"
    await catalog.http.put(url, json=chart, headers={"If-Match": "*"})

    found, facts = await read(catalog, raci.SECTIONS[0])

    assert found["units"] == [{"unit": "desk", "manager": "dan", "members": ["eve", "fay"]}]
    assert facts["raci_complete_processes"] == ["service_catalog_management"]
    assert facts["service_roles_uncatalogued_count"] == 1
    assert facts["service_roles_missing"] == ["service_level_manager", "service_manager"]


async def test_the_board_of_the_portfolio_is_shown_for_its_gate(
    catalog: Catalog, onboard: Make
) -> None:
    await onboard("vpn")
    for key, portfolio in (("general", None), ("special", "workplace")):
        body = {
            "key": key,
            "name": key,
            "purpose": "Decides.",
            "cadence_days": 30,
            "quorum": {"minimum": 1, "share": 0.5},
            "members": [{"subject": "ada", "role": "chair"}],
            "decides": [{"gate": "operate-to-improve", "portfolio": portfolio}],
        }
        assert (await catalog.http.post("/v1/boards", json=body)).status_code == 201

    found, facts = await read(catalog, boards.SECTIONS[0])

    assert [(one["gate"], one["board"]) for one in found["gates"]] == [
        ("operate-to-improve", "special")
    ]
    assert (facts["board_for_next_gate"], facts["board_quorum_possible"]) == ("special", True)


async def test_adopted_practices_are_shown(catalog: Catalog, make_service: Make) -> None:
    await make_service("vpn")
    practice = {
        "key": "articles",
        "title": "Articles",
        "kind": "better",
        "process": "continuous_service_improvement",
        "context": "c",
        "statement": "s",
        "consequence": "c",
    }
    await catalog.http.post("/v1/practices", json=practice)
    await catalog.http.put("/v1/services/vpn/practices/articles", json={"adoption": "adopted"})

    found, facts = await read(catalog, practices.SECTIONS[0])

    assert [one["practice"] for one in found] == ["articles"]
    assert facts["practices_adopted_count"] == 1
