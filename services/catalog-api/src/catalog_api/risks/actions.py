"""Recording, treating, accepting and closing risks."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from catalog_api.changes import ResourceChange, record_resource
from catalog_api.people import THE_CATALOG, check_role, require_person, roles_about
from catalog_api.plans.queries import Subject, newest_roadmap_items
from catalog_api.portfolios import queries as portfolio_queries
from catalog_api.refusals import refuse, unknown
from catalog_api.registry import queries as registry_queries
from catalog_api.registry import rules as registry_rules
from catalog_api.risks import queries, rules
from catalog_api.risks.rules import RiskSource, RiskState
from catalog_api.risks.schemas import RiskAcceptance, RiskCreate, RiskPatch
from shared.errors import Conflict, FieldError
from shared.kit.auth import Principal
from shared.kit.clock import now
from shared.kit.database import Session
from shared.kit.etag import check_version
from shared.kit.patches import named
from shared.kit.states import check_move, check_state

THING = "risk"
BATCH = 200


async def create_risk(session: Session, caller: Principal, body: RiskCreate) -> Any:
    """A new, open risk; 409 while the same trend has raised one that is not closed."""
    rules.check_may_raise(body.source, caller.scopes)
    await _refuse_unknown(session, body.service, body.portfolio, body.roadmap_item)
    fields = body.model_dump()
    risk_id, score = uuid4(), body.likelihood * body.impact
    row = {
        **{name: value for name, value in fields.items() if name not in ("service", "portfolio")},
        "id": risk_id,
        "service_key": body.service,
        "portfolio_key": body.portfolio,
        "score": score,
        "state": RiskState.OPEN,
        "state_since": now(),
    }
    if not await queries.insert_risk(session, row):
        reference = body.source_reference or ""
        present = await queries.risk_of_trend(session, body.service, body.portfolio, reference)
        raise _raised_already(reference, present)
    risk = await queries.get_risk(session, risk_id)
    after = {**fields, "score": score, "state": RiskState.OPEN}
    await _record(session, caller, risk, "created", None, after)
    return risk


async def change_risk(
    session: Session, caller: Principal, risk_id: UUID, patch: RiskPatch, expected: int
) -> Any:
    """Change the named fields of a risk that is not closed."""
    risk = await queries.get_risk(session, risk_id, lock=True)
    check_version(expected, risk.revision)
    check_state(THING, risk.state, rules.EDITABLE, "changed")
    changed = registry_rules.changes(risk._asdict(), named(patch))
    if not changed:
        return risk
    values = registry_rules.after_of(changed)
    await _refuse_unknown(session, risk.service, risk.portfolio, values.get("roadmap_item"))
    values |= _scored(risk, values)
    later = {**risk._asdict(), **values}
    rules.check_still_accepted(risk.state, risk.score, later["score"])
    if risk.state is RiskState.TREATED:
        rules.check_treated(later["treatment"], later["treatment_text"])
    return await _change(session, caller, risk, "changed", values)


async def treat_risk(session: Session, caller: Principal, risk_id: UUID) -> Any:
    """Say that the treatment is in place; 409 while none is written down."""
    risk = await queries.get_risk(session, risk_id, lock=True)
    check_move(THING, rules.MOVES, risk.state, RiskState.TREATED)
    rules.check_treated(risk.treatment, risk.treatment_text)
    return await _move(session, caller, risk, RiskState.TREATED, {})


async def close_risk(session: Session, caller: Principal, risk_id: UUID, reason: str) -> Any:
    """Close a treated risk."""
    risk = await queries.get_risk(session, risk_id, lock=True)
    check_move(THING, rules.MOVES, risk.state, RiskState.CLOSED)
    return await _move(session, caller, risk, RiskState.CLOSED, {"close_reason": reason})


async def accept_risk(
    session: Session, caller: Principal, risk_id: UUID, body: RiskAcceptance
) -> Any:
    """Bear a risk until a day, in person and in a role that may; also to renew it."""
    person = require_person(caller, "accept a risk")
    risk = await queries.get_risk(session, risk_id, lock=True)
    check_move(THING, rules.MOVES, risk.state, RiskState.ACCEPTED)
    held = await roles_about(session, caller, risk.service, risk.portfolio)
    check_role(held, rules.ACCEPTING_ROLES, "accept a risk")
    await _refuse_second_of_trend(session, risk)
    if body.until <= now().date():
        refuse([FieldError("/until", "must lie after today", "past")])
    points = body.model_dump(include={"likelihood", "impact"}, exclude_none=True)
    values = {
        **points,
        **_scored(risk, points),
        "acceptance_owner": body.owner,
        "accepted_by": person,
        "accepted_until": body.until,
        "acceptance_reason": body.reason,
    }
    return await _move(session, caller, risk, RiskState.ACCEPTED, values)


async def end_acceptances(session: Session, moment: datetime) -> int:
    """Open the risks whose acceptance has lapsed, a batch at a time; answers how many."""
    lapsed = await queries.lapsed_acceptances(session, moment.date(), BATCH)
    for risk in lapsed:
        values = {"state": RiskState.OPEN, "state_since": moment}
        await _change(session, THE_CATALOG, risk, "acceptance_lapsed", values)
    return len(lapsed)


def _scored(risk: Any, values: Mapping[str, Any]) -> dict[str, int]:
    """The score that follows from changed points."""
    if not {"likelihood", "impact"} & values.keys():
        return {}
    points = {"likelihood": risk.likelihood, "impact": risk.impact, **values}
    return {"score": points["likelihood"] * points["impact"]}


async def _refuse_unknown(
    session: Session, service: str | None, portfolio: str | None, roadmap_item: str | None
) -> None:
    """422 for a service, portfolio or roadmap item that is not there."""
    errors = []
    if service is not None and not await registry_queries.known_keys(session, {service}):
        errors.append(unknown("service", "/service", service))
    if portfolio is not None and not await portfolio_queries.known_keys(session, {portfolio}):
        errors.append(unknown("portfolio", "/portfolio", portfolio))
    if not errors and roadmap_item is not None:
        subject = Subject("service", service) if service else Subject("portfolio", portfolio or "")
        if roadmap_item not in await newest_roadmap_items(session, subject):
            errors.append(unknown("roadmap_item", "/roadmap_item", roadmap_item))
    refuse(errors)


async def _refuse_second_of_trend(session: Session, risk: Any) -> None:
    """409 when the trend of a closed risk has raised another one since."""
    if risk.source is RiskSource.TREND and risk.state is RiskState.CLOSED:
        where = (risk.service, risk.portfolio, risk.source_reference)
        present = await queries.risk_of_trend(session, *where)
        if present is not None:
            raise _raised_already(risk.source_reference, present)


def _raised_already(reference: str, present: UUID | None) -> Conflict:
    return Conflict(
        f"The trend {reference} has raised a risk that is not closed: {present}",
        code="risk_raised_already",
        risk=present,
    )


async def _move(
    session: Session, caller: Principal, risk: Any, to: RiskState, values: Mapping[str, Any]
) -> Any:
    moved = {**values, "state": to, "state_since": now()}
    return await _change(session, caller, risk, to.value, moved)


async def _change(
    session: Session, caller: Principal, risk: Any, action: str, values: Mapping[str, Any]
) -> Any:
    """Set fields of a risk, leave the audit entry and the event, answer it as it is now."""
    await queries.change_risk(session, risk.id, values)
    before = {name: getattr(risk, name) for name in values}
    await _record(session, caller, risk, action, before, values)
    return await queries.get_risk(session, risk.id)


async def _record(
    session: Session,
    caller: Principal,
    risk: Any,
    action: str,
    before: Mapping[str, Any] | None,
    after: Mapping[str, Any],
) -> None:
    change = ResourceChange("risk", str(risk.id), action, before, after, risk.service)
    await record_resource(session, caller, change)
