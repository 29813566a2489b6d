"""Every SQL statement that keeps cost items; what they come to is summed in financials."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from catalog_api import rows
from catalog_api.costs.rules import CostCategory, CostKind
from catalog_api.costs.tables import CostItem
from shared.kit.pagination import PageParams

_item = CostItem.__table__.c


@dataclass(frozen=True)
class CostItemFilters:
    """Each filter that is given narrows the list; `on` keeps those that have not ended."""

    kind: CostKind | None
    category: CostCategory | None
    on: date | None


async def insert_item(session: AsyncSession, values: Mapping[str, Any]) -> None:
    """Add a cost item."""
    await rows.insert_row(session, CostItem, values)


async def get_item(
    session: AsyncSession, service: str, item: UUID, *, lock: bool = False
) -> Row[Any]:
    """One cost item of a service; 404 if there is none."""
    statement = select(*_item).where(_item.service_key == service, _item.id == item)
    missing = f"The service {service} has no cost item {item}"
    return await rows.get_row(session, statement, missing, lock=lock)


async def list_items(
    session: AsyncSession, service: str, filters: CostItemFilters, page: PageParams
) -> list[Row[Any]]:
    """Cost items of a service by first day, one more than the page holds."""
    conditions: list[ColumnElement[bool]] = [_item.service_key == service]
    if filters.kind is not None:
        conditions.append(_item.kind == filters.kind)
    if filters.category is not None:
        conditions.append(_item.category == filters.category)
    if filters.on is not None:
        conditions.append(_item.starts_on <= filters.on)
        conditions.append(or_(_item.ends_on.is_(None), _item.ends_on >= filters.on))
    statement = select(*_item).where(*conditions)
    return await rows.list_rows(session, statement, [_item.starts_on, _item.id], page)


async def change_item(session: AsyncSession, item: UUID, values: Mapping[str, Any]) -> None:
    """Set fields of a cost item."""
    await rows.change_row(session, CostItem, _item.id == item, values)
