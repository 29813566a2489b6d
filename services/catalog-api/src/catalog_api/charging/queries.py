"""Every SQL statement about charging models, consumption and charges."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, ScalarSelect, Select, delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from catalog_api import rows
from catalog_api.charging.rules import ChargeState
from catalog_api.charging.tables import Charge, ChargingModel, Consumption
from shared.kit.pagination import PageParams

_model = ChargingModel.__table__.c
_used = Consumption.__table__.c
_charge = Charge.__table__.c


@dataclass(frozen=True)
class MonthFilters:
    """Each filter that is given narrows the list; `customer` is a key."""

    month: date | None
    customer: str | None


async def insert_model(session: AsyncSession, values: Mapping[str, Any]) -> bool:
    """Add a charging model; False when one begins that month."""
    return await rows.insert_row(session, ChargingModel, values)


async def models_of(session: AsyncSession, service: str) -> Sequence[Row[Any]]:
    """The charging models of a service, the first to begin first."""
    statement = select(*_model).where(_model.service_key == service).order_by(_model.valid_from)
    return (await session.execute(statement)).all()


async def list_models(session: AsyncSession, service: str, page: PageParams) -> list[Row[Any]]:
    """Charging models of a service by the month they begin, one more than the page holds."""
    statement = select(*_model).where(_model.service_key == service)
    return await rows.list_rows(session, statement, [_model.valid_from], page)


async def get_model(session: AsyncSession, service: str, model: UUID) -> Row[Any]:
    """One charging model; 404 if the service has none of that id."""
    statement = select(*_model).where(_model.service_key == service, _model.id == model)
    return await rows.get_row(
        session, statement, f"The service {service} has no charging model {model}"
    )


async def delete_model(session: AsyncSession, model: UUID) -> None:
    """Take back a charging model."""
    await session.execute(delete(ChargingModel).where(_model.id == model))


async def consumption_at(
    session: AsyncSession, service: str, months: Collection[date]
) -> dict[tuple[date, str | None], Row[Any]]:
    """What is recorded of these months, by month and customer."""
    statement = select(*_used).where(_used.service_key == service, _used.month.in_(months))
    return {(row.month, row.customer_key): row for row in await session.execute(statement)}


async def write_consumption(session: AsyncSession, entries: Sequence[Mapping[str, Any]]) -> None:
    """Add or replace what was used; one entry for each month and customer."""
    if not entries:
        return
    statement = insert(Consumption)
    new = statement.excluded
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=[_used.service_key, _used.month, _used.customer_key],
            set_={
                "users": new.users,
                "units": new.units,
                "revision": _used.revision + 1,
                "updated_at": new.updated_at,
            },
        ),
        [dict(entry) for entry in entries],
    )


async def list_consumption(
    session: AsyncSession, service: str, filters: MonthFilters, page: PageParams
) -> list[Row[Any]]:
    """What was used of a service by month, one more than the page holds."""
    columns = [one for one in _used if one.key != "customer_key"]
    statement = select(*columns, _used.customer_key.label("customer"))
    statement = statement.where(*_conditions(_used, service, filters))
    return await rows.list_rows(session, statement, [_used.month, _used.id], page)


async def insert_charge(session: AsyncSession, values: Mapping[str, Any]) -> bool:
    """Add a charge; False when the service has one of that reference."""
    return await rows.insert_row(session, Charge, values)


async def get_charge(
    session: AsyncSession, service: str, charge: UUID, *, lock: bool = False
) -> Row[Any]:
    """One charge; 404 if the service has none of that id."""
    statement = _charges().where(_charge.service_key == service, _charge.id == charge)
    missing = f"The service {service} has no charge {charge}"
    return await rows.get_row(session, statement, missing, lock=lock)


async def list_charges(
    session: AsyncSession,
    service: str,
    filters: MonthFilters,
    state: ChargeState | None,
    page: PageParams,
) -> list[Row[Any]]:
    """Charges of a service by month, one more than the page holds."""
    statement = _charges().where(*_conditions(_charge, service, filters))
    if state is not None:
        statement = statement.where(_charge.state == state)
    return await rows.list_rows(session, statement, [_charge.month, _charge.id], page)


async def change_charge(session: AsyncSession, charge: UUID, values: Mapping[str, Any]) -> None:
    """Set fields of a charge."""
    await rows.change_row(session, Charge, _charge.id == charge, values)


def _charges() -> Select[Any]:
    columns = [one for one in _charge if one.key != "customer_key"]
    return select(*columns, _charge.customer_key.label("customer"))


def _conditions(table: Any, service: str, filters: MonthFilters) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = [table.service_key == service]
    if filters.month is not None:
        conditions.append(table.month == filters.month)
    if filters.customer is not None:
        conditions.append(table.customer_key == filters.customer)
    return conditions


def section(service: Any) -> ScalarSelect[Any]:
    """The model that holds today, for the service document; null when there is none."""
    held = (
        select(_model.valid_from, _model.kind, _model.currency, _model.terms, _model.created_at)
        .where(_model.service_key == service, _model.valid_from <= func.current_date())
        .order_by(_model.valid_from.desc())
        .limit(1)
    )
    return rows.json_object(held)
