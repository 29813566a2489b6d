"""Writing, reviewing and approving plan versions."""

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from catalog_api.changes import ResourceChange, record_resource
from catalog_api.customers import queries as customer_queries
from catalog_api.objectives import queries as objective_queries
from catalog_api.people import require_person, roles_about
from catalog_api.plans import queries, rules, text_rules
from catalog_api.plans.queries import Subject
from catalog_api.plans.rules import PlanKind, PlanState
from catalog_api.plans.schemas import PlanApprove, PlanVersionWrite
from catalog_api.plans.text_rules import Text
from catalog_api.refusals import refuse, unknown
from shared.errors import Conflict, FieldError
from shared.kit.auth import Principal
from shared.kit.clock import now
from shared.kit.database import Session
from shared.kit.etag import check_version
from shared.kit.states import check_move, check_state

THING = "plan version"
_DRAFTED = ("text", "approver_roles", "state")
Address = tuple[Subject, PlanKind, int]
"""Whose plan, which kind, which version."""


async def create_version(
    session: Session, caller: Principal, subject: Subject, kind: PlanKind, body: PlanVersionWrite
) -> Any:
    """A new draft; 409 while another version is a draft or in review."""
    await queries.require_subject(session, subject)  # 404 before anything else
    await _refuse_bad_text(session, kind, body)
    number = await queries.next_version(session, subject, kind)
    drafted = {
        "service_key": subject.service,
        "portfolio_key": subject.portfolio,
        "kind": kind,
        "version": number,
        "state": PlanState.DRAFT,
        "authors": sorted(caller.authors),
        "review": 0,
        **_written(subject, body),
    }
    if not await queries.insert_version(session, {"id": uuid4(), **drafted}):
        raise await _open_already(session, subject, kind)
    version = await queries.get_version(session, subject, kind, number)
    after = {name: drafted[name] for name in _DRAFTED}
    await _record(session, caller, version, "created", None, after)
    return version


async def change_draft(
    session: Session, caller: Principal, address: Address, body: PlanVersionWrite, expected: int
) -> Any:
    """Replace the text of a draft; 409 in any other state, and so for ever once approved."""
    version = await queries.get_version(session, *address, lock=True)
    check_version(expected, version.revision)
    check_state(THING, version.state, rules.EDITABLE, "changed")
    await _refuse_bad_text(session, version.kind, body)
    values = _written(address[0], body)
    if all(getattr(version, name) == value for name, value in values.items()):
        return version
    values["authors"] = sorted({*version.authors, *caller.authors})
    return await _change(session, caller, version, "changed", values)


async def submit_version(session: Session, caller: Principal, address: Address) -> Any:
    """Ask for approval; 409 naming the parts that are missing."""
    version = await queries.get_version(session, *address, lock=True)
    check_move(THING, rules.MOVES, version.state, PlanState.IN_REVIEW)
    missing = rules.missing_parts(version.text, of_service=version.service is not None)
    if missing:
        raise Conflict(
            f"The {version.kind} is not complete: {', '.join(missing)}",
            code="plan_incomplete",
            missing=missing,
        )
    values = {
        "state": PlanState.IN_REVIEW,
        "review": version.review + 1,
        "submitted_at": now(),
        "return_reason": None,
    }
    return await _change(session, caller, version, "submitted", values)


async def return_version(session: Session, caller: Principal, address: Address, reason: str) -> Any:
    """Send a version back to be changed: approvals given so far count no more."""
    version = await queries.get_version(session, *address, lock=True)
    check_move(THING, rules.MOVES, version.state, PlanState.DRAFT)
    values = {"state": PlanState.DRAFT, "return_reason": reason}
    return await _change(session, caller, version, "returned", values)


