"""Every SQL statement about development records."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Row, Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from catalog_api import rows
from catalog_api.development.tables import DevelopmentRecord
from catalog_api.registry.queries import kind_of

_record = rows.table_of(DevelopmentRecord).c
_COLUMNS = (
    _record.service_key.label("service"),
    _record.design_package,
    _record.build,
    _record.tests,
    _record.checklist,
    _record.revision,
    _record.created_at,
    _record.updated_at,
)


async def insert_record(session: AsyncSession, values: Mapping[str, Any]) -> bool:
    """Add a record; False when the service has one."""
    return await rows.insert_row(session, DevelopmentRecord, rows.new_row(values))


async def get_record(session: AsyncSession, service: str, *, lock: bool = False) -> Row[Any]:
    """The record of a service, 404 if there is none."""
    statement = select(*_COLUMNS).where(_record.service_key == service)
    missing = f"There is no development record of the service {service}"
    return await rows.get_row(session, statement, missing, lock=lock)


async def change_record(session: AsyncSession, service: str, values: Mapping[str, Any]) -> None:
    """Replace parts of a record that is locked."""
    await rows.change_row(session, DevelopmentRecord, _record.service_key == service, values)


def sheet_record(service: Any) -> Select[Any]:
    """The kind of a service, and its record if it has one."""
    record = select(
        _record.design_package,
        _record.build,
        _record.tests,
        _record.checklist,
        _record.updated_at,
    ).where(_record.service_key == service)
    return select(kind_of(service).label("kind"), rows.json_object(record).label("record"))
