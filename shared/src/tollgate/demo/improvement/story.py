"""From missed targets to a stage that moved; each step looks how far the story is already.

The incidents come in two acts, as they would have in time: a trigger fires by what was known before
the initiative, and its effect is measured by what came since.
"""

import time
from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

import httpx
import typer

from tollgate.demo.content import SOURCE, Update
from tollgate.demo.improvement import portal
from tollgate.demo.improvement.case import APPROVER, case_of
from tollgate.demo.improvement.gates import pass_gate
from tollgate.demo.improvement.portal import PORTAL
from tollgate.demo.making import (
    LEARNING,
    PATIENCE,
    Providers,
    change,
    create,
    ensure,
    ensure_listed,
    listed,
    read,
)
from tollgate.exits import CommandFailed
from tollgate.pages import items_of
from tollgate.pushing import Sent, push
from tollgate.resending import call_until_answered

OBJECTIVE = "faster-order-to-cash"
TITLE = "Runbooks for what dealers meet most"
OPENED_WITHIN = 60.0  # seconds for a missed target to become an opportunity, over two workers
ASSESSMENT = {
    "business_value": 13,
    "time_criticality": 8,
    "risk_reduction": 3,
    "job_size": 5,
    "comment": "Every dealer waits; the causes are few and known",
}
GUARD_RAIL = {"service": PORTAL.key, "kpi": "reopen_rate", "tolerance": "0.05"}


def load_portal(at: Providers, until: date) -> None:
    """The incidents of the service up to the initiative, and the target that they miss."""
    _send(at, portal.incidents_before(until), portal.last_before())
    target = {
        "service": PORTAL.key,
        "kpi": "mttr",
        "comparator": "lte",
        "value": PORTAL.target_hours,
        "valid_from": str(portal.monday_before(until, portal.WEEKS)),
        "owner": PORTAL.owner,
    }
    ensure(at.metrics, "/v1/targets", target)


def load_initiative(at: Providers, until: date) -> None:
    """The opportunity that a trigger opened, its plan with a business case, and the first gate."""
    opportunity = _opened(at)
    plan = None if opportunity is None else _planned(at, opportunity)
    if plan is None or not _approved(at, plan, until):
        return
    path = f"/v1/plans/{plan}/initiatives"
    initiative = {
        "service": PORTAL.key,
        "kpi": "mttr",
        "title": TITLE,
        "start": str(portal.monday_before(until, portal.BEGAN)),
        "end": str(portal.monday_before(until, portal.ENDED) - timedelta(days=1)),
        "state": "in_progress",
    }
    ensure_listed(at.improvement, path, initiative, "title")
    _set_goal(at, plan, until)
    if _state(at, plan) == "approved":
        create(at.improvement, f"/v1/plans/{plan}/transitions", {"to": "in_progress"})
        rails = {"items": [GUARD_RAIL]}
        change(at.improvement, "PUT", f"/v1/plans/{plan}/guard-rails", rails)
    if _stage(at) == "operate" and not _moves(at):
        pass_gate(at, PORTAL.key, "operate-to-improve")


def _set_goal(at: Providers, plan: str, until: date) -> None:
    """What the plan promises; it is reached in a full month from now on, not in the past."""
    goal = {
        "service": PORTAL.key,
        "kpi": "mttr",
        "comparator": "lte",
        "value": PORTAL.target_hours,
        "due_on": str(until + timedelta(days=180)),
        "relevant_to": OBJECTIVE,
        "owner": PORTAL.owner,
        "reason": "The pilot with ten runbooks halved it",
    }
    ensure_listed(at.improvement, f"/v1/plans/{plan}/goals", goal, "kpi")


def load_effect(at: Providers, until: date) -> None:
    """What came since, the effect measured by it, the plan closed, and the gate back."""
    _send(at, portal.incidents_since(until), portal.last_since())
    plan = _plan_in_progress(at)
    if plan is not None:
        _finish(at, plan)
    if _stage(at) == "improve":
        pass_gate(at, PORTAL.key, "improve-to-operate")


def _opened(at: Providers) -> Any:
    """The opportunity, once metrics-api has told of the missed target and a trigger has fired."""
    give_up_at = time.monotonic() + OPENED_WITHIN
    asked = {"service": PORTAL.key, "source": "trigger", "kpi": "mttr"}
    while time.monotonic() < give_up_at:
        for opportunity in items_of(at.improvement, "/v1/opportunities", PATIENCE, asked):
            return opportunity
        time.sleep(LEARNING)
    typer.echo(
        "tollgate: no trigger has fired for the demo's missed target: are the workers running?",
        err=True,
    )
    return None


