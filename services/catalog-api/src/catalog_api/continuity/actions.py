"""Writing, reviewing and approving versions of a continuity plan, and recording its tests."""

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from catalog_api.ceilings.actions import ceilings_kept
from catalog_api.changes import ResourceChange, record_resource
from catalog_api.continuity import queries, rules
from catalog_api.continuity.schemas import ContinuityPlanWrite, ContinuityTestCreate
from catalog_api.dependencies.rules import Node, NodeKind
from catalog_api.people import require_person, roles_of
from catalog_api.plans.rules import EDITABLE, MOVES, Approver, PlanState, Review, check_approval
from catalog_api.plans.rules import hash_of as hash_of_text
from catalog_api.registry.queries import lock_service, require_service
from shared.errors import Conflict, Invalid
from shared.kit.auth import Principal
from shared.kit.clock import now
from shared.kit.database import Session, answer
from shared.kit.etag import check_version
from shared.kit.states import check_move, check_state

THING = "continuity plan version"
_HOURS = ("rto_hours", "rpo_hours", "mtpd_hours")


async def create_plan(
    session: Session, caller: Principal, key: str, body: ContinuityPlanWrite
) -> Any:
    """A new draft; 409 while another version is a draft or in review."""
    await lock_service(session, key)
    present = await queries.open_plan(session, key)
    if present is not None:
        raise Conflict(
            f"Version {present.version} is {present.state}: one version at a time is written",
            code="version_open",
            version=present.version,
            state=present.state,
        )
    number = await queries.next_version(session, key)
    text = _stored(body)
    place = {"service_key": key, "version": number, "authors": sorted(caller.authors)}
    await queries.insert_plan(session, {**place, "state": PlanState.DRAFT, **text})
    plan = await queries.get_plan(session, key, number)
    await _record(session, caller, plan, "created", None, {"state": PlanState.DRAFT, **text})
    return plan


async def replace_text(
    session: Session,
    caller: Principal,
    where: tuple[str, int],
    body: ContinuityPlanWrite,
    expected: int,
) -> Any:
    """Replace the text of a draft; 409 in any other state, and so for ever once approved."""
    plan = await queries.get_plan(session, *where, lock=True)
    check_version(expected, plan.revision)
    check_state(THING, plan.state, EDITABLE, "changed")
    text = _stored(body)
    if text["text_hash"] == plan.text_hash:
        return plan
    changed = {name: value for name, value in text.items() if getattr(plan, name) != value}
    changed["authors"] = sorted({*plan.authors, *caller.authors})
    return await _change(session, caller, plan, "changed", changed)


async def submit_plan(session: Session, caller: Principal, where: tuple[str, int]) -> Any:
    """Ask for approval; 409 naming the parts that are missing."""
    plan = await queries.get_plan(session, *where, lock=True)
    check_move(THING, MOVES, plan.state, PlanState.IN_REVIEW)
    missing = rules.missing_parts(plan._asdict())
    if missing:
        raise Conflict(
            f"The plan is not complete: {', '.join(missing)}",
            code="plan_incomplete",
            missing=missing,
        )
    return await _change(session, caller, plan, "submitted", {"state": PlanState.IN_REVIEW})


async def return_plan(session: Session, caller: Principal, where: tuple[str, int]) -> Any:
    """Send a version in review back to be changed."""
    plan = await queries.get_plan(session, *where, lock=True)
    check_move(THING, MOVES, plan.state, PlanState.DRAFT)
    return await _change(session, caller, plan, "returned", {"state": PlanState.DRAFT})


async def approve_plan(
    session: Session, caller: Principal, where: tuple[str, int], seen_hash: str
) -> Any:
    """Put a version in force and end the one before; 409 when a promise cannot be kept with it."""
    person = require_person(caller, "approve a continuity plan")
    key, version = where
    await lock_service(session, key)
    plan = await queries.get_plan(session, key, version, lock=True)
    check_state(THING, plan.state, (PlanState.IN_REVIEW,), "approved")
    held = await roles_of(session, caller, key)
    review = Review(plan.text_hash, rules.APPROVERS, plan.authors, {})
    role = check_approval(review, Approver(person, held, seen_hash, None))
    earlier = await answer(session, queries.plan_in_force(key))
    values = {
        "state": PlanState.APPROVED,
        "approved_by": person,
        "approved_as": role,
        "approved_at": now(),
    }
    async with ceilings_kept(session, {Node(NodeKind.SERVICE, key)}):
        if earlier is not None:
            await _change(session, caller, earlier, "superseded", {"state": PlanState.SUPERSEDED})
        return await _change(session, caller, plan, "approved", values)


async def record_test(
    session: Session, caller: Principal, key: str, body: ContinuityTestCreate
) -> Any:
    """A test of the plan in force; 409 while there is none."""
    await require_service(session, key)
    moment = now()
    if body.performed_on > moment.date():
        raise Invalid(
            "performed_on has not come yet", code="in_the_future", pointer="/performed_on"
        )
    plan = await answer(session, queries.plan_in_force(key))
    if plan is None:
        raise Conflict(
            f"The service {key} has no approved continuity plan to test", code="no_approved_plan"
        )
    identity, fields = uuid4(), {**body.model_dump(), "plan_version": plan.version}
    own = {"id": identity, "service_key": key, "recorded_by": caller.person, "recorded_at": moment}
    await queries.insert_test(session, {**fields, **own})
    change = ResourceChange("continuity_test", str(identity), "created", None, fields, service=key)
    await record_resource(session, caller, change)
    return await queries.get_test(session, key, identity)


def _stored(body: ContinuityPlanWrite) -> dict[str, Any]:
    """What of a body is stored, with the hash of its text: equal hours have one spelling."""
    plain = body.model_dump(mode="json")
    steps = [{**step, "within_hours": _number(step["within_hours"])} for step in plain["steps"]]
    text = {**plain, "steps": steps, **{name: float(plain[name]) for name in _HOURS}}
    exact = {name: getattr(body, name) for name in _HOURS}
    return {**text, **exact, "text_hash": hash_of_text(text)}


def _number(hours: str | None) -> float | None:
    return None if hours is None else float(hours)


async def _change(
    session: Session, caller: Principal, plan: Any, action: str, values: Mapping[str, Any]
) -> Any:
    """Set fields of a version, leave the audit entry and the event, answer it as it is now."""
    await queries.change_plan(session, plan.service, plan.version, values)
    before = {name: getattr(plan, name) for name in values}
    await _record(session, caller, plan, action, before, values)
    return await queries.get_plan(session, plan.service, plan.version)


async def _record(
    session: Session,
    caller: Principal,
    plan: Any,
    action: str,
    before: Mapping[str, Any] | None,
    after: Mapping[str, Any],
) -> None:
    key = f"{plan.service}/{plan.version}"
    change = ResourceChange("continuity_plan", key, action, before, after, service=plan.service)
    await record_resource(session, caller, change)
