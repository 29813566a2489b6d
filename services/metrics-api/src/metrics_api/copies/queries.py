"""Every SQL statement of the copies."""

from collections.abc import Sequence
from datetime import datetime
from typing import TypeVar

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from metrics_api.copies.tables import CatalogCopy
from shared.schemas.common import Out

Copied = TypeVar("Copied", bound=Out)


async def copies_of(
    session: AsyncSession,
    kind: str,
    model: type[Copied],
    *,
    keys: Sequence[str] | None = None,
    as_of: datetime | None = None,
) -> dict[str, Copied]:
    """Copies of a kind by key, in the order of their keys; `as_of`: as they were known then."""
    statement = (
        select(CatalogCopy.key, CatalogCopy.data)
        .where(CatalogCopy.kind == kind, known_at(as_of))
        .order_by(CatalogCopy.key)
    )
    if keys is not None:
        statement = statement.where(CatalogCopy.key.in_(keys))
    rows = await session.execute(statement)
    return {key: model.model_validate(data) for key, data in rows}


def known_at(as_of: datetime | None) -> ColumnElement[bool]:
    if as_of is None:
        return CatalogCopy.ended_at.is_(None)
    return (CatalogCopy.recorded_at <= as_of) & or_(
        CatalogCopy.ended_at.is_(None), CatalogCopy.ended_at > as_of
    )


async def customer_services(
    session: AsyncSession, customer: str, as_of: datetime | None = None
) -> list[str]:
    """Keys of the services that a customer is or was engaged with, in order."""
    service = CatalogCopy.data["service"].astext
    statement = (
        select(service)
        .where(
            CatalogCopy.kind == "engagement",
            CatalogCopy.data["customer"].astext == customer,
            known_at(as_of),
        )
        .group_by(service)
        .order_by(func.min(service))
    )
    return list((await session.scalars(statement)).all())