async def approve_version(
    session: Session,
    caller: Principal,
    address: Address,
    body: PlanApprove,
) -> Any:
    """Approve for one role; the last role puts the version in force and ends the one before."""
    person = require_person(caller, "approve a plan")
    version = await queries.get_version(session, *address, lock=True)
    check_state(THING, version.state, (PlanState.IN_REVIEW,), "approved")
    review = review_of(version)
    held = await roles_about(session, caller, version.service, version.portfolio)
    approver = rules.Approver(person, held, body.text_hash, body.role)
    role = rules.check_approval(review, approver)
    moment = now()
    await queries.insert_approval(session, version, role, person, moment)
    if rules.unapproved(review) == [role]:
        await _supersede(session, caller, address)
        values = {"state": PlanState.APPROVED, "approved_at": moment}
        return await _change(session, caller, version, "approved", values, role=role)
    return await _change(session, caller, version, "endorsed", {}, role=role)


def review_of(version: Any) -> rules.Review:
    """A version as the rules of approval see it."""
    given = {approval["role"]: approval["approved_by"] for approval in version.approvals}
    return rules.Review(version.text_hash, version.approver_roles, version.authors, given)


def subject_of(version: Any) -> Subject:
    """Whose plan a version is of."""
    if version.service is not None:
        return Subject("service", version.service)
    return Subject("portfolio", version.portfolio)


async def _supersede(session: Session, caller: Principal, address: Address) -> None:
    subject, kind, _ = address
    number = await queries.number_in_force(session, subject, kind)
    if number is not None:
        earlier = await queries.get_version(session, subject, kind, number)
        values = {"state": PlanState.SUPERSEDED, "superseded_at": now()}
        await _change(session, caller, earlier, "superseded", values)


def _written(subject: Subject, body: PlanVersionWrite) -> dict[str, Any]:
    """What of a body is stored: the text as JSON, its hash, who is to approve it."""
    text = body.text.model_dump(mode="json")
    roles = body.approver_roles or rules.default_approvers(
        PlanKind(body.text.kind), of_service=subject.service is not None
    )
    return {"text": text, "text_hash": rules.hash_of(text), "approver_roles": roles}


async def _refuse_bad_text(session: Session, kind: PlanKind, body: PlanVersionWrite) -> None:
    """422 with everything in the text that cannot be."""
    text: Text = body.text
    if text.kind is not kind:
        detail = f"the path says {kind}"
        refuse([FieldError("/text/kind", detail, "other_kind")])
    errors = text_rules.malformed(text)
    objectives, customers = text_rules.objectives_of(text), text_rules.customers_of(text)
    known = await objective_queries.known_keys(session, {one.key for one in objectives})
    errors += [unknown("objective", r.pointer, r.key) for r in objectives if r.key not in known]
    known = await customer_queries.known_keys(session, {one.key for one in customers})
    errors += [unknown("customer", r.pointer, r.key) for r in customers if r.key not in known]
    within = [FieldError(f"/text{one.pointer}", one.detail, one.code) for one in errors]
    roles = body.approver_roles or []
    within += [
        FieldError(f"/approver_roles/{position}", f"{role} stands in this list twice", "repeated")
        for position, role in enumerate(roles)
        if role in roles[:position]
    ]
    refuse(within)


async def _open_already(session: Session, subject: Subject, kind: PlanKind) -> Conflict:
    present = await queries.open_version(session, subject, kind)
    number, state = (present.version, present.state) if present is not None else (None, None)
    return Conflict(
        f"Version {number} of the {kind} is {state}: one version at a time is written",
        code="version_open",
        version=number,
        state=state,
    )


async def _change(
    session: Session,
    caller: Principal,
    version: Any,
    action: str,
    values: Mapping[str, Any],
    **also: Any,
) -> Any:
    """Set fields of a version, leave the audit entry and the event, answer it as it is now."""
    await queries.change_version(session, version.id, values)
    before = {name: getattr(version, name) for name in values}
    after = {**values, **also}
    await _record(session, caller, version, action, before, after)
    return await queries.get_version(session, subject_of(version), version.kind, version.version)


async def _record(
    session: Session,
    caller: Principal,
    version: Any,
    action: str,
    before: Mapping[str, Any] | None,
    after: Mapping[str, Any],
) -> None:
    subject = subject_of(version)
    key = f"{subject.kind}s/{subject.key}/{version.kind}/{version.version}"
    change = ResourceChange("plan_version", key, action, before, after, subject.service)
    await record_resource(session, caller, change)
