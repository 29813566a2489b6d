"""Loading the demo through the public APIs; what is there already stays as it is."""

from collections.abc import Iterable
from datetime import UTC, date, datetime
from itertools import chain
from typing import Any

import httpx

from shared.schemas.metrics import InitiativeState
from tollgate.connection import body_of
from tollgate.demo.business_case import ensure_approved_case, ensure_booked
from tollgate.demo.catalog.steps import CATALOG_STEPS
from tollgate.demo.content import (
    PORTFOLIOS,
    SERVICES,
    SOURCE,
    WORKED_EXAMPLE,
    YEAR,
    DemoService,
    Update,
    WorkedRow,
)
from tollgate.demo.history import INCIDENTS, history, incident_id
from tollgate.demo.improvement.portal import PORTAL
from tollgate.demo.improvement.steps import IMPROVEMENT_STEPS
from tollgate.demo.improvement.story import load_effect, load_initiative, load_portal
from tollgate.demo.making import PATIENCE, Load, Providers, Step, create, ensure
from tollgate.demo.metrics.issued import load_issued_report
from tollgate.demo.metrics.steps import METRICS_STEPS, RECORD_STEPS
from tollgate.demo.services import onboarding_of
from tollgate.demo.worked_example import worked_example
from tollgate.exits import CommandFailed
from tollgate.pages import items_of
from tollgate.pushing import Sent, push
from tollgate.resending import call_until_answered

PLAN = "Shorter interruptions for the business"


def load_services(at: Providers, _until: date) -> None:
    for portfolio in PORTFOLIOS:
        body = {
            "key": portfolio.key,
            "name": portfolio.name,
            "manager": portfolio.manager,
            "strategy": portfolio.strategy,
        }
        ensure(at.catalog, "/v1/portfolios", body)
    for service in (*SERVICES, PORTAL):
        ensure(at.catalog, "/v1/services/onboard", onboarding_of(service))


def load_incidents(at: Providers, until: date) -> None:
    """All of them in one stream; the last one there means that all are."""
    ensure(
        at.metrics,
        "/v1/sources",
        {"key": SOURCE, "name": "Service desk of the demo", "timezone": "UTC"},
    )
    call_until_answered(at.metrics, "POST", "/v1/references/refresh", patience=PATIENCE)
    last = call_until_answered(
        at.metrics,
        "GET",
        f"/v1/incidents/{SOURCE}/{incident_id(INCIDENTS)}",
        patience=PATIENCE,
        expecting={httpx.codes.NOT_FOUND},
    )
    if last.is_success:
        return
    for pushed in push(at.metrics, _sent(chain(worked_example(), history(until))), PATIENCE):
        for refused in pushed.refused:
            raise CommandFailed(
                f"The demo's {refused.sent.update['external_id']} was rejected ({refused.pointer}"
                f" {refused.reason}): report it, and start with DEMO=0 meanwhile"
            )


def load_targets(at: Providers, _until: date) -> None:
    hours = {row.service: row.target_hours for row in WORKED_EXAMPLE}
    for service in SERVICES:
        promised = hours.get(service.key, service.target_hours)
        if promised is not None:
            ensure(at.metrics, "/v1/targets", _target(service, promised))


def load_plan(at: Providers, _until: date) -> None:
    """One plan in progress, by its business case, with the worked example's initiatives."""
    plan = _plan(at.improvement)
    if ensure_approved_case(at, plan["id"]):
        ensure_booked(at, plan["id"])
        for state in _states_ahead(plan["state"]):
            create(at.improvement, f"/v1/plans/{plan['id']}/transitions", {"to": state})
    path = f"/v1/plans/{plan['id']}/initiatives"
    known = {item["title"] for item in items_of(at.improvement, path, PATIENCE)}
    for row in WORKED_EXAMPLE:
        if row.initiative not in known:
            create(at.improvement, path, _initiative(row))


def as_of_today(step: Load) -> Load:
    """What is due or over is judged by today, wherever the year of incidents ends."""
    return lambda at, _until: step(at, datetime.now(UTC).date())


STEPS: tuple[Step, ...] = (
    ("Services", load_services),
    *((name, as_of_today(step)) for name, step in CATALOG_STEPS),
    ("Incidents", load_incidents),
    *RECORD_STEPS,
    ("Targets", load_targets),
    ("Partner Portal", load_portal),
    *METRICS_STEPS,
    ("Improvement plan", load_plan),
    ("An improvement begins", load_initiative),
    ("Its effect", load_effect),
    *((name, as_of_today(step)) for name, step in IMPROVEMENT_STEPS),
    ("Issued report", load_issued_report),
)


def _sent(updates: Iterable[Update]) -> Iterable[Sent]:
    return (
        Sent(number, [], {"source": SOURCE, **update})
        for number, update in enumerate(updates, start=1)
    )


def _target(service: DemoService, hours: str) -> dict[str, Any]:
    return {
        "service": service.key,
        "kpi": "mttr",
        "comparator": "lte",
        "value": hours,
        "valid_from": f"{YEAR}-01-01",
        "owner": service.owner,
    }


def _plan(improvement: httpx.Client) -> Any:
    """Our plan, found by its title or made now."""
    for plan in items_of(improvement, "/v1/plans", PATIENCE, {"owner": "ines.moreau"}):
        if plan["title"] == PLAN:
            return plan
    body = {
        "title": PLAN,
        "problem": "Interruptions of two services lasted longer than their targets allow",
        "owner": "ines.moreau",
    }
    return body_of(create(improvement, "/v1/plans", body))


def _states_ahead(state: str) -> tuple[str, ...]:
    path = ("draft", "approved", "in_progress")
    return path[path.index(state) + 1 :] if state in path else ()


def _initiative(row: WorkedRow) -> dict[str, Any]:
    return {
        "service": row.service,
        "kpi": "mttr",
        "title": row.initiative,
        "start": f"{YEAR}-04-01",
        "end": f"{YEAR}-06-30",
        "state": InitiativeState.DONE,
    }
