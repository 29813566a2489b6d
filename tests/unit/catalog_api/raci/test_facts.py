"""What RACI tells tollgates of a service."""

from datetime import UTC, datetime
from typing import Any

from catalog_api.raci.rules import DEFINITIONS, facts
from shared.schemas.processes import Process

NOW = datetime(2026, 3, 1, tzinfo=UTC)
EMPTY: dict[str, Any] = {"assignments": [], "holders": [], "units": [], "required_roles": []}


def given(process: str, responsibility: str, **assignee: str) -> dict[str, Any]:
    nobody = {"subject": None, "unit": None, "role": None}
    return {"process": process, "responsibility": responsibility, **nobody, **assignee}


def values(**section: Any) -> dict[str, Any]:
    return {name: fact.value for name, fact in facts({**EMPTY, **section}, NOW).items()}


def test_every_fact_that_is_defined_has_a_value() -> None:
    assert values().keys() == {definition.name for definition in DEFINITIONS}


def test_a_service_without_charts_has_two_gaps_for_each_process() -> None:
    found = values()

    assert (found["raci_complete"], found["raci_gap_count"]) == (False, 20)
    assert (found["accountable_processes_count"], found["raci_complete_processes"]) == (0, [])


def test_a_service_with_all_charts_lacks_nothing() -> None:
    charts = [
        given(process, responsibility, unit="desk")
        for process in Process
        for responsibility in ("accountable", "responsible")
    ]
    unit = {"unit": "desk", "manager": "dan", "members": []}

    found = values(assignments=charts, units=[unit])

    assert (found["raci_complete"], found["raci_gap_count"]) == (True, 0)
    assert found["accountable_processes_count"] == 10
    assert len(found["raci_complete_processes"]) == 10


def test_a_role_held_by_two_makes_nobody_accountable() -> None:
    holders = [{"role": "boss", "subject": who, "catalogued": False} for who in ("ada", "bea")]
    chart = [given("service_catalog_management", "accountable", role="boss")]

    found = values(assignments=chart, holders=holders)

    assert found["accountable_processes_count"] == 0
    assert found["service_roles_uncatalogued_count"] == 1


def test_required_roles_that_nobody_holds_are_listed() -> None:
    required = [{"role": role, "name": role} for role in ("service_owner", "change_manager")]
    holders = [{"role": "service_owner", "subject": "ada", "catalogued": True}]

    found = values(required_roles=required, holders=holders)

    assert found["service_roles_missing"] == ["change_manager"]
    assert found["accountable_processes_count"] == 1  # of the lifecycle, by default
