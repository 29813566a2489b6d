"""What tollgates are told about the plans of a service."""

from datetime import UTC, datetime
from typing import Any

from catalog_api.plans.facts import DEFINITIONS, facts

NOW = datetime(2027, 3, 11, tzinfo=UTC)
APPROVED_AT = "2027-03-01T00:00:00+00:00"
STRATEGY = {
    "objectives": ["grow"],
    "target_customers": ["sales", "hr"],
    "requirements": [],
    "available_from": "2027-01-01",
}


def version(kind: str, text: Any, state: str = "approved") -> dict[str, Any]:
    approved_at = APPROVED_AT if state == "approved" else None
    return {"kind": kind, "state": state, "approved_at": approved_at, "text": text}


def values(*versions: dict[str, Any]) -> dict[str, Any]:
    return {name: fact.value for name, fact in facts(versions, NOW).items()}


def test_every_defined_fact_is_answered() -> None:
    assert values().keys() == {one.name for one in DEFINITIONS}


def test_without_plans_the_counts_are_zero_and_the_ages_unknown() -> None:
    told = facts([], NOW)

    assert (told["strategy_approved"].value, told["roadmap_item_count"].value) == (False, 0)
    assert told["strategy_age_days"].reason == "no strategy is approved"
    assert told["roadmap_age_days"].value is None


def test_a_draft_counts_for_nothing() -> None:
    assert not values(version("strategy", None, "in_review"))["strategy_approved"]


def test_an_approved_strategy_tells_its_age_and_what_it_serves() -> None:
    told = facts([version("strategy", STRATEGY)], NOW)

    assert told["strategy_age_days"].value == 10
    assert told["strategy_approved"].as_of == datetime.fromisoformat(APPROVED_AT)
    assert (told["strategy_objective_count"].value, told["strategy_customer_count"].value) == (1, 2)
    assert told["strategy_availability_passed"].value is True


def test_an_item_is_overdue_after_its_target_date_unless_done_or_dropped() -> None:
    def item(day: str, status: str) -> dict[str, str]:
        return {"target_date": day, "status": status}

    late = "2027-03-10"
    items = [
        item(late, "planned"),
        item(late, "in_progress"),
        item(late, "done"),
        item(late, "dropped"),
        item("2027-03-11", "planned"),
    ]

    told = values(version("roadmap", {"items": items}))

    assert told["roadmap_overdue_item_count"] == 2
    assert (told["roadmap_item_count"], told["roadmap_done_item_count"]) == (4, 1)


def test_targets_are_counted_by_what_they_are_of() -> None:
    text = {"quality_targets": [1, 2], "finance_targets": [1], "critical_success_factors": [1]}

    told = values(version("targets", text))

    assert told["plan_targets_approved"] is True
    assert (told["quality_target_count"], told["critical_success_factor_count"]) == (2, 1)
