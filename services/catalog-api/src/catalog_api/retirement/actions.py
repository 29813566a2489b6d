"""Writing, approving and following the retirement plan of a service."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from catalog_api.changes import ResourceChange, record_resource
from catalog_api.customers.queries import remaining_customers
from catalog_api.people import check_role, require_person, roles_about
from catalog_api.refusals import refuse, unknown
from catalog_api.registry import queries as registry_queries
from catalog_api.registry import rules as registry_rules
from catalog_api.retirement import queries, rules
from catalog_api.retirement.rules import RetirementState
from catalog_api.retirement.schemas import MigrationPut, RetirementCreate, RetirementPatch
from catalog_api.stages.rules import check_not_retired
from shared.errors import Conflict, FieldError, NotFound
from shared.kit.auth import Principal
from shared.kit.clock import now
from shared.kit.database import Session
from shared.kit.etag import check_version
from shared.kit.patches import named
from shared.kit.states import check_move, check_state

THING = "retirement plan"
_EVER = date(1900, 1, 1)
_BLANK = {"done": False, "done_by": None, "done_at": None}


async def create_plan(session: Session, caller: Principal, key: str, body: RetirementCreate) -> Any:
    """A draft; a service has one plan."""
    service = await registry_queries.get_service(session, key)
    check_not_retired(key, service.stage, "get a retirement plan")
    fields = _stored(body.model_dump(), [])
    await _refuse_impossible(session, key, fields)
    drafted = {**fields, "state": RetirementState.DRAFT, "authors": sorted(caller.authors)}
    if not await queries.insert_plan(session, {**_columns(drafted), "service_key": key}):
        raise Conflict(f"{key} has a retirement plan already: change that one", code="plan_exists")
    await _record(session, caller, key, "created", None, drafted)
    return await queries.get_plan(session, key)


async def change_plan(
    session: Session, caller: Principal, key: str, patch: RetirementPatch, expected: int
) -> Any:
    """Change the named fields of a draft."""
    plan = await queries.get_plan(session, key, lock=True)
    check_version(expected, plan.revision)
    check_state(THING, plan.state, rules.EDITABLE, "changed")
    wanted = _stored(named(patch), plan.steps)
    changed = registry_rules.changes(plan._asdict(), wanted)
    if not changed:
        return plan
    after = registry_rules.after_of(changed)
    await _refuse_impossible(session, key, {**plan._asdict(), **after})
    authors = sorted({*plan.authors, *caller.authors})
    return await _change(session, caller, plan, "changed", {**after, "authors": authors})


async def approve_plan(session: Session, caller: Principal, key: str, expected: int) -> Any:
    """Approve in person the version that was read; never a plan of one's own."""
    person = require_person(caller, "approve a retirement plan")
    plan = await queries.get_plan(session, key, lock=True)
    check_version(expected, plan.revision)
    check_move(THING, rules.MOVES, plan.state, RetirementState.APPROVED)
    rules.check_not_author(plan.authors, person)
    held = await roles_about(session, caller, key, None)
    check_role(held, rules.APPROVING_ROLES, "approve a retirement plan")
    rules.check_complete(plan._asdict())
    values = {"state": RetirementState.APPROVED, "approved_by": person, "approved_at": now()}
    return await _change(session, caller, plan, "approved", values)


async def revise_plan(session: Session, caller: Principal, key: str) -> Any:
    """Take the approval back, so that the plan can change."""
    plan = await queries.get_plan(session, key, lock=True)
    check_move(THING, rules.MOVES, plan.state, RetirementState.DRAFT)
    values = {"state": RetirementState.DRAFT, "approved_by": None, "approved_at": None}
    return await _change(session, caller, plan, "reopened", values)


async def tick_step(
    session: Session, caller: Principal, key: str, step_id: str, *, done: bool
) -> Any:
    """Say that a step is done, or not any more; also of an approved plan."""
    plan = await queries.get_plan(session, key, lock=True)
    step = next((one for one in plan.steps if one["id"] == step_id), None)
    if step is None:
        raise NotFound(f"There is no step {step_id} in the retirement plan of {key}")
    if step["done"] == done:
        return plan
    by = {"done": True, "done_by": caller.person, "done_at": now().isoformat()} if done else _BLANK
    steps = [{**one, **by} if one["id"] == step_id else one for one in plan.steps]
    action = "step_done" if done else "step_reopened"
    return await _change(session, caller, plan, action, {"steps": steps})


