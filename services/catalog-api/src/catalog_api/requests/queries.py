"""Every SQL statement about requests and their steps."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Row,
    ScalarSelect,
    Text,
    and_,
    cast,
    func,
    insert,
    not_,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncSession

from catalog_api import rows
from catalog_api.requests.rules import OPEN, RECENT_DAYS, due_at, read_number
from catalog_api.requests.tables import Request, RequestStep
from shared.kit.pagination import PageParams
from shared.schemas.catalog import RequestState

_request = rows.table_of(Request).c
_step = rows.table_of(RequestStep).c
_SHOWN: tuple[ColumnElement[Any], ...] = (
    _request.id,
    _request.number,
    _request.offering_key.label("offering"),
    _request.version.label("offering_version"),
    _request.service_key.label("service"),
    _request.state,
    _request.requester,
    _request.requested_for,
    _request.customer,
    _request.priority,
    _request.waiting_for,
    _request.created_at.label("submitted_at"),
    _request.due_at,
    _request.started_at,
    _request.ended_at,
    _request.revision,
    _request.updated_at,
)
_WHOLE: tuple[ColumnElement[Any], ...] = (
    *_SHOWN,
    _request.answers,
    _request.impact,
    _request.urgency,
    _request.scheme,
    _request.scheme_version,
    _request.reason,
)


@dataclass(frozen=True)
class RequestFilters:
    """Each filter that is given narrows the list; `overdue` is judged at `now`."""

    now: datetime
    offering: str | None = None
    service: str | None = None
    state: RequestState | None = None
    requester: str | None = None
    requested_for: str | None = None
    customer: str | None = None
    waiting_for: str | None = None
    overdue: bool | None = None


async def open_requests(session: AsyncSession, service_key: str) -> int:
    """How many requests of a service's offerings have not ended."""
    statement = (
        select(func.count())
        .select_from(rows.table_of(Request))
        .where(_request.service_key == service_key, _request.state.in_(OPEN))
    )
    return int(await session.scalar(statement) or 0)


def sheet_of(service: Any, limit: int) -> ScalarSelect[Any]:
    """The requests of a service for its document: how many in which state, and the newest."""
    lately = _request.ended_at > func.now() - timedelta(days=RECENT_DAYS)
    fulfilled = and_(_request.state == RequestState.FULFILLED, lately)
    counted = {
        **{state.value: _request.state == state for state in RequestState},
        "overdue": and_(_request.state.in_(OPEN), _request.due_at < func.now()),
        "fulfilled_lately": fulfilled,
        "met_lately": and_(fulfilled, _request.ended_at <= _request.due_at),
    }
    counts = (
        select(*(func.count().filter(which).label(name) for name, which in counted.items()))
        .where(_request.service_key == service)
        .subquery("counted")
    )
    digits = cast(_request.number, Text)
    padded = func.lpad(digits, func.greatest(6, func.length(digits)), "0")
    newest = (
        select(
            func.concat("REQ-", padded).label("number"),
            _request.offering_key.label("offering"),
            _request.state,
            _request.priority,
            _request.created_at.label("submitted_at"),
            _request.due_at,
            _request.ended_at,
        )
        .where(_request.service_key == service)
        .order_by(_request.number.desc())
        .limit(limit)
    )
    return rows.json_object(select(*counts.c, rows.json_list(newest).label("newest")))


async def insert_request(
    session: AsyncSession, values: Mapping[str, Any], steps: Sequence[Mapping[str, Any]]
) -> UUID:
    """Add a request, which gets the next number and is due when its steps are, with its steps."""
    row = rows.new_row(values)
    due = due_at(row["created_at"], [step["target_minutes"] for step in steps])
    statement = insert(Request).values(**row, due_at=due).returning(_request.id)
    made: UUID = (await session.execute(statement)).scalar_one()
    numbered = [
        {"request_id": made, "position": place, **step} for place, step in enumerate(steps, 1)
    ]
    await session.execute(insert(RequestStep), numbered)
    return made


async def get_request(session: AsyncSession, name: str, *, lock: bool = False) -> Row[Any]:
    """A request by its id or number, 404 if there is none; `lock` keeps others from moving it."""
    number = read_number(name)
    condition = _request.id == UUID(name) if number is None else _request.number == number
    statement = select(*_WHOLE).where(condition)
    return await rows.get_row(session, statement, f"There is no request {name}", lock=lock)


async def steps_of(session: AsyncSession, request: UUID) -> list[Row[Any]]:
    """The steps of a request in their order."""
    statement = (
        select(
            _step.position,
            _step.step,
            _step.title,
            _step.owner_role,
            _step.target_minutes,
            _step.started_at,
            _step.started_by,
            _step.completed_at,
            _step.completed_by,
        )
        .where(_step.request_id == request)
        .order_by(_step.position)
    )
    return list(await session.execute(statement))


async def change_request(session: AsyncSession, request: UUID, values: Mapping[str, Any]) -> None:
    """Set fields of a locked request and count its revision up."""
    await rows.change_row(session, Request, _request.id == request, values)


async def stamp_step(
    session: AsyncSession, request: UUID, position: int, values: Mapping[str, Any]
) -> None:
    """Set the stamps of a step of a locked request."""
    await session.execute(
        update(RequestStep)
        .where(_step.request_id == request, _step.position == position)
        .values(**values)
    )


async def list_requests(
    session: AsyncSession, filters: RequestFilters, page: PageParams
) -> list[Row[Any]]:
    """Requests, the newest first; one more than the page holds."""
    statement = select(*_SHOWN).where(*_conditions(filters))
    return await rows.list_rows(session, statement, [_request.number.desc()], page)


def _conditions(filters: RequestFilters) -> list[ColumnElement[bool]]:
    own = (
        (_request.offering_key, filters.offering),
        (_request.service_key, filters.service),
        (_request.state, filters.state),
        (_request.requester, filters.requester),
        (_request.requested_for, filters.requested_for),
        (_request.customer, filters.customer),
        (_request.waiting_for, filters.waiting_for),
    )
    conditions: list[ColumnElement[bool]] = [
        column == value for column, value in own if value is not None
    ]
    if filters.overdue is not None:
        overdue = and_(_request.state.in_(OPEN), _request.due_at < filters.now)
        conditions.append(overdue if filters.overdue else not_(overdue))
    return conditions
