"""Every SQL statement about customers and their representatives."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, and_, exists, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from catalog_api import rows
from catalog_api.customers.rules import CustomerKind, Period
from catalog_api.customers.tables import Customer, Engagement, Representative
from shared.kit.pagination import PageParams

_customer = Customer.__table__.c
_engagement = Engagement.__table__.c
_representative = Representative.__table__.c
_COLUMNS: tuple[ColumnElement[Any], ...] = tuple(_customer)
_REPRESENTATIVE_COLUMNS: tuple[ColumnElement[Any], ...] = (
    _representative.id,
    _representative.customer_key.label("customer"),
    _representative.subject,
    _representative.role,
    _representative.valid_from,
    _representative.valid_to,
    _representative.revision,
    _representative.created_at,
    _representative.updated_at,
)


@dataclass(frozen=True)
class CustomerFilters:
    """Each filter that is given narrows the list; `on` is the day that `service` is judged by."""

    kind: CustomerKind | None
    relationship_owner: str | None
    active: bool | None
    overdue: bool | None
    service: str | None
    on: date
    today: date


async def known_keys(session: AsyncSession, keys: Collection[str]) -> set[str]:
    """Which of these keys are customers."""
    return await rows.known_values(session, _customer.key, keys)


async def taken_keys_like(session: AsyncSession, base: str) -> set[str]:
    """The key itself and its numbered variants, as far as they are taken."""
    return await rows.taken_keys_like(session, _customer.key, base)


async def remaining_customers(session: AsyncSession, service_key: str, on: date) -> list[str]:
    """Customers whose engagement with the service has not ended on that day, also future ones."""
    statement = (
        select(_engagement.customer_key)
        .where(_engagement.service_key == service_key, engagement_not_ended(on))
        .distinct()
        .order_by(_engagement.customer_key)
    )
    return list(await session.scalars(statement))


def engagement_not_ended(on: date) -> ColumnElement[bool]:
    """The engagement runs or is still to come on that day, and not only from its end to its end."""
    return and_(
        or_(_engagement.engaged_to.is_(None), _engagement.engaged_to > on),
        or_(_engagement.engaged_to.is_(None), _engagement.engaged_to > _engagement.engaged_from),
    )


def engagement_covers(on: Any) -> ColumnElement[bool]:
    """The engagement runs on that day; `engaged_to` is the first day without."""
    return and_(
        _engagement.engaged_from <= on,
        or_(_engagement.engaged_to.is_(None), _engagement.engaged_to > on),
    )


async def insert_customer(session: AsyncSession, values: Mapping[str, Any]) -> bool:
    """Add a customer; False when its key is taken."""
    return await rows.insert_row(session, Customer, values)


async def get_customer(session: AsyncSession, key: str, *, lock: bool = False) -> Row[Any]:
    """One customer, 404 if there is none; `lock` lets one at a time change what hangs on it."""
    statement = select(*_COLUMNS).where(_customer.key == key)
    return await rows.get_row(session, statement, f"There is no customer {key}", lock=lock)


async def list_customers(
    session: AsyncSession, filters: CustomerFilters, page: PageParams
) -> list[Row[Any]]:
    """Customers by key, one more than the page holds."""
    statement = select(*_COLUMNS).where(*_conditions(filters))
    return await rows.list_rows(session, statement, [_customer.key], page)


def _conditions(filters: CustomerFilters) -> list[ColumnElement[bool]]:
    given = (
        (_customer.kind, filters.kind),
        (_customer.relationship_owner, filters.relationship_owner),
        (_customer.active, filters.active),
    )
    conditions: list[ColumnElement[bool]] = [c == value for c, value in given if value is not None]
    if filters.overdue is not None:
        overdue = and_(_customer.active, _customer.review_due_on < filters.today)
        conditions.append(overdue if filters.overdue else ~overdue)
    if filters.service is not None:
        conditions.append(
            exists().where(
                _engagement.service_key == filters.service,
                _engagement.customer_key == _customer.key,
                engagement_covers(filters.on),
            )
        )
    return conditions


async def change_customer(session: AsyncSession, key: str, values: Mapping[str, Any]) -> None:
    """Set fields and count the revision up."""
    await rows.change_row(session, Customer, _customer.key == key, values)


async def insert_representative(session: AsyncSession, values: Mapping[str, Any]) -> None:
    """Add a person who speaks for a customer."""
    await rows.insert_row(session, Representative, rows.new_row(values))


async def get_representative(session: AsyncSession, customer: str, person: UUID) -> Row[Any]:
    """One representative of a customer, 404 if there is none."""
    statement = select(*_REPRESENTATIVE_COLUMNS).where(
        _representative.id == person, _representative.customer_key == customer
    )
    return await rows.get_row(session, statement, f"{customer} has no representative {person}")


async def list_representatives(
    session: AsyncSession, customer: str, on: date | None, page: PageParams
) -> list[Row[Any]]:
    """Representatives by beginning, of one day or ever, one more than the page holds."""
    statement = select(*_REPRESENTATIVE_COLUMNS).where(_representative.customer_key == customer)
    if on is not None:
        statement = statement.where(representative_covers(on))
    order = [_representative.valid_from, _representative.id]
    return await rows.list_rows(session, statement, order, page)


def representative_covers(on: Any) -> ColumnElement[bool]:
    """The representative is valid on that day."""
    return and_(
        _representative.valid_from <= on,
        or_(_representative.valid_to.is_(None), _representative.valid_to > on),
    )


async def representation(
    session: AsyncSession,
    customer: str,
    *,
    without: UUID | None = None,
    of: tuple[str, str] | None = None,
) -> list[Period]:
    """When somebody speaks for the customer: without one, or of one (subject, role) only."""
    statement = select(_representative.valid_from, _representative.valid_to).where(
        _representative.customer_key == customer
    )
    if without is not None:
        statement = statement.where(_representative.id != without)
    if of is not None:
        subject, role = of
        statement = statement.where(
            _representative.subject == subject, _representative.role == role
        )
    return [Period(*row) for row in await session.execute(statement)]


async def end_representative(session: AsyncSession, person: UUID, valid_to: date) -> None:
    """Set the first day without."""
    await rows.change_row(
        session, Representative, _representative.id == person, {"valid_to": valid_to}
    )
