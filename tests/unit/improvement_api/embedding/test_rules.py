"""How a service stands to the ten processes, by hand and by derivation."""

from datetime import UTC, datetime
from typing import Any

import pytest

from improvement_api.embedding.rules import (
    EMBEDDINGS,
    FACTS,
    CannotTell,
    Embedding,
    Standing,
    standings_of,
)
from improvement_api.facts.expressions import check
from improvement_api.facts.rules import Owner, OwnerReply
from improvement_api.gates.defaults import FACTS_OF_DEFAULTS
from shared.schemas.common import FactValue
from shared.schemas.processes import Process

NOW = datetime(2026, 3, 1, tzinfo=UTC)
LIVED: dict[str, Any] = {
    "strategy_age_days": 100.0,
    "served_objective_count": 1,
    "roadmap_age_days": 300.0,
    "roadmap_overdue_item_count": 0,
    "development_needed": True,
    "design_package_approved": True,
    "tests_passed_count": 3,
    "tests_failed_count": 0,
    "service_has_service_owner": True,
    "raci_complete": True,
    "highest_open_risk_score": 12,
    "cost_items_count": 2,
    "charging_model_defined": True,
    "service_kind": "business",
    "published_offering_count": 1,
    "service_support_hours_defined": True,
    "targets_defined_count": 1,
    "active_agreement_count": 1,
    "vendor_product_count": 1,
    "vendor_contracts_expired_count": 0,
    "vendor_products_past_end_of_life_count": 0,
    "active_improvement_plans": 0,
    "done_initiatives": 1,
    "practices_overdue_count": 0,
    "continuity_plan_approved": True,
    "continuity_test_passed": True,
    "days_since_continuity_test": 30,
}
# What a service must lose to stop living a process.
LOST = {
    Process.SERVICE_STRATEGY_DEFINITION: {"strategy_age_days": None},
    Process.SERVICE_ROADMAP_DEFINITION: {"roadmap_age_days": 367.0},
    Process.SERVICE_DEVELOPMENT_MANAGEMENT: {"tests_failed_count": 1},
    Process.SERVICE_LIFECYCLE_MANAGEMENT: {"highest_open_risk_score": 15},
    Process.SERVICE_FINANCIAL_MANAGEMENT: {"cost_items_count": 0},
    Process.SERVICE_CATALOG_MANAGEMENT: {"published_offering_count": 0},
    Process.SERVICE_PERFORMANCE_MANAGEMENT: {"targets_defined_count": 0},
    Process.VENDOR_PRODUCT_MANAGEMENT: {"vendor_contracts_expired_count": 1},
    Process.CONTINUOUS_SERVICE_IMPROVEMENT: {"done_initiatives": 0},
    Process.SERVICE_CONTINUITY_MANAGEMENT: {"continuity_test_passed": False},
}


def replies_of(facts: dict[str, Any]) -> dict[Owner, OwnerReply]:
    seen = {
        name: FactValue(value=value, as_of=NOW, reason="none" if value is None else None)
        for name, value in facts.items()
    }
    return {owner: OwnerReply(owner, seen) for owner in Owner}


def standings(facts: dict[str, Any]) -> dict[Process, Standing]:
    return {one.process: one for one in standings_of(replies_of(facts), NOW)}


def test_the_ten_processes_are_there_in_their_order() -> None:
    assert [one.process for one in EMBEDDINGS] == list(Process)


def test_a_service_with_all_that_is_demanded_lives_every_process() -> None:
    assert {one.lived for one in standings(LIVED).values()} == {True}
    assert LIVED.keys() == FACTS


@pytest.mark.parametrize("process", Process)
def test_what_is_lost_ends_exactly_its_process_and_is_named(process: Process) -> None:
    found = standings(LIVED | LOST[process])

    assert {one.process for one in found.values() if not one.lived} == {process}
    (missing,) = found[process].missing
    assert next(iter(LOST[process])) in missing


@pytest.mark.parametrize(
    ("process", "exempt"),
    [
        (Process.SERVICE_DEVELOPMENT_MANAGEMENT, {"development_needed": False}),
        (Process.SERVICE_CATALOG_MANAGEMENT, {"service_kind": "technical"}),
        (Process.VENDOR_PRODUCT_MANAGEMENT, {"vendor_product_count": 0}),
    ],
)
def test_a_process_that_does_not_concern_a_service_does_not_count_it(
    process: Process, exempt: dict[str, Any]
) -> None:
    found = standings(LIVED | LOST[process] | exempt)

    assert found[process] == Standing(process, None, ())


def test_of_a_service_whose_facts_cannot_be_had_nothing_is_said() -> None:
    unreachable = OwnerReply(Owner.CATALOG, {}, "unreachable")

    with pytest.raises(CannotTell, match="catalog-api unreachable"):
        standings_of({**replies_of(LIVED), Owner.CATALOG: unreachable}, NOW)


@pytest.mark.parametrize("embedding", EMBEDDINGS, ids=lambda one: one.process.value)
def test_each_expression_uses_the_facts_it_names_and_is_shown_in_the_formula(
    embedding: Embedding,
) -> None:
    types = {name: fact.type for name, fact in FACTS_OF_DEFAULTS.items()}
    for demand in embedding.demands:
        assert set(check(demand.expression, types)) == set(demand.facts)
        assert demand.expression in embedding.formula
