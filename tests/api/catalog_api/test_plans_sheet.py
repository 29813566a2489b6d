"""What plans, development, retirement, risks and obligations add to the service document."""

from typing import Any

import pytest
from pydantic import TypeAdapter

from catalog_api.development import sheet as development
from catalog_api.documents.actions import read_sections
from catalog_api.obligations import sheet as obligations
from catalog_api.plans import sheet as plans
from catalog_api.retirement import sheet as retirement
from catalog_api.risks import sheet as risks
from catalog_api.sheets import Section
from shared.kit.clock import now
from shared.kit.database import transaction
from tests.support.catalog import ALL_SCOPES, Catalog, Make

SHEETS = {
    sheet.SECTIONS[0].name: sheet.SECTIONS[0]
    for sheet in (plans, development, retirement, risks, obligations)
}
RISK = {
    "service": "vpn",
    "title": "One firewall",
    "likelihood": 2,
    "impact": 5,
    "owner": "ada",
    "review_date": "2020-01-01",
}


@pytest.fixture
async def vpn(catalog: Catalog, make_service: Make) -> Catalog:
    await make_service(owners=[{"role": "service_owner", "subject": "bea"}])
    return catalog


async def read(catalog: Catalog, section: Section) -> tuple[Any, dict[str, Any]]:
    """The section of vpn, checked against its shape, and its facts."""
    async with transaction(catalog.app.state.engine) as session:
        *_, sections = await read_sections(session, "vpn", now(), (section,))
    found = sections[section.name]
    TypeAdapter(section.shape).validate_python(found)
    facts = {name: fact.value for name, fact in section.facts(found, now()).items()}
    assert facts.keys() == {definition.name for definition in section.definitions}
    return found, facts


async def post(catalog: Catalog, path: str, body: Any, caller: str = "ada") -> dict[str, Any]:
    headers = catalog.caller(caller, ALL_SCOPES)
    reply = await catalog.http.post(f"/v1/{path}", json=body, headers=headers)
    assert reply.status_code in (200, 201), reply.text
    made: dict[str, Any] = reply.json()
    return made


@pytest.mark.parametrize("name", SHEETS)
async def test_a_bare_service_has_every_section_and_fact(vpn: Catalog, name: str) -> None:
    found, _ = await read(vpn, SHEETS[name])

    assert found in ([], None, {"kind": "technical", "record": None})


async def test_the_text_in_force_is_shown_and_of_a_draft_only_that_it_is(vpn: Catalog) -> None:
    item = {
        "id": "sso",
        "capability": "Sign in once",
        "target_date": "2020-06-30",
        "cost": "12000.00",
        "currency": "EUR",
        "status": "in_progress",
    }
    body = {"text": {"kind": "roadmap", "items": [item]}}
    url = "services/vpn/plans/roadmap/versions"
    version = await post(vpn, url, body)
    await post(vpn, f"{url}/1/submission", None)
    await post(vpn, f"{url}/1/approvals", {"text_hash": version["text_hash"]}, "bea")
    await post(vpn, url, body)

    found, facts = await read(vpn, SHEETS["plans"])

    assert [(one["state"], one["text"]) for one in found] == [
        ("approved", body["text"]),
        ("draft", None),
    ]
    assert (facts["roadmap_approved"], facts["roadmap_overdue_item_count"]) == (True, 1)
    assert facts["strategy_approved"] is False


async def test_the_development_record_is_shown_with_its_parts(vpn: Catalog) -> None:
    run = {"name": "Load", "result": "failed", "executed_at": "2026-03-01T08:00:00Z", "uri": None}
    await post(vpn, "services/vpn/development", {"tests": [run | {"id": "load"}]})

    found, facts = await read(vpn, SHEETS["development"])

    assert [test["id"] for test in found["record"]["tests"]] == ["load"]
    assert (facts["development_ready"], facts["tests_failed_count"]) == (False, 1)


async def test_a_retirement_plan_says_what_is_missing(vpn: Catalog) -> None:
    steps = [{"id": "tell", "text": "Tell", "due": "2027-01-01"}]
    plan = {"no_successor_reason": "unused", "planned_on": "2020-01-01", "steps": steps}
    await post(vpn, "services/vpn/retirement-plan", plan)

    found, facts = await read(vpn, SHEETS["retirement_plan"])

    assert [one["what"] for one in found["missing"]] == ["approval"]
    assert (facts["retirement_plan_exists"], facts["retirement_ready"]) == (True, False)
    assert (facts["retirement_successor_decided"], facts["retirement_date_passed"]) == (True, True)


async def test_closed_risks_are_left_out_and_the_highest_stands_first(vpn: Catalog) -> None:
    treated = RISK | {"treatment": "avoid", "treatment_text": "Do without."}
    closed = (await post(vpn, "risks", treated | {"impact": 1}))["id"]
    await post(vpn, f"risks/{closed}/treatment", None)
    await post(vpn, f"risks/{closed}/closure", {"reason": "gone"})
    for impact in (2, 5):
        await post(vpn, "risks", RISK | {"impact": impact})

    found, facts = await read(vpn, SHEETS["risks"])

    assert [risk["score"] for risk in found] == [10, 4]
    assert (facts["highest_open_risk_score"], facts["risk_reviews_overdue_count"]) == (10, 2)


async def test_obligations_show_how_long_their_evidence_is_valid(vpn: Catalog) -> None:
    clause = {"service": "vpn", "standard": "ISO/IEC 27001:2022", "clause": "A.8.13"}
    made = await post(vpn, "obligations", clause)
    await post(vpn, "obligations", clause | {"clause": "A.8.14", "due": "2020-01-01"})
    for end in (None, "2020-01-01"):
        evidence = {"title": "Test", "uri": "https://example.org/t", "valid_until": end}
        await post(vpn, f"obligations/{made['id']}/evidence", evidence)

    found, facts = await read(vpn, SHEETS["obligations"])

    assert sorted(found[0]["valid_until"], key=str) == ["2020-01-01", None]
    assert (facts["obligation_count"], facts["overdue_obligation_count"]) == (2, 1)
