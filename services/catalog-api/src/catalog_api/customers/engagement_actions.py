"""Engaging customers with services and ending it, with audit entries and events.

The service is locked before the customer; the locked customer keeps two periods from overlapping.
"""

from typing import Any
from uuid import UUID, uuid4

from catalog_api.changes import ResourceChange, record_resource
from catalog_api.customers import engagement_queries, queries, rules
from catalog_api.customers.rules import Period
from catalog_api.customers.schemas import EngagementCreate, EngagementEnd
from catalog_api.registry import queries as registry_queries
from catalog_api.stages.rules import check_not_retired, is_live
from shared.errors import Invalid
from shared.kit.auth import Principal
from shared.kit.clock import now
from shared.kit.database import Session
from shared.kit.etag import check_version
from shared.schemas.catalog import Stage

_ENGAGEMENT = "engagement"


async def engage_customer(
    session: Session, caller: Principal, customer: str, body: EngagementCreate
) -> Any:
    """The customer uses the service; a period that is over can be recorded whatever came after."""
    today = now().date()
    period = Period(body.engaged_from or today, body.engaged_to)
    rules.check_order(period, "/engaged_to")
    if not await registry_queries.known_keys(session, {body.service}):
        raise Invalid(
            f"There is no service {body.service}", code="unknown_service", pointer="/service"
        )
    service = await registry_queries.lock_service(session, body.service)
    found = await queries.get_customer(session, customer, lock=True)
    if not period.has_ended(today):
        await _check_may_engage(session, customer, found.active, body.service, service.stage)
    taken = await engagement_queries.engaged_periods(session, customer, body.service)
    rules.check_free(period, taken, f"{customer} is engaged with {body.service} already")
    fields = {"engaged_from": period.start, "engaged_to": period.end}
    engagement = uuid4()
    row = {"id": engagement, "customer_key": customer, "service_key": body.service, **fields}
    await engagement_queries.insert_engagement(session, row)
    shown = {"customer": customer, "service": body.service, **fields}
    change = ResourceChange(_ENGAGEMENT, str(engagement), "created", None, shown, body.service)
    await record_resource(session, caller, change)
    return await engagement_queries.get_engagement(session, customer, engagement)


async def _check_may_engage(
    session: Session, customer: str, active: bool, service: str, stage: Stage
) -> None:
    """Whether both sides are there, and somebody speaks for the customer of a live service."""
    check_not_retired(service, stage, "be engaged")
    rules.check_active(customer, active)
    if is_live(stage):
        representatives = await queries.representation(session, customer)
        rules.check_represented(customer, representatives, now().date(), [service])


async def end_engagement(
    session: Session,
    caller: Principal,
    customer: str,
    engagement: UUID,
    body: EngagementEnd,
    expected: int,
) -> Any:
    """The customer stops using the service; an end that is still to come can be moved."""
    found = await engagement_queries.get_engagement(session, customer, engagement)
    await registry_queries.lock_service(session, found.service)
    await queries.get_customer(session, customer, lock=True)
    present = await engagement_queries.get_engagement(session, customer, engagement)
    check_version(expected, present.revision)
    today = now().date()
    end = body.engaged_to or today
    rules.check_not_over(Period(present.engaged_from, present.engaged_to), today, _ENGAGEMENT)
    period = Period(present.engaged_from, end)
    rules.check_order(period, "/engaged_to")
    taken = await engagement_queries.engaged_periods(
        session, customer, present.service, without=engagement
    )
    rules.check_free(period, taken, f"{customer} is engaged with {present.service} again")
    await engagement_queries.end_engagement(session, engagement, end, body.reason)
    before = {"engaged_to": present.engaged_to, "end_reason": present.end_reason}
    after = {"engaged_to": end, "end_reason": body.reason}
    change = ResourceChange(_ENGAGEMENT, str(engagement), "ended", before, after, present.service)
    await record_resource(session, caller, change)
    return await engagement_queries.get_engagement(session, customer, engagement)
