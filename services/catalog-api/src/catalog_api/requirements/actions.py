"""Writing service requirements and moving them on, each with its audit entry and event."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid4

from catalog_api.agreements import queries as agreement_queries
from catalog_api.changes import ResourceChange, record_resource
from catalog_api.customers import queries as customer_queries
from catalog_api.customers.rules import check_active
from catalog_api.registry import queries as registry_queries
from catalog_api.registry import rules as registry_rules
from catalog_api.requirements import queries, rules
from catalog_api.requirements.rules import AnswerKind, RequirementState
from catalog_api.requirements.schemas import (
    Answer,
    RequirementCreate,
    RequirementMove,
    RequirementPatch,
)
from catalog_api.stages.rules import check_not_retired
from shared.errors import Invalid
from shared.kit.auth import Principal
from shared.kit.clock import now
from shared.kit.database import Session
from shared.kit.etag import check_version
from shared.kit.patches import named
from shared.kit.states import check_move, check_state

_REQUIREMENT = "service_requirement"


async def create_requirement(
    session: Session, caller: Principal, service: str, body: RequirementCreate
) -> Any:
    """Something an active customer needs; the service is locked before the customer."""
    found = await registry_queries.lock_service(session, service)
    check_not_retired(service, found.stage, "get a requirement")
    if not await customer_queries.known_keys(session, {body.customer}):
        raise Invalid(
            f"There is no customer {body.customer}", code="unknown_customer", pointer="/customer"
        )
    await _check_customer(session, body.customer)
    requirement = uuid4()
    fields = {**body.model_dump(exclude={"customer"}), "state": RequirementState.PROPOSED}
    row = {"id": requirement, "service_key": service, "customer_key": body.customer, **fields}
    await queries.insert_requirement(session, {**row, "state_since": now()})
    shown = {"customer": body.customer, **fields}
    await record_resource(session, caller, _change(service, requirement, "created", None, shown))
    return await queries.get_requirement(session, service, requirement)


async def change_requirement(
    session: Session,
    caller: Principal,
    service: str,
    requirement: UUID,
    patch: RequirementPatch,
    expected: int,
) -> Any:
    """Change the named fields of a proposed requirement; nothing happens when nothing differs."""
    present = await queries.get_requirement(session, service, requirement, lock=True)
    check_version(expected, present.revision)
    changed = registry_rules.changes(present._asdict(), named(patch))
    if not changed:
        return present
    check_state("requirement", present.state, [RequirementState.PROPOSED], "changed")
    before, after = registry_rules.before_of(changed), registry_rules.after_of(changed)
    await queries.change_requirement(session, requirement, after)
    change = _change(service, requirement, "changed", before, after)
    await record_resource(session, caller, change)
    return await queries.get_requirement(session, service, requirement)


async def move_requirement(
    session: Session,
    caller: Principal,
    service: str,
    requirement: UUID,
    move: RequirementMove,
    expected: int,
) -> Any:
    """Bring a requirement to another state; the service is locked before the requirement."""
    found = await registry_queries.lock_service(session, service)
    present = await queries.get_requirement(session, service, requirement, lock=True)
    check_version(expected, present.revision)
    check_move("requirement", rules.MOVES, present.state, move.state)
    fault = rules.fault_of_move(
        present.state,
        move.state,
        reason=move.reason is not None,
        answer=move.answer is not None,
    )
    if fault is not None:
        raise Invalid(fault.detail, errors=[fault])
    if move.state in (RequirementState.ACCEPTED, RequirementState.ANSWERED):
        check_not_retired(service, found.stage, "promise anything")
        await _check_customer(session, present.customer)
    if move.answer is not None and move.answer.kind is AnswerKind.AGREEMENT:
        active = await agreement_queries.active_agreements(session, service)
        rules.check_agreement_in_force(move.answer.reference, active)
    answer = None if move.answer is None else move.answer.model_dump()
    after = {"state": move.state, "state_reason": move.reason, "answer": answer}
    before = {name: getattr(present, name) for name in after}
    stored = {**after, "state_since": now()} | _stored_answer(move.answer)
    del stored["answer"]
    await queries.change_requirement(session, requirement, stored)
    await record_resource(session, caller, _change(service, requirement, "moved", before, after))
    return await queries.get_requirement(session, service, requirement)


async def _check_customer(session: Session, customer: str) -> None:
    """The customer is active, and stays so until the requirement is written."""
    found = await customer_queries.get_customer(session, customer, lock=True)
    check_active(customer, found.active)


def _stored_answer(answer: Answer | None) -> dict[str, Any]:
    return {
        "answer_kind": None if answer is None else answer.kind,
        "answer_reference": None if answer is None else answer.reference,
        "answer_name": None if answer is None else answer.name,
    }


def _change(
    service: str,
    requirement: UUID,
    action: str,
    before: Mapping[str, Any] | None,
    after: Mapping[str, Any],
) -> ResourceChange:
    return ResourceChange(_REQUIREMENT, str(requirement), action, before, after, service)
