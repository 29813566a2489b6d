"""Writing customers and their representatives, each with its audit entry and event."""

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID, uuid4

from catalog_api.changes import ResourceChange, record_resource
from catalog_api.customers import engagement_queries, queries, rules
from catalog_api.customers.rules import Period
from catalog_api.customers.schemas import (
    CustomerCreate,
    CustomerPatch,
    RepresentativeCreate,
)
from catalog_api.keys import key_for, key_taken
from catalog_api.registry import rules as registry_rules
from catalog_api.requirements import queries as requirement_queries
from catalog_api.rows import new_row
from catalog_api.vital_activities import queries as activity_queries
from shared.kit.auth import Principal
from shared.kit.clock import now
from shared.kit.database import Session
from shared.kit.etag import check_version
from shared.kit.patches import named


async def create_customer(session: Session, caller: Principal, body: CustomerCreate) -> Any:
    """A new, active customer; 409 when its key is taken."""
    key = key_for(body.key, body.name)
    rules.check_reviewed(body.last_reviewed_on, now().date())
    fields = {**body.model_dump(), "key": key, "active": True}
    row = new_row(fields)
    if not await queries.insert_customer(session, {**row, **_review_due(row)}):
        raise key_taken(key, await queries.taken_keys_like(session, key))
    await record_resource(session, caller, _change(key, "created", None, fields))
    return await queries.get_customer(session, key)


async def change_customer(
    session: Session, caller: Principal, key: str, patch: CustomerPatch, expected: int
) -> Any:
    """Change the named fields; nothing happens when nothing differs."""
    present = await queries.get_customer(session, key, lock=True)
    check_version(expected, present.revision)
    changed = registry_rules.changes(present._asdict(), named(patch))
    if not changed:
        return present
    before, after = registry_rules.before_of(changed), registry_rules.after_of(changed)
    today = now().date()
    rules.check_reviewed(after.get("last_reviewed_on"), today)
    if after.get("active") is False:
        rules.check_may_leave(key, await _holding(session, key, today))
    due = _review_due({**present._asdict(), **after})
    await queries.change_customer(session, key, after | due)
    await record_resource(session, caller, _change(key, "changed", before, after))
    return await queries.get_customer(session, key)


async def _holding(session: Session, customer: str, today: date) -> dict[str, list[str]]:
    """What is kept up for a customer."""
    return {
        "services": await engagement_queries.engaged_services(session, customer, today),
        "vital_activities": await activity_queries.active_activities_of(session, customer),
        "requirements": await requirement_queries.open_requirements_of(session, customer),
    }


def _review_due(customer: Mapping[str, Any]) -> dict[str, date]:
    known_since = customer["created_at"].date()
    last, cadence = customer["last_reviewed_on"], customer["review_cadence_days"]
    return {"review_due_on": rules.review_due_on(last, known_since, cadence)}


async def add_representative(
    session: Session, caller: Principal, customer: str, body: RepresentativeCreate
) -> Any:
    """Somebody speaks for the customer; 409 while the same person already does in that role."""
    period = Period(body.valid_from or now().date(), body.valid_to)
    rules.check_order(period, "/valid_to")
    await queries.get_customer(session, customer, lock=True)
    taken = await queries.representation(session, customer, of=(body.subject, body.role))
    rules.check_free(period, taken, f"{body.subject} is {body.role} of {customer} already")
    person = uuid4()
    fields = {**body.model_dump(), "valid_from": period.start}
    await queries.insert_representative(session, {**fields, "id": person, "customer_key": customer})
    shown = {**fields, "customer": customer}
    await record_resource(session, caller, _representative(person, "created", None, shown))
    return await queries.get_representative(session, customer, person)


async def end_representative(
    session: Session,
    caller: Principal,
    customer: str,
    person: UUID,
    valid_to: date | None,
    expected: int,
) -> Any:
    """Somebody stops speaking for the customer; a customer of live services keeps one."""
    await queries.get_customer(session, customer, lock=True)
    present = await queries.get_representative(session, customer, person)
    check_version(expected, present.revision)
    today = now().date()
    end = valid_to or today
    rules.check_not_over(Period(present.valid_from, present.valid_to), today, "representation")
    rules.check_order(Period(present.valid_from, end), "/valid_to")
    others = await queries.representation(session, customer, without=person)
    services = await engagement_queries.engaged_services(session, customer, end, live=True)
    rules.check_represented(customer, others, end, services)
    same = await queries.representation(
        session, customer, without=person, of=(present.subject, present.role)
    )
    rules.check_free(
        Period(present.valid_from, end), same, f"{present.subject} is {present.role} again"
    )
    await queries.end_representative(session, person, end)
    before, after = {"valid_to": present.valid_to}, {"valid_to": end}
    await record_resource(session, caller, _representative(person, "ended", before, after))
    return await queries.get_representative(session, customer, person)


def _change(
    key: str, action: str, before: Mapping[str, Any] | None, after: Mapping[str, Any] | None
) -> ResourceChange:
    return ResourceChange("customer", key, action, before, after)


def _representative(
    person: UUID, action: str, before: Mapping[str, Any] | None, after: Mapping[str, Any]
) -> ResourceChange:
    return ResourceChange("representative", str(person), action, before, after)
