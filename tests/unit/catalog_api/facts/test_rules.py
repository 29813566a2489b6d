"""The facts of a service: what they say and how old they are."""

from datetime import UTC, datetime, timedelta
from typing import Any

from catalog_api.facts.rules import DEFINITIONS, facts_of, hours_per_week
from shared.schemas.catalog import Stage

CREATED = datetime(2026, 1, 1, tzinfo=UTC)
LATER = datetime(2026, 2, 1, tzinfo=UTC)
NOW = datetime(2026, 3, 1, tzinfo=UTC)
TYPES: dict[str, Any] = {
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
    "list": list,
}


def make_service(**changes: Any) -> dict[str, Any]:
    return {
        "name": "VPN",
        "description": "",
        "kind": "technical",
        "stage": Stage.DESIGN,
        "criticality": None,
        "support_hours": None,
        "tags": [],
        "onboarded": False,
        "owners": [],
        "external_references": [],
        "created_at": CREATED,
        "changed_at": {},
    } | changes


def make_portfolio(**changes: Any) -> dict[str, Any]:
    empty = {"key": "workplace", "manager": None, "strategy": None}
    return empty | {"created_at": CREATED, "changed_at": {}} | changes


def test_every_defined_fact_is_answered_and_no_other() -> None:
    facts = facts_of(make_service(), make_portfolio(), NOW)

    assert set(facts) == {definition.name for definition in DEFINITIONS}
    assert len(DEFINITIONS) == len(facts)


def test_every_value_is_of_its_defined_type() -> None:
    monday = {"day": "monday", "start": "08:00", "end": "16:00"}
    full = make_service(
        criticality="high",
        support_hours={"timezone": "UTC", "weekly": [monday]},
        owners=[{"role": "service_owner", "subject": "ada"}],
        external_references=[{"source": "snow", "name": "VPN"}],
    )

    facts = facts_of(full, make_portfolio(manager="cal"), NOW)

    for definition in DEFINITIONS:
        assert isinstance(facts[definition.name].value, TYPES[definition.type]), definition.name


def test_a_fact_without_a_value_says_why() -> None:
    fact = facts_of(make_service(), make_portfolio(), NOW)["service_criticality"]

    assert (fact.value, fact.reason) == (None, "no criticality is set")


def test_a_fact_is_as_old_as_its_last_change() -> None:
    service = make_service(description="d", changed_at={"description": LATER.isoformat()})

    facts = facts_of(service, make_portfolio(), NOW)

    assert facts["service_has_description"].as_of == LATER
    assert facts["service_name"].as_of == CREATED


def test_blank_text_is_no_description() -> None:
    facts = facts_of(make_service(description=" \n"), make_portfolio(), NOW)

    assert facts["service_has_description"].value is False


def test_a_person_with_two_roles_counts_once() -> None:
    owners = [{"role": role, "subject": "ada"} for role in ("service_owner", "support_manager")]

    facts = facts_of(make_service(owners=owners), make_portfolio(), NOW)

    assert facts["service_owner_count"].value == 1
    assert facts["service_roles"].value == ["service_owner", "support_manager"]


def test_the_time_in_a_stage_runs_from_the_last_move() -> None:
    moved = make_service(changed_at={"stage": (NOW - timedelta(days=10)).isoformat()})

    facts = facts_of(moved, make_portfolio(), NOW)

    assert facts["service_days_in_stage"].value == 10


def test_a_service_that_joins_a_portfolio_has_its_facts_since_then() -> None:
    service = make_service(changed_at={"portfolio": LATER.isoformat()})

    facts = facts_of(service, make_portfolio(manager="cal"), NOW)

    assert facts["portfolio_has_manager"].as_of == LATER


def test_hours_of_a_week_are_summed() -> None:
    weekly = [
        {"day": "monday", "start": "08:00", "end": "12:30"},
        {"day": "friday", "start": "00:00", "end": "24:00"},
    ]

    assert hours_per_week({"weekly": weekly}) == 28.5
