"""Every SQL statement about customers themselves; their engagements are read here by others."""

from collections.abc import Collection
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from catalog_api import rows
from catalog_api.customers.tables import Customer, Engagement

_customer = Customer.__table__.c
_engagement = Engagement.__table__.c


async def known_keys(session: AsyncSession, keys: Collection[str]) -> set[str]:
    """Which of these keys are customers."""
    return await rows.known_values(session, _customer.key, keys)


async def remaining_customers(session: AsyncSession, service_key: str, on: date) -> list[str]:
    """Customers whose engagement with the service has not ended on that day, also future ones."""
    statement = (
        select(_engagement.customer_key)
        .where(_engagement.service_key == service_key, not_ended(on))
        .distinct()
        .order_by(_engagement.customer_key)
    )
    return list(await session.scalars(statement))


def not_ended(on: date) -> ColumnElement[bool]:
    """The engagement runs or is still to come on that day; `to` is the first day without."""
    condition: ColumnElement[Any] = or_(
        _engagement.engaged_to.is_(None), _engagement.engaged_to > on
    )
    return condition
