"""Every SQL statement about the meetings and decisions of boards."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from catalog_api.boards.rules import BoardOutcome, MeetingState
from catalog_api.boards.tables import BoardDecision, BoardMeeting
from catalog_api.rows import change_row, get_row, list_rows, table_of
from shared.kit.pagination import PageParams
from shared.schemas.improvement import Gate

_meeting = table_of(BoardMeeting).c
_decision = table_of(BoardDecision).c


@dataclass(frozen=True)
class DecisionFilters:
    """Each filter that is given narrows the list."""

    meeting: UUID | None
    service: str | None
    gate: Gate | None
    outcome: BoardOutcome | None


async def get_meeting(
    session: AsyncSession, board: str, meeting: UUID, *, lock: bool = False
) -> Row[Any]:
    """One meeting of a board; 404 if there is none."""
    statement = select(table_of(BoardMeeting)).where(
        _meeting.board_key == board, _meeting.id == meeting
    )
    return await get_row(session, statement, f"{board} has no meeting {meeting}", lock=lock)


async def list_meetings(
    session: AsyncSession, board: str, state: MeetingState | None, page: PageParams
) -> list[Row[Any]]:
    """Meetings of a board, the latest first; one more than the page holds."""
    statement = select(table_of(BoardMeeting)).where(_meeting.board_key == board)
    if state is not None:
        statement = statement.where(_meeting.state == state)
    order = [_meeting.scheduled_for.desc(), _meeting.id.desc()]
    return await list_rows(session, statement, order, page)


async def open_meetings(session: AsyncSession, board: str) -> list[UUID]:
    """The first hundred meetings of a board that are scheduled, or held and not minuted."""
    statement = select(_meeting.id).where(
        _meeting.board_key == board,
        _meeting.state.in_((MeetingState.SCHEDULED, MeetingState.HELD)),
    )
    return list(await session.scalars(statement.order_by(_meeting.scheduled_for).limit(100)))


async def change_meeting(session: AsyncSession, meeting: UUID, values: Mapping[str, Any]) -> None:
    """Set fields of a meeting and count its revision up."""
    await change_row(session, BoardMeeting, _meeting.id == meeting, values)


async def insert_decision(session: AsyncSession, values: Mapping[str, Any]) -> None:
    """Add a decision; it never changes."""
    await session.execute(insert(BoardDecision), [dict(values)])


_DECISION_COLUMNS: tuple[ColumnElement[Any], ...] = (
    *(
        column
        for column in _decision
        if column.name not in ("board_key", "meeting_id", "service_key")
    ),
    _decision.board_key.label("board"),
    _decision.meeting_id.label("meeting"),
    _decision.service_key.label("service"),
)


async def get_decision(session: AsyncSession, board: str, decision: UUID) -> Row[Any]:
    """One decision of a board; 404 if there is none."""
    statement = select(*_DECISION_COLUMNS).where(
        _decision.board_key == board, _decision.id == decision
    )
    return await get_row(session, statement, f"{board} has no decision {decision}")


async def list_decisions(
    session: AsyncSession, board: str, filters: DecisionFilters, page: PageParams
) -> list[Row[Any]]:
    """Decisions of a board, the latest first; one more than the page holds."""
    own = (
        (_decision.meeting_id, filters.meeting),
        (_decision.service_key, filters.service),
        (_decision.gate, filters.gate),
        (_decision.outcome, filters.outcome),
    )
    statement = select(*_DECISION_COLUMNS).where(
        _decision.board_key == board,
        *(column == value for column, value in own if value is not None),
    )
    order = [_decision.recorded_at.desc(), _decision.id.desc()]
    return await list_rows(session, statement, order, page)
