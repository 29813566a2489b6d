"""Every SQL statement about retirement plans and migrated customers."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, bindparam, delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from catalog_api import rows
from catalog_api.retirement.tables import CustomerMigration, RetirementPlan
from shared.kit.database import Query
from shared.kit.pagination import PageParams

_table = rows.table_of(RetirementPlan)
_plan = _table.c
_migration = rows.table_of(CustomerMigration).c
_MIGRATION: tuple[ColumnElement[Any], ...] = (
    _migration.customer_key.label("customer"),
    _migration.migrated_on,
    _migration.migrated_to.label("to"),
    _migration.recorded_by,
    _migration.recorded_at,
)


def _whole() -> Select[Any]:
    """Plans with the number of customers that were moved away."""
    migrated = (
        select(func.count())
        .where(_migration.service_key == _plan.service_key)
        .correlate(_table)
        .scalar_subquery()
    )
    return select(
        *(column for column in _plan if column.name not in ("service_key", "successor_key")),
        _plan.service_key.label("service"),
        _plan.successor_key.label("successor"),
        migrated.label("customers_migrated"),
    )


async def insert_plan(session: AsyncSession, values: Mapping[str, Any]) -> bool:
    """Add a plan; False when the service has one."""
    return await rows.insert_row(session, RetirementPlan, rows.new_row(values))


def plan_of(service: str) -> Query[Row[Any] | None]:
    """The plan of a service, if it has one."""
    return Query(_plan_of(), {"service": service}, lambda rows: rows[0] if rows else None)


@cache
def _plan_of() -> Select[Any]:
    return _whole().where(_plan.service_key == bindparam("service"))


async def get_plan(session: AsyncSession, service: str, *, lock: bool = False) -> Row[Any]:
    """The plan of a service, 404 if there is none; `lock` keeps others from it."""
    condition = _plan.service_key == service
    missing = f"There is no retirement plan of the service {service}"
    if lock:
        await rows.get_row(session, select(_plan.service_key).where(condition), missing, lock=True)
    return await rows.get_row(session, _whole().where(condition), missing)


async def change_plan(session: AsyncSession, service: str, values: Mapping[str, Any]) -> None:
    """Set fields of a plan that is locked; with none, only its revision grows."""
    await rows.change_row(session, RetirementPlan, _plan.service_key == service, values)


async def put_migration(session: AsyncSession, values: Mapping[str, Any]) -> None:
    """Keep where a customer went, in place of what was kept before."""
    statement = insert(CustomerMigration).values(**values)
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=[_migration.service_key, _migration.customer_key], set_=dict(values)
        )
    )


async def find_migration(session: AsyncSession, service: str, customer: str) -> Row[Any] | None:
    """Where a customer went, if it was moved away."""
    statement = select(*_MIGRATION).where(
        _migration.service_key == service, _migration.customer_key == customer
    )
    found: Row[Any] | None = (await session.execute(statement)).first()
    return found


async def delete_migration(session: AsyncSession, service: str, customer: str) -> None:
    """Forget that a customer was moved away."""
    await session.execute(
        delete(CustomerMigration).where(
            _migration.service_key == service, _migration.customer_key == customer
        )
    )


async def list_migrations(session: AsyncSession, service: str, page: PageParams) -> list[Row[Any]]:
    """Migrated customers by key, one more than the page holds."""
    statement = select(*_MIGRATION).where(_migration.service_key == service)
    return await rows.list_rows(session, statement, [_migration.customer_key], page)
