"""What every change leaves behind, in its transaction: an audit entry and an event."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from catalog_api.registry import queries
from shared.kit.audit import Entry, record_all
from shared.kit.auth import Principal
from shared.kit.database import Session
from shared.kit.events import Event, emit_all
from shared.schemas.catalog import ServiceSnapshot

# The resources of the audit trail.
SERVICE = "service"
PORTFOLIO = "portfolio"


@dataclass(frozen=True)
class ResourceChange:
    """What was done to a resource other than a service: the fields concerned, before and after.

    `resource` is its singular noun in snake_case, `key` what it is addressed by; `service` is the
    service it belongs to, if it does. `action` is past tense: created, changed, approved, removed.
    `told` is what subscribers need to know beside the change, such as the whole of a record.
    """

    resource: str
    key: str
    action: str
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None
    service: str | None = None
    told: Mapping[str, Any] | None = None


async def record_resource(session: Session, caller: Principal, *changes: ResourceChange) -> None:
    """Audit and announce changes of resources; the event is called `resource.action`.

    Events of one service, and of one resource without a service, reach subscribers in order.
    """
    await record_all(
        session,
        caller,
        [Entry(one.action, (one.resource, one.key), one.before, one.after) for one in changes],
    )
    await emit_all(session, [_event_of(one) for one in changes])


def _event_of(change: ResourceChange) -> Event:
    data = {
        "resource": change.resource,
        "key": change.key,
        "service": change.service,
        "action": change.action,
        "before": change.before,
        "after": change.after,
        **(change.told or {}),
    }
    subject = change.service or f"{change.resource}:{change.key}"
    return Event(f"{change.resource}.{change.action}", subject, data)


@dataclass(frozen=True)
class Change:
    """What was done to a service: the fields concerned, before and after."""

    action: str
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None
    event: str = "service.changed"


async def record_changes(
    session: Session, caller: Principal, changes: Mapping[str, Change]
) -> dict[str, Any]:
    """Audit and announce one change of each service; answers the services as they are now."""
    services = await queries.get_services(session, list(changes))
    entries = [
        Entry(change.action, (SERVICE, key), change.before, change.after)
        for key, change in changes.items()
    ]
    announced = [
        Event(change.event, key, snapshot_of(services[key])) for key, change in changes.items()
    ]
    await record_all(session, caller, entries)
    await emit_all(session, announced)
    return services


async def record_change(session: Session, caller: Principal, key: str, change: Change) -> Any:
    """As record_changes, for one service."""
    return (await record_changes(session, caller, {key: change}))[key]


def snapshot_of(service: Any) -> dict[str, Any]:
    """The data of an event: what other services copy."""
    fields = {**service._asdict(), "references": service.external_references}
    return ServiceSnapshot.model_validate(fields).model_dump(mode="json")
