"""What agreements, priorities and calendars add to the service document, through SQL."""

from typing import Any

import pytest
from pydantic import TypeAdapter
from sqlalchemy import Text, bindparam, select

from catalog_api.agreements import sheet as agreements
from catalog_api.calendars import sheet as calendars
from catalog_api.priorities import sheet as priorities
from catalog_api.sheets import Section
from shared.kit.clock import now
from shared.kit.database import transaction
from tests.support.agreements import activate, draft, prepare, sign_both, sla, target, today
from tests.support.catalog import Catalog, Make


@pytest.fixture(autouse=True)
async def what_one_needs(catalog: Catalog, make_service: Make) -> None:
    await prepare(catalog)
    await make_service("mail")


async def read(catalog: Catalog, section: Section) -> tuple[Any, dict[str, Any]]:
    """The section of the service mail, checked against its shape, and its facts."""
    assert section.select is not None
    statement = select(section.select(bindparam("service", type_=Text())))
    async with transaction(catalog.app.state.engine) as session:
        found = await session.scalar(statement, {"service": "mail"})
    TypeAdapter(section.shape).validate_python(found)
    facts = {name: fact.value for name, fact in section.facts(found, now()).items()}
    assert facts.keys() == {definition.name for definition in section.definitions}
    return found, facts


async def test_a_service_without_agreements_says_so(catalog: Catalog) -> None:
    found, facts = await read(catalog, agreements.SECTIONS[0])

    assert found == {"items": [], "needed_count": 0, "uncovered": []}
    assert (facts["sla_active"], facts["agreed_availability"]) == (False, None)
    assert facts["operational_agreements_cover_dependencies"] is True


async def test_an_active_sla_shows_what_it_promises(catalog: Catalog) -> None:
    tiers = [{"worse_than": 0.98, "credit": "5.00"}]
    guarantee = {"target": "availability", "basis": "percent", "tiers": tiers, "cap": "10"}
    last_day = today().isoformat()
    await activate(catalog, await draft(catalog, guarantees=[guarantee], valid_to=last_day))

    found, facts = await read(catalog, agreements.SECTIONS[0])

    assert found["items"][0]["guarantees"][0]["tiers"] == [{"worse_than": 0.98, "credit": "5"}]
    assert facts == {
        "active_agreement_count": 1,
        "sla_signed": True,
        "sla_active": True,
        "agreement_review_overdue_count": 0,
        "agreements_expiring_within_90_days_count": 1,
        "agreed_availability": 0.99,
        "service_level_target_count": 1,
        "guarantee_count": 1,
        "operational_agreements_cover_dependencies": True,
    }


async def test_a_signed_sla_is_not_active_yet(catalog: Catalog) -> None:
    await sign_both(catalog, await draft(catalog))

    _, facts = await read(catalog, agreements.SECTIONS[0])

    assert (facts["sla_signed"], facts["sla_active"]) == (True, False)
    assert facts["active_agreement_count"] == 0


async def test_a_hard_dependency_is_covered_by_an_operational_agreement(
    catalog: Catalog, make_service: Make
) -> None:
    await make_service("network")
    body = {"provider": {"kind": "service", "key": "network"}, "strength": "hard"}
    await catalog.http.post("/v1/services/mail/dependencies", json=body)
    for unit in ("netops", "desk"):
        body = {"key": unit, "name": unit, "kind": "team"}
        await catalog.http.post("/v1/organisation-units", json=body)
    sides = {
        "provider": {"kind": "unit", "key": "netops", "name": "N", "signatories": ["ada"]},
        "customer": {"kind": "unit", "key": "desk", "name": "D", "signatories": ["dan"]},
    }

    before, _ = await read(catalog, agreements.SECTIONS[0])
    text = sla(services=["network"], targets=[target()], **sides)
    made = await catalog.http.post(
        "/v1/agreements", json={"key": "net-ola", "name": "O", "kind": "ola", **text}
    )
    await activate(catalog, made.json())
    after, facts = await read(catalog, agreements.SECTIONS[0])

    assert before["uncovered"] == [{"kind": "service", "key": "network"}]
    assert (after["needed_count"], after["uncovered"]) == (1, [])
    assert facts["operational_agreements_cover_dependencies"] is True


async def test_priorities_and_calendars_of_a_service(catalog: Catalog) -> None:
    nothing, facts = await read(catalog, priorities.SECTIONS[0])
    meaning = {"priority": 1, "name": "P1", "resolution_minutes": 60, "calendar": "always"}
    scheme = {
        "key": "standard",
        "name": "S",
        "impacts": ["high"],
        "urgencies": ["high"],
        "matrix": {"high": {"high": 1}},
        "priorities": [meaning],
    }
    reply = await catalog.http.post("/v1/priority-schemes", json=scheme)

    found, later = await read(catalog, priorities.SECTIONS[0])
    pinned, _ = await read(catalog, calendars.SECTIONS[0])

    assert (nothing, facts["priority_scheme_assigned"]) == (None, False)
    assert found["scheme"] == reply.json()["key"]
    assert later == {"priority_scheme_assigned": True, "priority_targets_complete": False}
    assert [(one["calendar"], one["always_open"]) for one in pinned] == [("always", True)]
