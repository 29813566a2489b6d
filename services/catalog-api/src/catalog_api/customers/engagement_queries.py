"""Every SQL statement about engagements: who uses which service, and since when."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, ScalarSelect, Select, exists, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from catalog_api import rows
from catalog_api.customers.queries import (
    engagement_covers,
    engagement_not_ended,
    representative_covers,
)
from catalog_api.customers.rules import Period
from catalog_api.customers.tables import Customer, Engagement, Representative
from catalog_api.registry.queries import brief_services
from catalog_api.stages.rules import is_live
from shared.kit.pagination import PageParams
from shared.schemas.catalog import Stage

_customer = Customer.__table__.c
_engagement = Engagement.__table__.c
_representative = Representative.__table__.c
_service = brief_services()
_SHOWN_CUSTOMERS = 100
_LIVE = [stage for stage in Stage if is_live(stage)]
_COLUMNS: tuple[ColumnElement[Any], ...] = (
    _engagement.id,
    _engagement.customer_key.label("customer"),
    _customer.name.label("customer_name"),
    _engagement.service_key.label("service"),
    _service.c.name.label("service_name"),
    _engagement.engaged_from,
    _engagement.engaged_to,
    _engagement.end_reason,
    _engagement.revision,
    _engagement.created_at,
    _engagement.updated_at,
)


@dataclass(frozen=True)
class EngagementFilters:
    """Each filter that is given narrows the list; `on` keeps those that run on that day."""

    customer: str | None
    service: str | None
    on: date | None


def _engagements() -> Select[Any]:
    return (
        select(*_COLUMNS)
        .join(Customer, _customer.key == _engagement.customer_key)
        .join(_service, _service.c.key == _engagement.service_key)
    )


async def insert_engagement(session: AsyncSession, values: Mapping[str, Any]) -> None:
    """Add a period that was checked to be free."""
    await rows.insert_row(session, Engagement, rows.new_row(values))


async def get_engagement(session: AsyncSession, customer: str, engagement: UUID) -> Row[Any]:
    """One engagement of a customer, 404 if there is none."""
    statement = _engagements().where(
        _engagement.id == engagement, _engagement.customer_key == customer
    )
    return await rows.get_row(session, statement, f"{customer} has no engagement {engagement}")


async def list_engagements(
    session: AsyncSession, filters: EngagementFilters, page: PageParams
) -> list[Row[Any]]:
    """Engagements by beginning, one more than the page holds."""
    statement = _engagements()
    if filters.customer is not None:
        statement = statement.where(_engagement.customer_key == filters.customer)
    if filters.service is not None:
        statement = statement.where(_engagement.service_key == filters.service)
    if filters.on is not None:
        statement = statement.where(engagement_covers(filters.on))
    order = [_engagement.engaged_from, _engagement.id]
    return await rows.list_rows(session, statement, order, page)


async def engaged_periods(
    session: AsyncSession, customer: str, service: str, *, without: UUID | None = None
) -> list[Period]:
    """When the customer used the service or will, without one of its engagements."""
    statement = select(_engagement.engaged_from, _engagement.engaged_to).where(
        _engagement.customer_key == customer, _engagement.service_key == service
    )
    if without is not None:
        statement = statement.where(_engagement.id != without)
    return [Period(*row) for row in await session.execute(statement)]


async def engaged_services(
    session: AsyncSession, customer: str, on: date, *, live: bool = False
) -> list[str]:
    """The first 20 services the customer is engaged with on that day or later, or live ones."""
    statement = (
        select(_service.c.key)
        .join(Engagement, _engagement.service_key == _service.c.key)
        .where(_engagement.customer_key == customer, engagement_not_ended(on))
        .distinct()
        .order_by(_service.c.key)
        .limit(20)
    )
    if live:
        statement = statement.where(_service.c.stage.in_(_LIVE))
    return list(await session.scalars(statement))


async def end_engagement(
    session: AsyncSession, engagement: UUID, engaged_to: date, reason: str
) -> None:
    """Set the first day without, and why."""
    values = {"engaged_to": engaged_to, "end_reason": reason}
    await rows.change_row(session, Engagement, _engagement.id == engagement, values)


async def count_retained(
    session: AsyncSession, first_day: date, last_day: date, service: str | None
) -> tuple[int, int]:
    """Customers engaged on the first day, and those of them engaged on the last day too."""
    first = _engaged_on(first_day, service).subquery("first")
    last = _engaged_on(last_day, service)
    statement = select(
        func.count(), func.count().filter(first.c.customer_key.in_(last))
    ).select_from(first)
    engaged, retained = (await session.execute(statement)).one()
    return engaged, retained


def _engaged_on(day: date, service: str | None) -> Select[Any]:
    statement = select(_engagement.customer_key).where(engagement_covers(day)).distinct()
    return statement if service is None else statement.where(_engagement.service_key == service)


def section(service: ColumnElement[str]) -> ScalarSelect[Any]:
    """Who uses a service today, for its document: counted, and the first customers by key."""
    today = func.current_date()
    engaged = (
        select(
            _customer.key,
            _customer.name,
            _customer.kind,
            _customer.relationship_owner,
            _customer.review_due_on,
            _engagement.engaged_from,
            _engagement.engaged_to,
        )
        .join(Engagement, _engagement.customer_key == _customer.key)
        .where(_engagement.service_key == service, engagement_covers(today))
    )
    count = engaged.with_only_columns(func.count())
    represented = exists().where(
        _representative.customer_key == _customer.key, representative_covers(today)
    )
    overdue = count.where(_customer.active, _customer.review_due_on < today)
    return rows.json_object(
        select(
            count.scalar_subquery().label("engaged_count"),
            overdue.scalar_subquery().label("review_overdue_count"),
            count.where(~represented).scalar_subquery().label("unrepresented_count"),
            rows.json_list(engaged.order_by(_customer.key).limit(_SHOWN_CUSTOMERS)).label("items"),
        )
    )
