"""Writing touchpoints and what is offered at them, each with its audit entry and event."""

from collections.abc import Mapping
from typing import Any

from catalog_api.calendars import queries as calendar_queries
from catalog_api.changes import ResourceChange, record_resource
from catalog_api.keys import key_for, key_taken
from catalog_api.registry import queries as registry_queries
from catalog_api.registry import rules as registry_rules
from catalog_api.stages.rules import check_not_retired
from catalog_api.touchpoints import queries, rules
from catalog_api.touchpoints.schemas import TouchpointCreate, TouchpointPatch
from shared.errors import Invalid
from shared.kit.auth import Principal
from shared.kit.clock import now
from shared.kit.database import Session
from shared.kit.etag import check_version
from shared.kit.patches import named

_RESOURCE = "touchpoint"


async def create_touchpoint(session: Session, caller: Principal, body: TouchpointCreate) -> Any:
    """A new, active touchpoint without services; 409 when its key is taken."""
    key = key_for(body.key, body.name)
    await _check_hours(session, body.hours, body.calendar)
    fields = {**body.model_dump(), "key": key, "active": True}
    if not await queries.insert_touchpoint(session, fields):
        raise key_taken(key, await queries.taken_keys_like(session, key))
    await record_resource(session, caller, _change(key, "created", None, fields))
    return await queries.get_touchpoint(session, key)


async def change_touchpoint(
    session: Session, caller: Principal, key: str, patch: TouchpointPatch, expected: int
) -> Any:
    """Change the named fields; nothing happens when nothing differs."""
    present = await queries.get_touchpoint(session, key, lock=True)
    check_version(expected, present.revision)
    changed = registry_rules.changes(present._asdict(), named(patch))
    if not changed:
        return present
    before, after = registry_rules.before_of(changed), registry_rules.after_of(changed)
    wanted = {**present._asdict(), **after}
    await _check_hours(session, wanted["hours"], wanted["calendar"])
    await queries.change_touchpoint(session, key, after)
    await record_resource(session, caller, _change(key, "changed", before, after))
    return await queries.get_touchpoint(session, key)


async def offer_service(session: Session, caller: Principal, key: str, service: str) -> Any:
    """Offer a service at an active touchpoint; saying it again is harmless.

    The service is locked before the touchpoint.
    """
    found = await registry_queries.lock_service(session, service)
    check_not_retired(service, found.stage, "be offered at a touchpoint")
    touchpoint = await queries.get_touchpoint(session, key, lock=True)
    rules.check_open(key, touchpoint.active)
    link = {"touchpoint_key": key, "service_key": service, "linked_at": now()}
    if await queries.insert_offer(session, link):
        change = _change(key, "offered", None, {"service": service}, service)
        await record_resource(session, caller, change)
    return await queries.get_offer(session, key, service)


async def end_offer(session: Session, caller: Principal, key: str, service: str) -> None:
    """Offer the service there no longer; 404 when it was not."""
    await queries.get_touchpoint(session, key, lock=True)
    await queries.delete_offer(session, key, service)
    change = _change(key, "offer_ended", {"service": service}, None, service)
    await record_resource(session, caller, change)


async def _check_hours(session: Session, hours: str | None, calendar: str | None) -> None:
    rules.check_one_kind_of_hours(hours, calendar)
    if calendar is not None and not await calendar_queries.known_keys(session, {calendar}):
        raise Invalid(
            f"There is no calendar {calendar}", code="unknown_calendar", pointer="/calendar"
        )


def _change(
    key: str,
    action: str,
    before: Mapping[str, Any] | None,
    after: Mapping[str, Any] | None,
    service: str | None = None,
) -> ResourceChange:
    return ResourceChange(_RESOURCE, key, action, before, after, service)