async def put_migration(
    session: Session, caller: Principal, key: str, customer: str, body: MigrationPut
) -> Any:
    """Keep where a customer of the service went; its engagement is ended beside this."""
    await queries.get_plan(session, key, lock=True)
    if body.migrated_on > now().date():
        refuse([FieldError("/migrated_on", "must not lie in the future", "future")])
    if customer not in await remaining_customers(session, key, _EVER):
        raise Conflict(
            f"{customer} was never engaged with {key}, so it has nowhere to migrate from",
            code="not_engaged",
        )
    present = await queries.find_migration(session, key, customer)
    values = {
        "service_key": key,
        "customer_key": customer,
        "migrated_on": body.migrated_on,
        "migrated_to": body.to,
        "recorded_by": caller.person,
        "recorded_at": now(),
    }
    await queries.put_migration(session, values)
    await queries.change_plan(session, key, {})
    before = None if present is None else {"migration": present._asdict()}
    after = {"migration": {"customer": customer, **body.model_dump()}}
    await _record(session, caller, key, "customer_migrated", before, after)
    return await queries.find_migration(session, key, customer)


async def remove_migration(session: Session, caller: Principal, key: str, customer: str) -> None:
    """Take back that a customer was moved away."""
    await queries.get_plan(session, key, lock=True)
    present = await queries.find_migration(session, key, customer)
    if present is None:
        raise NotFound(f"{customer} was not moved away from {key}")
    await queries.delete_migration(session, key, customer)
    await queries.change_plan(session, key, {})
    before = {"migration": present._asdict()}
    await _record(session, caller, key, "migration_removed", before, None)


async def _refuse_impossible(session: Session, key: str, plan: Mapping[str, Any]) -> None:
    """422 and 409 for a successor that cannot take over, and for steps named twice."""
    successor = plan["successor"]
    ids = [step["id"] for step in plan["steps"]]
    errors = [
        FieldError(f"/steps/{n}/id", f"{name} stands in this list twice", "repeated")
        for n, name in enumerate(ids)
        if name in ids[:n]
    ]
    if successor is not None and plan["no_successor_reason"] is not None:
        detail = f"the successor is {successor}: take one of them back"
        errors.append(FieldError("/no_successor_reason", detail, "contradiction"))
    if successor == key:
        errors.append(FieldError("/successor", "a service cannot succeed itself", "own_successor"))
    found = await registry_queries.get_services(session, {successor} - {None, key})
    if successor not in {None, key, *found}:
        errors.append(unknown("service", "/successor", str(successor)))
    refuse(errors)
    for service in found.values():
        check_not_retired(service.key, service.stage, "succeed another service")


def _stored(fields: dict[str, Any], present: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The fields with steps as they are kept: one that says the same keeps who did it."""
    if "steps" not in fields:
        return fields
    done = {(step["id"], step["text"]): step for step in present}
    steps = []
    for step in fields["steps"]:
        due = step["due"] and step["due"].isoformat()
        steps.append({**_BLANK, **done.get((step["id"], step["text"]), {}), **step, "due": due})
    return {**fields, "steps": steps}


def _columns(values: Mapping[str, Any]) -> dict[str, Any]:
    """Wire names to column names."""
    return {"successor_key" if name == "successor" else name: v for name, v in values.items()}


async def _change(
    session: Session, caller: Principal, plan: Any, action: str, values: Mapping[str, Any]
) -> Any:
    """Set fields of a plan, leave the audit entry and the event, answer it as it is now."""
    await queries.change_plan(session, plan.service, _columns(values))
    before = {name: getattr(plan, name) for name in values}
    await _record(session, caller, plan.service, action, before, values)
    return await queries.get_plan(session, plan.service)


async def _record(
    session: Session,
    caller: Principal,
    key: str,
    action: str,
    before: Mapping[str, Any] | None,
    after: Mapping[str, Any] | None,
) -> None:
    change = ResourceChange("retirement_plan", key, action, before, after, key)
    await record_resource(session, caller, change)
