"""What tollgates may ask about a service's continuity."""

from datetime import UTC, datetime
from typing import Any

import pytest

from catalog_api.continuity.facts import DEFINITIONS, facts

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
APPROVED = "2026-03-01T08:00:00Z"
PLAN = {"approved_at": APPROVED, "tier": 2, "rto_hours": 4.0, "rpo_hours": 1.0, "mtpd_hours": 24.0}
STANDING = {
    "last_passed_on": "2026-10-01",
    "test_overdue": False,
    "achieved_within_targets": True,
}
CHAIN = {"complete": True, "breaking": 0, "missing": 0}
PREPARED: dict[str, Any] = {
    "plan": PLAN,
    "standing": STANDING,
    "tests": [{"performed_on": "2026-11-12"}],
    "chain": CHAIN,
}
UNPREPARED = {"plan": None, "standing": None, "tests": [], "chain": {**CHAIN, "complete": False}}


@pytest.mark.parametrize("section", [PREPARED, UNPREPARED])
def test_every_defined_fact_is_given_and_no_other(section: dict[str, Any]) -> None:
    assert set(facts(section, NOW)) == {one.name for one in DEFINITIONS}


def test_a_plan_in_force_gives_its_figures_since_its_approval() -> None:
    found = facts(PREPARED, NOW)

    assert [found[name].value for name in ("continuity_tier", "rto_hours", "rpo_hours")] == [
        2,
        4.0,
        1.0,
    ]
    assert found["rto_hours"].as_of == datetime(2026, 3, 1, 8, tzinfo=UTC)
    assert found["days_since_continuity_test"].value == 10


def test_without_a_plan_nothing_is_passed_and_figures_are_unknown() -> None:
    found = facts(UNPREPARED, NOW)

    assert found["continuity_plan_approved"].value is False
    assert found["continuity_test_passed"].value is False
    assert found["rto_hours"].reason == "no continuity plan is approved"
    assert found["continuity_chain_complete"].value is False


def test_a_test_that_kept_no_target_is_not_passed() -> None:
    standing = {**STANDING, "last_passed_on": None, "achieved_within_targets": False}

    found = facts({**PREPARED, "standing": standing}, NOW)

    assert found["continuity_test_passed"].value is False
    assert found["continuity_test_within_targets"].value is False
