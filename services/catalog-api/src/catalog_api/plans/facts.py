"""What tollgates may ask about the plans of a service."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from catalog_api.fact_values import definition, known, unknown
from catalog_api.plans.rules import ItemStatus, PlanKind, PlanState
from shared.schemas.common import FactValue

DEFINITIONS = (
    definition("strategy_approved", "boolean", None, "A strategy is approved"),
    definition("strategy_age_days", "number", "days", "Since the strategy was approved"),
    definition("strategy_objective_count", "integer", "objectives", "Objectives it serves"),
    definition("strategy_customer_count", "integer", "customers", "Customers it is meant for"),
    definition("strategy_requirement_count", "integer", "requirements", "What it asks of vendors"),
    definition("strategy_availability_passed", "boolean", None, "It was to be available by now"),
    definition("roadmap_approved", "boolean", None, "A roadmap is approved"),
    definition("roadmap_age_days", "number", "days", "Since the roadmap was approved"),
    definition("roadmap_item_count", "integer", "items", "Items of the roadmap, dropped ones not"),
    definition("roadmap_done_item_count", "integer", "items", "Items that are done"),
    definition(
        "roadmap_overdue_item_count", "integer", "items", "Past their target date and not done"
    ),
    definition("plan_targets_approved", "boolean", None, "Targets of the plan are approved"),
    definition("quality_target_count", "integer", "targets", "Approved quality targets"),
    definition("finance_target_count", "integer", "targets", "Approved finance targets"),
    definition(
        "critical_success_factor_count", "integer", "factors", "Approved critical success factors"
    ),
)
_DAY = 86_400  # seconds


def facts(versions: Sequence[Mapping[str, Any]], now: datetime) -> dict[str, FactValue]:
    """Every fact of DEFINITIONS, from the versions in force."""
    in_force = {one["kind"]: one for one in versions if one["state"] == PlanState.APPROVED}
    return {
        **_strategy(in_force.get(PlanKind.STRATEGY), now),
        **_roadmap(in_force.get(PlanKind.ROADMAP), now),
        **_targets(in_force.get(PlanKind.TARGETS), now),
    }


def _strategy(version: Mapping[str, Any] | None, now: datetime) -> dict[str, FactValue]:
    if version is None:
        available = unknown("no strategy is approved", now)
        text: Mapping[str, Any] = {"objectives": [], "target_customers": [], "requirements": []}
    else:
        text = version["text"]
        day = text["available_from"]
        available = (
            unknown("the strategy does not say when it is available", now)
            if day is None
            else known(date.fromisoformat(day) < now.date(), now)
        )
    since = _approved_at(version, now)
    return {
        **_approval("strategy", version, now),
        "strategy_objective_count": known(len(text["objectives"]), since),
        "strategy_customer_count": known(len(text["target_customers"]), since),
        "strategy_requirement_count": known(len(text["requirements"]), since),
        "strategy_availability_passed": available,
    }


def _roadmap(version: Mapping[str, Any] | None, now: datetime) -> dict[str, FactValue]:
    items = [] if version is None else version["text"]["items"]
    kept = [item for item in items if item["status"] != ItemStatus.DROPPED]
    done = [item for item in kept if item["status"] == ItemStatus.DONE]
    overdue = [
        item
        for item in kept
        if item["status"] != ItemStatus.DONE
        and date.fromisoformat(item["target_date"]) < now.date()
    ]
    since = _approved_at(version, now)
    return {
        **_approval("roadmap", version, now),
        "roadmap_item_count": known(len(kept), since),
        "roadmap_done_item_count": known(len(done), since),
        "roadmap_overdue_item_count": known(len(overdue), now),
    }


def _targets(version: Mapping[str, Any] | None, now: datetime) -> dict[str, FactValue]:
    since = _approved_at(version, now)

    def count(part: str) -> FactValue:
        return known(0 if version is None else len(version["text"][part]), since)

    return {
        "plan_targets_approved": known(version is not None, since),
        "quality_target_count": count("quality_targets"),
        "finance_target_count": count("finance_targets"),
        "critical_success_factor_count": count("critical_success_factors"),
    }


def _approval(kind: str, version: Mapping[str, Any] | None, now: datetime) -> dict[str, FactValue]:
    since = _approved_at(version, now)
    age = (now - since).total_seconds() / _DAY
    return {
        f"{kind}_approved": known(version is not None, since),
        f"{kind}_age_days": (
            unknown(f"no {kind} is approved", now) if version is None else known(max(age, 0.0), now)
        ),
    }


def _approved_at(version: Mapping[str, Any] | None, now: datetime) -> datetime:
    """Absence is a fact of the present moment."""
    return now if version is None else datetime.fromisoformat(version["approved_at"])
