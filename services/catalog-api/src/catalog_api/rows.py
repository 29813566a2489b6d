"""The statements that every resource of the catalog needs alike.

A resource that people change has the columns of `base.Revised`; its domain's queries.py says which
table, which condition and which noun, and writes whatever is its own.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Row, ScalarSelect, Select, Table, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from catalog_api.base import Base
from shared.errors import NotFound
from shared.kit.clock import now
from shared.kit.pagination import PageParams, keyset


def table_of(model: type[Base]) -> Table:
    """The table of a model, typed as what it is."""
    table = model.__table__
    assert isinstance(table, Table)
    return table


def new_row(values: Mapping[str, Any]) -> dict[str, Any]:
    """The values of a new resource with what every `Revised` row starts with."""
    moment = now()
    return {**values, "revision": 1, "created_at": moment, "updated_at": moment}


async def insert_row(session: AsyncSession, model: type[Base], values: Mapping[str, Any]) -> bool:
    """Add a row; False when one with its key or another unique value is there."""
    table = table_of(model)
    statement = insert(table).values(**values).on_conflict_do_nothing()
    inserted = await session.execute(statement.returning(*table.primary_key))
    return inserted.first() is not None


async def get_row(
    session: AsyncSession, statement: Select[Any], missing: str, *, lock: bool = False
) -> Row[Any]:
    """The one row of a statement, 404 saying what is missing; `lock` keeps others from it."""
    if lock:
        statement = statement.with_for_update()
    row: Row[Any] | None = (await session.execute(statement)).first()
    if row is None:
        raise NotFound(missing)
    return row


async def list_rows(
    session: AsyncSession,
    statement: Select[Any],
    order: Sequence[ColumnElement[Any]],
    page: PageParams,
) -> list[Row[Any]]:
    """Rows in the order of a unique key, one more than the page holds."""
    return list((await session.execute(keyset(statement, order, page))).all())


async def change_row(
    session: AsyncSession,
    model: type[Base],
    condition: ColumnElement[bool],
    values: Mapping[str, Any],
) -> None:
    """Set fields of a `Revised` row and count its revision up."""
    table = table_of(model)
    await session.execute(
        update(table)
        .where(condition)
        .values(**values, revision=table.c.revision + 1, updated_at=now())
    )


async def known_values(
    session: AsyncSession, column: ColumnElement[Any], values: Collection[Any]
) -> set[Any]:
    """Which of these values the column has: how references to other resources are checked."""
    return set(await session.scalars(select(column).where(column.in_(values)))) if values else set()


async def taken_keys_like(session: AsyncSession, column: ColumnElement[str], base: str) -> set[str]:
    """The key itself and its numbered variants, as far as they are taken."""
    variants = column.like(f"{base}-%") | (column == base)
    return set(await session.scalars(select(column).where(variants)))


def json_list(statement: Select[Any]) -> ScalarSelect[Any]:
    """The rows of an ordered statement as one JSON array of objects; empty when there is none.

    Numerics come out as JSON numbers: cast money to text in the statement.
    """
    item = statement.subquery("item")
    return select(
        func.coalesce(func.jsonb_agg(func.to_jsonb(item.table_valued())), func.jsonb_build_array())
    ).scalar_subquery()


def json_object(statement: Select[Any]) -> ScalarSelect[Any]:
    """The one row of a statement as a JSON object; null when there is none."""
    item = statement.subquery("item")
    return select(func.to_jsonb(item.table_valued())).scalar_subquery()