def _planned(at: Providers, opportunity: Any) -> str | None:
    """Assess, accept and plan it; the plan's id."""
    path = f"/v1/opportunities/{opportunity['id']}"
    if opportunity["state"] == "new":
        opportunity = change(at.improvement, "PUT", f"{path}/assessment", ASSESSMENT)
    if opportunity["state"] == "assessed":
        opportunity = create(
            at.improvement, f"{path}/transitions", {"to": "accepted", "comment": "First in rank"}
        ).json()
    if opportunity["state"] == "accepted":
        body = {"objective": OBJECTIVE, "title": TITLE, "owner": PORTAL.owner}
        opportunity = create(at.improvement, f"{path}/plan", body).json()
    planned: str | None = opportunity["plan"]
    return planned


def _approved(at: Providers, plan: str, until: date) -> bool:
    """Whether the plan is approved, by an approved case."""
    if _state(at, plan) != "draft":
        return True
    path = f"/v1/plans/{plan}/business-cases"
    cases = list(listed(at.improvement, path))
    case = cases[0] if cases else create(at.improvement, path, case_of(until)).json()
    of_case = f"{path}/{case['version']}"
    if case["state"] == "draft":
        case = change(at.improvement, "POST", f"{of_case}/transitions", {"to": "submitted"})
    approver = at.person(APPROVER, "portfolio_manager")
    if approver is None:
        return False
    if case["state"] == "submitted":
        verdict = {
            "verdict": "approved",
            "text_hash": case["text_hash"],
            "comment": "Pays in the first year, also if dealers wait less than we think",
        }
        change(at.improvement, "POST", f"{of_case}/decisions", verdict, auth=approver)
    create(at.improvement, f"/v1/plans/{plan}/transitions", {"to": "approved"})
    return True


def _plan_in_progress(at: Providers) -> str | None:
    asked = {"service": PORTAL.key, "state": "in_progress"}
    for plan in items_of(at.improvement, "/v1/plans", PATIENCE, asked):
        found: str = plan["id"]
        return found
    return None


def _finish(at: Providers, plan: str) -> None:
    """The initiative is done, its effect and the guard-rail are measured; then the plan is closed,
    or waits in review for what is not conclusive yet, such as a goal that is not due."""
    initiatives = list(listed(at.improvement, f"/v1/plans/{plan}/initiatives"))
    for initiative in initiatives:
        if initiative["state"] == "in_progress":
            path = f"/v1/initiatives/{initiative['id']}"
            change(at.improvement, "PATCH", path, {"state": "done"})
        create(at.improvement, f"/v1/initiatives/{initiative['id']}/measurements", {})
    create(at.improvement, f"/v1/plans/{plan}/guard-rails/measurements", None)
    create(at.improvement, f"/v1/plans/{plan}/transitions", {"to": "review"})
    closing = read(at.improvement, f"/v1/plans/{plan}/closing")
    if closing["outcome"] is not None:
        create(at.improvement, f"/v1/plans/{plan}/transitions", {"to": "closed"})


def _send(at: Providers, updates: Iterable[Update], last: str) -> None:
    """All of an act; the last one there means that all are."""
    found = call_until_answered(
        at.metrics,
        "GET",
        f"/v1/incidents/{SOURCE}/{last}",
        patience=PATIENCE,
        expecting={httpx.codes.NOT_FOUND},
    )
    if found.is_success:
        return
    sent = (
        Sent(number, [], {"source": SOURCE, **update})
        for number, update in enumerate(updates, start=1)
    )
    for pushed in push(at.metrics, sent, PATIENCE):
        for refused in pushed.refused:
            raise CommandFailed(
                f"The demo's {refused.sent.update['external_id']} was rejected ({refused.pointer}"
                f" {refused.reason}): report it, and start with DEMO=0 meanwhile"
            )


def _state(at: Providers, plan: str) -> str:
    found: str = read(at.improvement, f"/v1/plans/{plan}")["state"]
    return found


def _stage(at: Providers) -> str:
    found: str = read(at.catalog, f"/v1/services/{PORTAL.key}")["stage"]
    return found


def _moves(at: Providers) -> list[Any]:
    """The gates that the service has passed."""
    path = f"/v1/services/{PORTAL.key}/transitions"
    return [move for move in listed(at.catalog, path) if move.get("gate")]
