"""Every SQL statement about vendor products."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import (
    JSON,
    ColumnElement,
    Date,
    Integer,
    Row,
    Select,
    Subquery,
    Text,
    case,
    cast,
    func,
    literal,
    null,
    select,
)
from sqlalchemy.ext.asyncio import AsyncSession

from catalog_api import rows
from catalog_api.vendors.rules import ProductState
from catalog_api.vendors.tables import VendorProduct
from shared.kit.pagination import PageParams

_product = rows.table_of(VendorProduct).c


@dataclass(frozen=True)
class ProductFilters:
    """Each filter that is given narrows the list; the days are inclusive."""

    vendor: str | None
    state: ProductState | None
    contract_ends_by: date | None
    end_of_life_by: date | None


def state_on(today: ColumnElement[date]) -> ColumnElement[str]:
    """The state of a vendor product on a day."""
    # PostgreSQL takes days off a date as an integer; SQLAlchemy would make it an interval.
    notice = cast(_product.contract_to - cast(_product.renewal_notice_days, Integer), Date)
    return case(
        (_product.end_of_life_on <= today, ProductState.END_OF_LIFE.value),
        (_product.contract_to < today, ProductState.EXPIRED.value),
        (notice <= today, ProductState.EXPIRING.value),
        else_=ProductState.ACTIVE.value,
    )


def brief_products() -> Subquery:
    """What other domains join to show and judge a vendor product; the state is today's."""
    return select(
        _product.key,
        _product.name,
        _product.vendor,
        _product.contract_to,
        _product.end_of_life_on,
        state_on(func.current_date()).label("state"),
    ).subquery("vendor_product")


def recovery_by_contract() -> Select[Any]:
    """Every vendor product that has one: `key` and `rto_hours`."""
    hours = _product.recovery_time_hours
    return select(_product.key, hours.label("rto_hours")).where(hours.is_not(None))


async def insert_product(session: AsyncSession, values: Mapping[str, Any]) -> bool:
    """Add a vendor product; False when its key is taken."""
    return await rows.insert_row(session, VendorProduct, values)


async def get_product(
    session: AsyncSession, key: str, today: date, *, lock: bool = False
) -> Row[Any]:
    """One vendor product with its state on a day; 404 if there is none."""
    statement = _whole_products(today).where(_product.key == key)
    return await rows.get_row(session, statement, f"There is no vendor product {key}", lock=lock)


async def require_product(session: AsyncSession, key: str) -> None:
    """404 if there is no such vendor product."""
    statement = select(_product.key).where(_product.key == key)
    await rows.get_row(session, statement, f"There is no vendor product {key}")


async def list_products(
    session: AsyncSession, filters: ProductFilters, today: date, page: PageParams
) -> list[Row[Any]]:
    """Vendor products by key, one more than the page holds."""
    statement = _whole_products(today).where(*_conditions(filters, literal(today)))
    return await rows.list_rows(session, statement, [_product.key], page)


async def change_product(session: AsyncSession, key: str, values: Mapping[str, Any]) -> None:
    await rows.change_row(session, VendorProduct, _product.key == key, values)


async def known_keys(session: AsyncSession, keys: Collection[str]) -> set[str]:
    """Which of these keys are vendor products."""
    return await rows.known_values(session, _product.key, keys)


async def lock_products(session: AsyncSession, keys: Collection[str]) -> set[str]:
    """As known_keys; nobody changes them until this transaction ends. In the order of keys."""
    statement = (
        select(_product.key)
        .where(_product.key.in_(keys))
        .order_by(_product.key)
        .with_for_update(key_share=True)
    )
    return set(await session.scalars(statement)) if keys else set()


async def taken_keys_like(session: AsyncSession, base: str) -> set[str]:
    """The key itself and its numbered variants, as far as they are taken."""
    return await rows.taken_keys_like(session, _product.key, base)


def _whole_products(today: date) -> Select[Any]:
    cost = func.json_build_object(
        "amount",
        cast(_product.cost_amount, Text),
        "currency",
        _product.cost_currency,
        "period",
        _product.cost_period,
        type_=JSON,
    )
    return select(
        _product.key,
        _product.name,
        _product.vendor,
        _product.description,
        _product.contract_from,
        _product.contract_to,
        _product.renewal_notice_days,
        case((_product.cost_amount.is_not(None), cost), else_=null()).label("cost"),
        _product.end_of_life_on,
        _product.recovery_time_hours,
        state_on(literal(today)).label("state"),
        _product.revision,
        _product.created_at,
        _product.updated_at,
    )


def _conditions(filters: ProductFilters, today: ColumnElement[date]) -> list[ColumnElement[bool]]:
    """One condition for each filter that is given."""
    conditions: list[ColumnElement[bool]] = []
    if filters.vendor is not None:
        conditions.append(_product.vendor == filters.vendor)
    if filters.state is not None:
        conditions.append(state_on(today) == filters.state.value)
    if filters.contract_ends_by is not None:
        conditions.append(_product.contract_to <= filters.contract_ends_by)
    if filters.end_of_life_by is not None:
        conditions.append(_product.end_of_life_on <= filters.end_of_life_by)
    return conditions
