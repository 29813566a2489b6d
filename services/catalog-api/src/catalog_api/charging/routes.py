"""Charging models, consumption and charges over HTTP."""

from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from fastapi import Body, Depends, Query, Response

from catalog_api.charging import actions, charge_actions, queries
from catalog_api.charging.queries import MonthFilters
from catalog_api.charging.rules import ChargeState
from catalog_api.charging.schemas import (
    ChargeCreate,
    ChargeOut,
    ChargePatch,
    ChargePreview,
    ChargingModelCreate,
    ChargingModelOut,
    ConsumptionEntries,
    ConsumptionOut,
    ConsumptionReply,
    Users,
)
from catalog_api.charging.terms import Units
from catalog_api.money import Month, first_day
from catalog_api.registry.queries import require_service
from shared.kit.auth import Principal, requires
from shared.kit.clock import now
from shared.kit.database import Session
from shared.kit.etag import IfMatch, set_etag
from shared.kit.idempotency import Idempotent
from shared.kit.pagination import PageQuery, page_of
from shared.kit.problems import problem_responses
from shared.kit.routing import Router
from shared.schemas.common import Key, Page

router = Router(prefix="/v1/services/{key}", tags=["financials"])

CatalogRead = Annotated[Principal, requires("catalog:read")]
FinanceWrite = Annotated[Principal, requires("finance:write")]


async def month_filters(
    month: Annotated[Month | None, Query()] = None,
    customer: Annotated[Key | None, Query(description="key of a customer")] = None,
) -> MonthFilters:
    return MonthFilters(None if month is None else first_day(month), customer)


Filters = Annotated[MonthFilters, Depends(month_filters)]


@router.post(
    "/charging-models",
    status_code=201,
    operation_id="create_charging_model",
    response_model=ChargingModelOut,
    responses=problem_responses(404, 409),
)
async def create_charging_model(
    key: Key,
    body: ChargingModelCreate,
    session: Session,
    caller: FinanceWrite,
    response: Response,
    _: Idempotent,
) -> Any:
    """Say how customers pay for the service from a month on, until the next model begins."""
    model = await actions.create_model(session, caller, key, body)
    response.headers["Location"] = f"/v1/services/{key}/charging-models/{model.id}"
    return model


@router.get(
    "/charging-models",
    operation_id="list_charging_models",
    response_model=Page[ChargingModelOut],
    responses=problem_responses(404),
)
async def list_charging_models(
    key: Key, session: Session, caller: CatalogRead, page: PageQuery
) -> Any:
    """Charging models by the month they hold from; each ends where the next one begins."""
    await require_service(session, key)
    found = await queries.list_models(session, key, page)
    return page_of(found, page, key=lambda row: (row.valid_from,))


@router.get(
    "/charging-models/{model}",
    operation_id="get_charging_model",
    response_model=ChargingModelOut,
    responses=problem_responses(404),
)
async def get_charging_model(key: Key, model: UUID, session: Session, caller: CatalogRead) -> Any:
    """One charging model."""
    return await queries.get_model(session, key, model)


@router.delete(
    "/charging-models/{model}",
    status_code=204,
    operation_id="remove_charging_model",
    responses=problem_responses(404, 409),
)
async def remove_charging_model(
    key: Key, model: UUID, session: Session, caller: FinanceWrite
) -> None:
    """Take back a model that has not begun yet."""
    await actions.remove_model(session, caller, key, model)


@router.get(
    "/charge-preview",
    operation_id="preview_charge",
    responses=problem_responses(404),
)
async def preview_charge(
    key: Key,
    session: Session,
    caller: CatalogRead,
    users: Annotated[Users, Query()] = 0,
    units: Annotated[Units, Query()] = Decimal(0),
    month: Annotated[Month | None, Query(description="default: the present month")] = None,
) -> ChargePreview:
    """What one customer would be charged for a month of that consumption, line by line."""
    on = now().date().replace(day=1) if month is None else first_day(month)
    return await actions.preview_charge(session, key, on, users, units)


@router.put(
    "/consumption",
    operation_id="record_consumption",
    responses=problem_responses(404),
)
async def record_consumption(
    key: Key,
    body: Annotated[ConsumptionEntries, Body()],
    session: Session,
    caller: FinanceWrite,
) -> ConsumptionReply:
    """Say what customers used, by month: all entries are taken, or none. Repeating is harmless."""
    return await actions.record_consumption(session, caller, key, body)


@router.get(
    "/consumption",
    operation_id="list_consumption",
    response_model=Page[ConsumptionOut],
    responses=problem_responses(404),
)
async def list_consumption(
    key: Key, session: Session, caller: CatalogRead, filters: Filters, page: PageQuery
) -> Any:
    """What was used of the service, by month."""
    await require_service(session, key)
    found = await queries.list_consumption(session, key, filters, page)
    return page_of(found, page, key=lambda row: (row.month, row.id))


@router.post(
    "/charges",
    status_code=201,
    operation_id="create_charge",
    response_model=ChargeOut,
    responses=problem_responses(404, 409),
)
async def create_charge(
    key: Key,
    body: ChargeCreate,
    session: Session,
    caller: FinanceWrite,
    response: Response,
    _: Idempotent,
) -> Any:
    """Record what was invoiced for a month of service; once paid it counts as recovered."""
    charge = await charge_actions.create_charge(session, caller, key, body)
    response.headers["Location"] = f"/v1/services/{key}/charges/{charge.id}"
    return _tagged(charge, response)


@router.get(
    "/charges",
    operation_id="list_charges",
    response_model=Page[ChargeOut],
    responses=problem_responses(404),
)
async def list_charges(
    key: Key,
    session: Session,
    caller: CatalogRead,
    filters: Filters,
    page: PageQuery,
    state: ChargeState | None = None,
) -> Any:
    """Charges by month."""
    await require_service(session, key)
    found = await queries.list_charges(session, key, filters, state, page)
    return page_of(found, page, key=lambda row: (row.month, row.id))


@router.get(
    "/charges/{charge}",
    operation_id="get_charge",
    response_model=ChargeOut,
    responses=problem_responses(404),
)
async def get_charge(
    key: Key, charge: UUID, session: Session, caller: CatalogRead, response: Response
) -> Any:
    """One charge."""
    return _tagged(await queries.get_charge(session, key, charge), response)


@router.patch(
    "/charges/{charge}",
    operation_id="move_charge",
    response_model=ChargeOut,
    responses=problem_responses(404, 409, 412, 428),
)
async def move_charge(
    key: Key,
    charge: UUID,
    body: ChargePatch,
    session: Session,
    caller: FinanceWrite,
    expected: IfMatch,
    response: Response,
) -> Any:
    """Say that a charge was paid, or cancel it. Amounts do not change: cancel and record anew."""
    moved = await charge_actions.move_charge(session, caller, (key, charge), body, expected)
    return _tagged(moved, response)


def _tagged(charge: Any, response: Response) -> Any:
    set_etag(response, charge.revision)
    return charge
