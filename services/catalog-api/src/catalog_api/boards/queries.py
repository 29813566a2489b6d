"""Every SQL statement about boards: seats, gates, and the boards themselves."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import (
    ColumnElement,
    Row,
    ScalarSelect,
    Select,
    Text,
    and_,
    cast,
    delete,
    exists,
    func,
    insert,
    not_,
    or_,
    select,
    tuple_,
    update,
)
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from catalog_api.boards.rules import VOTING, MeetingState, Seat
from catalog_api.boards.tables import Board, BoardGate, BoardMeeting, BoardMember
from catalog_api.registry.tables import Service
from catalog_api.rows import (
    get_row,
    json_list,
    json_object,
    list_rows,
    table_of,
    taken_keys_like,
)
from shared.kit.pagination import PageParams
from shared.schemas.improvement import Gate

_board = table_of(Board).c
_member = table_of(BoardMember).c
_gate = table_of(BoardGate).c
_meeting = table_of(BoardMeeting).c
_service = table_of(Service).c
_SEATED = _member.valid_to.is_(None)


@dataclass(frozen=True)
class BoardFilters:
    """Each filter that is given narrows the list; ended boards are shown only with `past`."""

    gate: Gate | None
    portfolio: str | None
    member: str | None
    past: bool


def _whole_boards() -> Select[Any]:
    """Boards with their present members, their gates and their last and next meeting."""
    members = (
        select(_member.subject, _member.role, _member.valid_from)
        .where(_member.board_key == _board.key, _SEATED)
        .order_by(_member.subject)
    )
    gates = (
        select(_gate.gate, _gate.portfolio_key.label("portfolio"))
        .where(_gate.board_key == _board.key)
        .order_by(_gate.gate, _gate.portfolio_key)
    )
    following = select(func.min(_meeting.scheduled_for)).where(
        _meeting.board_key == _board.key, _meeting.state == MeetingState.SCHEDULED
    )
    return select(
        table_of(Board),
        json_list(members).label("members"),
        json_list(gates).label("decides"),
        _last_held().label("last_held_at"),
        following.scalar_subquery().label("next_scheduled_for"),
    )


def _last_held() -> ScalarSelect[Any]:
    """When the board last met; a meeting that was not held has no such moment."""
    return (
        select(func.max(_meeting.held_at)).where(_meeting.board_key == _board.key).scalar_subquery()
    )


async def known_keys(session: AsyncSession, keys: Collection[str]) -> set[str]:
    """Which of these keys are boards that have not ended."""
    present = select(_board.key).where(_board.key.in_(keys), _board.ended_on.is_(None))
    return set(await session.scalars(present)) if keys else set()


async def taken_board_keys(session: AsyncSession, base: str) -> set[str]:
    return await taken_keys_like(session, _board.key, base)


async def get_board(session: AsyncSession, key: str) -> Row[Any]:
    """One whole board; 404 if there is none."""
    return await get_row(session, _whole_boards().where(_board.key == key), _missing(key))


async def lock_board(session: AsyncSession, key: str) -> Row[Any]:
    """A board's own fields; nobody else changes it until this transaction ends."""
    statement = select(table_of(Board)).where(_board.key == key)
    return await get_row(session, statement, _missing(key), lock=True)


def _missing(key: str) -> str:
    return f"There is no board {key}"


async def list_boards(
    session: AsyncSession, filters: BoardFilters, page: PageParams
) -> list[Row[Any]]:
    """Boards by key, one more than the page holds."""
    statement = _whole_boards().where(*_conditions(filters))
    return await list_rows(session, statement, [_board.key], page)


def _conditions(filters: BoardFilters) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if not filters.past:
        conditions.append(_board.ended_on.is_(None))
    if filters.member is not None:
        conditions.append(
            exists().where(
                _member.board_key == _board.key, _SEATED, _member.subject == filters.member
            )
        )
    if filters.gate is not None or filters.portfolio is not None:
        conditions.append(_decides(filters.gate, filters.portfolio))
    return conditions


def _decides(gate: Gate | None, portfolio: str | None) -> ColumnElement[bool]:
    """Whether the board decides that gate; for a portfolio, only where no other is named for it."""
    own = [_gate.board_key == _board.key]
    if gate is not None:
        own.append(_gate.gate == gate)
    if portfolio is not None:
        named = aliased(BoardGate)
        other = exists().where(named.gate == _gate.gate, named.portfolio_key == portfolio)
        own.append(
            or_(_gate.portfolio_key == portfolio, and_(_gate.portfolio_key.is_(None), not_(other)))
        )
    return exists().where(*own)


async def deciding_board(session: AsyncSession, gate: Gate, portfolio: str) -> str | None:
    """The board that decides a gate for services of a portfolio."""
    statement = select(_board.key).where(_board.ended_on.is_(None), _decides(gate, portfolio))
    return await session.scalar(statement)


