"""When a retirement plan may be approved, and what keeps a service from retiring."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from catalog_api.fact_values import definition, known, unknown
from shared.errors import Conflict, Forbidden
from shared.schemas.common import FactValue

# Ending a service is a decision about the portfolio, not of those who run the service.
APPROVING_ROLES = ("portfolio_manager",)


class RetirementState(StrEnum):
    DRAFT = "draft"
    APPROVED = "approved"


# Back to draft to revise it: what is approved does not change.
MOVES: Mapping[RetirementState, tuple[RetirementState, ...]] = {
    RetirementState.DRAFT: (RetirementState.APPROVED,),
    RetirementState.APPROVED: (RetirementState.DRAFT,),
}
EDITABLE = (RetirementState.DRAFT,)

_NO_PLAN = "there is no retirement plan"
DEFINITIONS = (
    definition("retirement_plan_exists", "boolean", None, "A retirement plan is written"),
    definition("retirement_plan_approved", "boolean", None, "The retirement plan is approved"),
    definition("retirement_ready", "boolean", None, "Nothing keeps the service from retiring"),
    definition("retirement_missing", "list", None, "What keeps the service from retiring"),
    definition(
        "retirement_successor_decided", "boolean", None, "A successor, or why there is none"
    ),
    definition(
        "retirement_customers_remaining",
        "integer",
        "customers",
        "Customers whose engagement has not ended",
    ),
    definition(
        "retirement_customers_migrated", "integer", "customers", "Customers that were moved away"
    ),
    definition("retirement_date_passed", "boolean", None, "It should have retired by now"),
    definition("retirement_steps_open_count", "integer", "steps", "Steps that are not done"),
)


@dataclass(frozen=True)
class Situation:
    """Who and what still needs the service."""

    customers: Sequence[str]
    dependents: Sequence[str]
    open_requests: int
    agreements: Sequence[str]


@dataclass(frozen=True)
class Missing:
    """One thing that keeps a service from retiring; `items` names those concerned."""

    what: str
    reason: str
    items: Sequence[str] = ()


def missing_of(plan: Mapping[str, Any], situation: Situation) -> list[Missing]:
    """Everything that keeps the service from retiring; empty when it is ready."""
    return [*_missing_decisions(plan), *_missing_departures(situation)]


def _missing_decisions(plan: Mapping[str, Any]) -> Iterator[Missing]:
    if plan["state"] != RetirementState.APPROVED:
        yield Missing("approval", "the plan is not approved")
    if not successor_decided(plan):
        yield Missing("successor", "neither a successor is named nor why there is none")
    if plan["planned_on"] is None:
        yield Missing("planned_on", "no date is planned")


def _missing_departures(situation: Situation) -> Iterator[Missing]:
    if situation.customers:
        yield Missing("customers", "their engagement has not ended", situation.customers)
    if situation.dependents:
        yield Missing("dependents", "these services depend on it", situation.dependents)
    if situation.open_requests:
        yield Missing("requests", f"{situation.open_requests} requests are open")
    if situation.agreements:
        yield Missing("agreements", "these agreements are active", situation.agreements)


def successor_decided(plan: Mapping[str, Any]) -> bool:
    """A successor is named, or why there is none."""
    return bool(plan["successor"] or plan["no_successor_reason"])


def check_complete(plan: Mapping[str, Any]) -> None:
    """A plan is approved when its decisions are taken; 409 naming what is missing."""
    missing = [
        name
        for name, given in (
            ("successor", successor_decided(plan)),
            ("planned_on", plan["planned_on"]),
            ("steps", plan["steps"]),
        )
        if not given
    ]
    if missing:
        raise Conflict(
            f"The retirement plan is not complete: {', '.join(missing)}",
            code="plan_incomplete",
            missing=missing,
        )


def check_not_author(authors: Sequence[str], person: str) -> None:
    """Nobody approves a plan of their own (403)."""
    if person in authors:
        raise Forbidden("Nobody approves a plan of their own", code="self_approval")


def facts(section: Mapping[str, Any] | None, now: datetime) -> dict[str, FactValue]:
    """Every fact of DEFINITIONS; what a plan alone can say is unknown without one."""
    if section is None:
        told = {one.name: unknown(_NO_PLAN, now) for one in DEFINITIONS}
        for name in ("plan_exists", "plan_approved", "ready", "successor_decided"):
            told[f"retirement_{name}"] = known(False, now)
        return told | {"retirement_missing": known(["retirement plan"], now)}
    since = datetime.fromisoformat(section["updated_at"])
    planned = section["planned_on"]
    remaining = [one for one in section["missing"] if one["what"] == "customers"]
    open_steps = sum(not step["done"] for step in section["steps"])
    approved = section["state"] == RetirementState.APPROVED
    return {
        "retirement_plan_exists": known(True, since),
        "retirement_plan_approved": known(approved, since),
        "retirement_ready": known(not section["missing"], now),
        "retirement_missing": known([_described(one) for one in section["missing"]], now),
        "retirement_successor_decided": known(successor_decided(section), since),
        "retirement_customers_remaining": known(sum(len(o["items"]) for o in remaining), now),
        "retirement_customers_migrated": known(section["customers_migrated"], now),
        "retirement_date_passed": (
            unknown("no date is planned", now)
            if planned is None
            else known(date.fromisoformat(planned) < now.date(), now)
        ),
        "retirement_steps_open_count": known(open_steps, since),
    }


def _described(missing: Mapping[str, Any]) -> str:
    names = ", ".join(missing["items"])
    return f"{missing['what']}: {names or missing['reason']}"
