"""Setting, changing and ending targets, each with its version and audit entry."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid4

from metrics_api.attribution.service_queries import require_service
from metrics_api.judgements.asking import ask_for_judgements
from metrics_api.targets import queries, rules
from metrics_api.targets.schemas import TargetCreate, TargetPatch
from shared.errors import Conflict
from shared.kit import audit
from shared.kit.auth import Principal
from shared.kit.clock import now
from shared.kit.database import Session
from shared.kit.etag import check_version

RESOURCE = "target"


async def create_target(session: Session, caller: Principal, body: TargetCreate) -> Any:
    """A new target; 422 for a service that is not known, 409 where another holds already."""
    fields = body.model_dump()
    rules.check_target(fields)
    await require_service(session, body.service)
    target = {**fields, "id": uuid4(), "version": 1, **_recorded(caller)}
    await _check_overlap(session, target)
    await queries.insert_target(session, target)
    await audit.record(session, caller, "created", (RESOURCE, str(target["id"])), None, fields)
    made = await queries.get_target(session, target["id"])
    await ask_for_judgements(session)
    return made


async def change_target(
    session: Session, caller: Principal, target: UUID, patch: TargetPatch, expected: int
) -> Any:
    """Change the named fields; nothing happens when nothing differs."""
    present = await queries.get_target(session, target, lock=True)
    check_version(expected, present.version)
    changes = patch.model_dump(exclude_unset=True)
    after = {**present._mapping, **changes}
    if after == dict(present._mapping):
        return present
    rules.check_target(after)
    return await _replace(session, caller, present, changes, "changed")


async def end_target(session: Session, caller: Principal, target: UUID, expected: int) -> Any:
    """Let a target hold no longer from today on; the days on which it held stay judged by it."""
    present = await queries.get_target(session, target, lock=True)
    check_version(expected, present.version)
    last = rules.ended(dict(present._mapping), now().date())
    if last == present.valid_to:
        return present
    return await _replace(session, caller, present, {"valid_to": last}, "ended")


async def _replace(
    session: Session, caller: Principal, present: Any, changes: Mapping[str, Any], action: str
) -> Any:
    after = {
        **present._mapping,
        **changes,
        "version": present.version + 1,
        **_recorded(caller),
    }
    await _check_overlap(session, after)
    await queries.replace_target(session, after)
    before = {name: present._mapping[name] for name in changes}
    await audit.record(session, caller, action, (RESOURCE, str(present.id)), before, changes)
    changed = await queries.get_target(session, present.id)
    await ask_for_judgements(session)
    return changed


async def _check_overlap(session: Session, target: Mapping[str, Any]) -> None:
    await queries.lock_targets(session, target["service"], target["kpi"])
    other = await queries.overlapping_target(session, target, but=target["id"])
    if other is not None and not _never_holds(target):
        raise Conflict(
            f"Target {other} on this KPI of this service holds on some of these days:"
            " end it or change the days",
            code="target_overlaps",
            target=str(other),
        )


def _never_holds(target: Mapping[str, Any]) -> bool:
    return target["valid_to"] is not None and target["valid_to"] < target["valid_from"]


def _recorded(caller: Principal) -> dict[str, Any]:
    return {"recorded_at": now(), "recorded_by": caller.person}
