"""Writing objectives and their links, each with its audit entry and event.

Locks are taken from the service to the objective, and from an objective to its parent.
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid4

from catalog_api.changes import ResourceChange, record_resource
from catalog_api.keys import key_for, key_taken
from catalog_api.objectives import queries, rules
from catalog_api.objectives.rules import Layer, LinkKind, ObjectiveState
from catalog_api.objectives.schemas import (
    ObjectiveCreate,
    ObjectiveLinkCreate,
    ObjectiveMove,
    ObjectivePatch,
)
from catalog_api.registry import queries as registry_queries
from catalog_api.registry import rules as registry_rules
from catalog_api.stages.rules import check_not_retired
from shared.errors import Conflict, Invalid
from shared.kit.auth import Principal
from shared.kit.clock import now
from shared.kit.database import Session
from shared.kit.etag import check_version
from shared.kit.patches import named
from shared.kit.states import check_move, check_state

_OBJECTIVE = "objective"


async def create_objective(session: Session, caller: Principal, body: ObjectiveCreate) -> Any:
    """A new active objective below its parent; 409 when its key is taken."""
    key = key_for(body.key, body.name)
    await _check_parent(session, body.layer, body.parent)
    fields = {**body.model_dump(), "key": key, "state": ObjectiveState.ACTIVE}
    stamps = {"state_since": now(), "state_reason": None}
    if not await queries.insert_objective(session, fields | stamps):
        raise key_taken(key, await queries.taken_keys_like(session, key))
    await record_resource(session, caller, _change(key, "created", None, fields))
    return await queries.get_objective(session, key)


async def change_objective(
    session: Session, caller: Principal, key: str, patch: ObjectivePatch, expected: int
) -> Any:
    """Change the named fields; nothing happens when nothing differs."""
    present = await queries.get_objective(session, key, lock=True)
    check_version(expected, present.revision)
    changed = registry_rules.changes(present._asdict(), named(patch))
    if not changed:
        return present
    before, after = registry_rules.before_of(changed), registry_rules.after_of(changed)
    if "parent" in after:
        await _check_parent(session, present.layer, after["parent"], state=present.state)
    await queries.change_objective(session, key, after)
    await record_resource(session, caller, _change(key, "changed", before, after))
    return await queries.get_objective(session, key)


async def move_objective(
    session: Session, caller: Principal, key: str, move: ObjectiveMove, expected: int
) -> Any:
    """Achieve, drop or take up an objective again.

    One with active objectives below it stays active; one below an inactive parent stays inactive.
    """
    present = await queries.get_objective(session, key, lock=True)
    check_version(expected, present.revision)
    check_move("objective", rules.MOVES, present.state, move.state)
    if move.state is ObjectiveState.ACTIVE:
        await _check_parent(session, present.layer, present.parent)
    else:
        rules.check_leaving(key, await queries.active_children(session, key))
    before = {"state": present.state, "state_reason": present.state_reason}
    after = {"state": move.state, "state_reason": move.reason}
    await queries.change_objective(session, key, {**after, "state_since": now()})
    await record_resource(session, caller, _change(key, "moved", before, after))
    return await queries.get_objective(session, key)


async def link_objective(
    session: Session, caller: Principal, key: str, body: ObjectiveLinkCreate
) -> Any:
    """Record that something serves an active objective; a service must exist and not be retired."""
    if body.kind is LinkKind.SERVICE:
        await _lock_linked_service(session, body.target)
    objective = await queries.get_objective(session, key, lock=True)
    check_state("objective", objective.state, [ObjectiveState.ACTIVE], "linked to")
    link = {"id": uuid4(), "objective_key": key, **body.model_dump(), "linked_at": now()}
    if not await queries.insert_link(session, link):
        raise Conflict(
            f"The {body.kind} {body.target} is linked to {key} already", code="already_linked"
        )
    await record_resource(session, caller, _link_change(key, "linked", None, body.model_dump()))
    return await queries.get_link(session, key, link["id"])


async def unlink_objective(session: Session, caller: Principal, key: str, link_id: UUID) -> None:
    """Take a link away, also from an objective that is no longer active."""
    await queries.get_objective(session, key, lock=True)
    link = await queries.get_link(session, key, link_id)
    await queries.delete_link(session, link_id)
    before = {"kind": link.kind, "target": link.target, "contribution": link.contribution}
    await record_resource(session, caller, _link_change(key, "unlinked", before, None))


async def _check_parent(
    session: Session,
    layer: Layer,
    parent: str | None,
    *,
    state: ObjectiveState = ObjectiveState.ACTIVE,
) -> None:
    """422 for a parent that cannot be, 409 for one that an active objective cannot have.

    The parent stays locked, so that it stays active until its child is written.
    """
    found = None
    if parent is not None:
        if not await queries.known_keys(session, {parent}):
            raise Invalid(
                f"There is no objective {parent}", code="unknown_objective", pointer="/parent"
            )
        found = await queries.get_objective(session, parent, lock=True)
    fault = rules.parent_fault(layer, found.layer if found is not None else None)
    if fault is not None:
        raise Invalid(fault.detail, errors=[fault])
    if found is not None and state is ObjectiveState.ACTIVE:
        rules.check_parent_active(found.key, found.state)


async def _lock_linked_service(session: Session, service: str) -> None:
    if not await registry_queries.known_keys(session, {service}):
        raise Invalid(f"There is no service {service}", code="unknown_service", pointer="/target")
    found = await registry_queries.lock_service(session, service)
    check_not_retired(service, found.stage, "serve an objective")


def _change(
    key: str, action: str, before: Mapping[str, Any] | None, after: Mapping[str, Any] | None
) -> ResourceChange:
    return ResourceChange(_OBJECTIVE, key, action, before, after)


def _link_change(
    key: str, action: str, before: Mapping[str, Any] | None, after: Mapping[str, Any] | None
) -> ResourceChange:
    link = before or after or {}
    service = link["target"] if link["kind"] is LinkKind.SERVICE else None
    return ResourceChange(_OBJECTIVE, key, action, before, after, service)
