"""Writing vital activities and what supports them, each with its audit entry and event."""

from collections.abc import Mapping
from typing import Any

from catalog_api.changes import ResourceChange, record_resource
from catalog_api.customers import queries as customer_queries
from catalog_api.customers.rules import check_active
from catalog_api.keys import key_for, key_taken
from catalog_api.registry import queries as registry_queries
from catalog_api.registry import rules as registry_rules
from catalog_api.stages.rules import check_not_retired
from catalog_api.vital_activities import queries, rules
from catalog_api.vital_activities.schemas import (
    SupportWanted,
    VitalActivityCreate,
    VitalActivityPatch,
)
from shared.errors import Invalid, NotFound
from shared.kit.auth import Principal
from shared.kit.clock import now
from shared.kit.database import Session
from shared.kit.etag import check_version
from shared.kit.patches import named

_RESOURCE = "vital_activity"


async def create_vital_activity(
    session: Session, caller: Principal, body: VitalActivityCreate
) -> Any:
    """Something an active customer must be able to do; 409 when its key is taken."""
    key = key_for(body.key, body.name)
    if not await customer_queries.known_keys(session, {body.customer}):
        raise Invalid(
            f"There is no customer {body.customer}", code="unknown_customer", pointer="/customer"
        )
    await _check_customer(session, body.customer)
    fields = {**body.model_dump(exclude={"customer"}), "key": key, "active": True}
    row = {**fields, "customer_key": body.customer}
    if not await queries.insert_vital_activity(session, row):
        raise key_taken(key, await queries.taken_keys_like(session, key))
    shown = {**fields, "customer": body.customer}
    await record_resource(session, caller, _change(key, "created", None, shown))
    return await queries.get_vital_activity(session, key)


async def change_vital_activity(
    session: Session, caller: Principal, key: str, patch: VitalActivityPatch, expected: int
) -> Any:
    """Change the named fields; nothing happens when nothing differs."""
    present = await queries.get_vital_activity(session, key, lock=True)
    check_version(expected, present.revision)
    changed = registry_rules.changes(present._asdict(), named(patch))
    if not changed:
        return present
    before, after = registry_rules.before_of(changed), registry_rules.after_of(changed)
    if after.get("active") is True:
        await _check_customer(session, present.customer)
    await queries.change_vital_activity(session, key, after)
    await record_resource(session, caller, _change(key, "changed", before, after))
    return await queries.get_vital_activity(session, key)


async def support_vital_activity(
    session: Session, caller: Principal, key: str, service: str, wanted: SupportWanted
) -> Any:
    """Say how strongly a service supports an active vital activity; saying it again is harmless.

    The service is locked before the vital activity.
    """
    found = await registry_queries.lock_service(session, service)
    check_not_retired(service, found.stage, "support a vital activity")
    activity = await queries.get_vital_activity(session, key, lock=True)
    rules.check_needed(key, activity.active)
    present = await queries.find_support(session, key, service)
    before = _said(service, present) if present is not None else None
    after = {"service": service, **wanted.model_dump()}
    if before != after:
        row = {"vital_activity_key": key, "service_key": service, **wanted.model_dump()}
        await queries.put_support(session, {**row, "changed_at": now()})
        await record_resource(session, caller, _change(key, "supported", before, after, service))
    return await queries.find_support(session, key, service)


async def end_support(session: Session, caller: Principal, key: str, service: str) -> None:
    """The service supports the activity no longer; 404 when it did not."""
    await queries.get_vital_activity(session, key, lock=True)
    present = await queries.find_support(session, key, service)
    if present is None:
        raise NotFound(f"{service} does not support the vital activity {key}")
    await queries.delete_support(session, key, service)
    before = _said(service, present)
    await record_resource(session, caller, _change(key, "unsupported", before, None, service))


async def _check_customer(session: Session, customer: str) -> None:
    """The customer is active, and stays so until the vital activity is written."""
    found = await customer_queries.get_customer(session, customer, lock=True)
    check_active(customer, found.active)


def _said(service: str, support: Any) -> dict[str, Any]:
    return {"service": service, "strength": support.strength, "note": support.note}


def _change(
    key: str,
    action: str,
    before: Mapping[str, Any] | None,
    after: Mapping[str, Any] | None,
    service: str | None = None,
) -> ResourceChange:
    return ResourceChange(_RESOURCE, key, action, before, after, service)
