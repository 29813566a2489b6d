"""How services come back after a disaster: plans in every state, tests passed and overdue."""

from datetime import date, timedelta
from typing import Any, NamedTuple

from tollgate.demo.making import Providers, change, create, ensure_each, listed


class Exercise(NamedTuple):
    days_ago: int
    kind: str
    result: str
    achieved_rto: str | None
    findings: str = ""


class Continuity(NamedTuple):
    """A plan with its hours, how far it gets, who approves it, and its tests."""

    service: str
    tier: int
    rto: str
    rpo: str
    mtpd: str
    strategy: str
    becomes: str = "approved"
    approver: str = ""
    exercises: tuple[Exercise, ...] = ()


PLANS = (
    Continuity(
        "network-infrastructure", 1, "4", "0", "8", "Spare switches, and mobile links for a day",
        approver="jonas.lind",
        exercises=(
            Exercise(210, "failover", "passed", "2.5"),
            Exercise(25, "failover", "failed", "9", "The mobile links had no contract any more"),
        ),
    ),
    Continuity(
        "server-platform", 1, "8", "4", "24", "Restore to rented servers from the backup vault",
        approver="jonas.lind", exercises=(Exercise(520, "simulation", "passed", "7"),),
    ),
    Continuity(
        "identity-and-access", 1, "8", "1", "12", "A second copy in the other building",
        approver="tom.okafor",
    ),
    Continuity(
        "erp", 1, "4", "1", "24", "Orders on paper until the servers are back",
        approver="asha.verma",
        exercises=(
            Exercise(400, "tabletop", "partly", None, "Paper forms were out of date"),
            Exercise(95, "simulation", "passed", "3.5"),
        ),
    ),
    Continuity(
        "partner-portal", 2, "8", "4", "48", "Orders by mail, keyed in by sales",
        approver="noor.salem", exercises=(Exercise(75, "tabletop", "passed", "6"),),
    ),
    Continuity("payroll-portal", 2, "24", "24", "72", "Last month's salaries again", "in_review"),
    Continuity("email-and-calendar", 2, "8", "4", "24", "", "draft"),
)  # fmt: skip
STEPS = [
    {"action": "Declare the disruption and call the team", "role": "service_owner"},
    {"action": "Recover by the strategy", "role": "service_manager"},
    {"action": "Let key users try it, then say that it is over", "role": "service_owner"},
]
CONTACTS = [
    {"name": "Service desk", "role": "service_manager", "reach": "+41 44 555 01 00"},
    {"name": "Duty officer", "role": "continuity_manager", "reach": "+41 44 555 01 99, at night"},
]


def load_continuity(at: Providers, until: date) -> None:
    """Each service's first plan as far as it got, and the tests of those in force."""
    for plan in PLANS:
        path = f"/v1/services/{plan.service}/continuity-plans"
        versions = list(listed(at.catalog, path))
        version = versions[0] if versions else create(at.catalog, path, _plan(plan)).json()
        if len(versions) < 2 and _bring(at, plan, version, f"{path}/{version['version']}"):
            tests = [_test(exercise, until) for exercise in plan.exercises]
            ensure_each(
                at.catalog, f"/v1/services/{plan.service}/continuity-tests", tests, "kind", "result"
            )


def _bring(at: Providers, plan: Continuity, version: Any, path: str) -> bool:
    """What is left of the way to the state it is shown in; whether it is in force."""
    if version["state"] == "draft" and plan.becomes != "draft":
        version = change(at.catalog, "POST", f"{path}/submission", None)
    approver = at.person(plan.approver) if plan.approver else None
    if version["state"] == "in_review" and approver is not None:
        body = {"text_hash": version["text_hash"]}
        version = change(at.catalog, "POST", f"{path}/approval", body, auth=approver)
    return bool(version["state"] == "approved")


def _plan(plan: Continuity) -> dict[str, Any]:
    return {
        "tier": plan.tier,
        "rto_hours": plan.rto,
        "rpo_hours": plan.rpo,
        "mtpd_hours": plan.mtpd,
        "strategy": plan.strategy,
        "steps": STEPS if plan.strategy else [],
        "contacts": CONTACTS,
    }


def _test(exercise: Exercise, until: date) -> dict[str, Any]:
    return {
        "performed_on": str(until - timedelta(days=exercise.days_ago)),
        "kind": exercise.kind,
        "result": exercise.result,
        "achieved_rto_hours": exercise.achieved_rto,
        "achieved_rpo_hours": None,
        "findings": exercise.findings,
    }