async def seats(session: AsyncSession, board: str, at: datetime | None = None) -> list[Seat]:
    """Who has which seat now, or had at a moment."""
    valid = (
        _SEATED
        if at is None
        else and_(_member.valid_from <= at, or_(_SEATED, _member.valid_to > at))
    )
    statement = select(_member.subject, _member.role).where(_member.board_key == board, valid)
    return [Seat(*row) for row in await session.execute(statement.order_by(_member.subject))]


async def list_seats(
    session: AsyncSession, board: str, page: PageParams, *, past: bool
) -> list[Row[Any]]:
    """Seats by beginning, ended ones only if `past`; one more than the page holds."""
    statement = select(
        _member.id, _member.subject, _member.role, _member.valid_from, _member.valid_to
    ).where(_member.board_key == board)
    if not past:
        statement = statement.where(_SEATED)
    return await list_rows(session, statement, [_member.valid_from, _member.id], page)


async def end_seats(
    session: AsyncSession, board: str, ended: Iterable[Seat], moment: datetime
) -> None:
    """Close the present rows of these seats; the history stays."""
    those = [(seat.subject, seat.role.value) for seat in ended]
    await session.execute(
        update(BoardMember)
        .where(
            _member.board_key == board,
            _SEATED,
            tuple_(_member.subject, cast(_member.role, Text)).in_(those),
        )
        .values(valid_to=func.greatest(_member.valid_from, moment))
    )


async def begin_seats(
    session: AsyncSession, board: str, begun: Iterable[tuple[Seat, datetime]]
) -> None:
    """Add present rows, each from its moment on."""
    rows = [
        {
            "id": uuid4(),
            "board_key": board,
            "subject": seat.subject,
            "role": seat.role,
            "valid_from": moment,
        }
        for seat, moment in begun
    ]
    if rows:
        await session.execute(insert(BoardMember), rows)


async def gates_of(session: AsyncSession, board: str) -> set[tuple[Gate, str | None]]:
    """What a board decides: gates, each for a portfolio or (None) wherever none is named."""
    statement = select(_gate.gate, _gate.portfolio_key).where(_gate.board_key == board)
    return {(row.gate, row.portfolio_key) for row in await session.execute(statement)}


async def gates_taken(
    session: AsyncSession, board: str, gates: Collection[tuple[Gate, str | None]]
) -> list[Row[Any]]:
    """Those of the gates that another board decides: gate, portfolio, board."""
    if not gates:
        return []
    same = [
        and_(_gate.gate == gate, _gate.portfolio_key.is_not_distinct_from(portfolio))
        for gate, portfolio in gates
    ]
    statement = select(
        _gate.gate, _gate.portfolio_key.label("portfolio"), _gate.board_key.label("board")
    ).where(_gate.board_key != board, or_(*same))
    return list(await session.execute(statement.order_by(_gate.gate, _gate.portfolio_key)))


async def take_gates(
    session: AsyncSession, board: str, gates: Sequence[tuple[Gate, str | None]]
) -> bool:
    """Let the board decide these gates; False when another took one of them meanwhile."""
    rows = [
        {"id": uuid4(), "board_key": board, "gate": gate, "portfolio_key": portfolio}
        for gate, portfolio in sorted(gates, key=lambda one: (one[0], one[1] or ""))
    ]
    if not rows:
        return True
    statement = upsert(BoardGate).values(rows).on_conflict_do_nothing().returning(_gate.id)
    return len((await session.scalars(statement)).all()) == len(rows)


async def leave_gates(
    session: AsyncSession, board: str, gates: Collection[tuple[Gate, str | None]]
) -> None:
    """The board decides these gates no more."""
    for gate, portfolio in gates:
        await session.execute(
            delete(BoardGate).where(
                _gate.board_key == board,
                _gate.gate == gate,
                _gate.portfolio_key.is_not_distinct_from(portfolio),
            )
        )


def sheet_of(service: Any) -> ScalarSelect[Any]:
    """What the service document shows: the board of each gate of the service, if there is one."""
    voting = (
        select(func.coalesce(func.jsonb_agg(_member.subject), func.jsonb_build_array()))
        .where(_member.board_key == _board.key, _SEATED, _member.role.in_(VOTING))
        .scalar_subquery()
    )
    portfolio = select(_service.portfolio_key).where(_service.key == service).scalar_subquery()
    gates = (
        select(
            _gate.gate,
            _board.key.label("board"),
            _board.name,
            _gate.portfolio_key.label("portfolio"),
            _board.quorum_minimum,
            _board.quorum_share,
            voting.label("voting_members"),
            _board.cadence_days,
            _last_held().label("last_held_at"),
            _board.created_at.label("founded_at"),
        )
        .ext(distinct_on(_gate.gate))
        .join(table_of(Board), _board.key == _gate.board_key)
        .where(or_(_gate.portfolio_key == portfolio, _gate.portfolio_key.is_(None)))
        .order_by(_gate.gate, _gate.portfolio_key.nulls_last())
    )
    return json_object(
        select(_service.stage, json_list(gates).label("gates")).where(_service.key == service)
    )
