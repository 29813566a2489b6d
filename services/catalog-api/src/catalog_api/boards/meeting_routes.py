"""Meetings and decisions of boards over HTTP."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Response

from catalog_api.boards import meeting_actions, meeting_queries, queries, rules
from catalog_api.boards.meeting_queries import DecisionFilters
from catalog_api.boards.rules import BoardOutcome, MeetingState
from catalog_api.boards.schemas import (
    DecisionCreate,
    DecisionOut,
    MeetingCancel,
    MeetingCreate,
    MeetingHold,
    MeetingMinutes,
    MeetingOut,
    MeetingPatch,
)
from shared.kit.auth import Principal, requires
from shared.kit.database import Session
from shared.kit.etag import IfMatch, set_etag
from shared.kit.idempotency import Idempotent
from shared.kit.pagination import PageQuery, page_of
from shared.kit.problems import problem_responses
from shared.kit.routing import Router
from shared.schemas.common import Key, Page
from shared.schemas.improvement import Gate

router = Router(prefix="/v1/boards/{key}", tags=["boards"])

CatalogRead = Annotated[Principal, requires("catalog:read")]
CatalogWrite = Annotated[Principal, requires("catalog:write")]
Approver = Annotated[Principal, requires("approvals:write")]


async def decision_filters(
    meeting: UUID | None = None,
    service: Key | None = None,
    gate: Gate | None = None,
    outcome: BoardOutcome | None = None,
) -> DecisionFilters:
    return DecisionFilters(meeting, service, gate, outcome)


@router.post(
    "/meetings",
    status_code=201,
    operation_id="schedule_board_meeting",
    responses=problem_responses(404, 409),
)
async def schedule_board_meeting(
    key: Key,
    body: MeetingCreate,
    session: Session,
    caller: CatalogWrite,
    response: Response,
    _: Idempotent,
) -> MeetingOut:
    """Schedule a meeting."""
    meeting = await meeting_actions.schedule_meeting(session, caller, key, body)
    response.headers["Location"] = f"/v1/boards/{key}/meetings/{meeting.id}"
    return _tagged(meeting, response)


@router.get(
    "/meetings",
    operation_id="list_board_meetings",
    response_model=Page[MeetingOut],
    responses=problem_responses(404),
)
async def list_board_meetings(
    key: Key,
    session: Session,
    caller: CatalogRead,
    page: PageQuery,
    state: MeetingState | None = None,
) -> Any:
    """Meetings of a board, the latest first."""
    await queries.get_board(session, key)
    rows = await meeting_queries.list_meetings(session, key, state, page)
    found = page_of(rows, page, key=lambda row: (row.scheduled_for, row.id))
    return {**found, "items": [_shown(row) for row in found["items"]]}


@router.get(
    "/meetings/{meeting}",
    operation_id="get_board_meeting",
    responses=problem_responses(404),
)
async def get_board_meeting(
    key: Key, meeting: UUID, session: Session, caller: CatalogRead, response: Response
) -> MeetingOut:
    """A meeting: who was there, and whether that was a quorum."""
    return _tagged(await meeting_queries.get_meeting(session, key, meeting), response)


@router.patch(
    "/meetings/{meeting}",
    operation_id="change_board_meeting",
    responses=problem_responses(404, 409, 412, 428),
)
async def change_board_meeting(
    key: Key,
    meeting: UUID,
    body: MeetingPatch,
    session: Session,
    caller: CatalogWrite,
    expected: IfMatch,
    response: Response,
) -> MeetingOut:
    """Move a scheduled meeting or change its agenda."""
    place = (key, meeting)
    changed = await meeting_actions.change_meeting(session, caller, place, body, expected)
    return _tagged(changed, response)


@router.post(
    "/meetings/{meeting}/hold",
    operation_id="hold_board_meeting",
    responses=problem_responses(404, 409, 412, 428),
)
async def hold_board_meeting(
    key: Key,
    meeting: UUID,
    body: MeetingHold,
    session: Session,
    caller: CatalogWrite,
    expected: IfMatch,
    response: Response,
) -> MeetingOut:
    """Record that a scheduled meeting was held, and who was there; now it can decide."""
    place = (key, meeting)
    held = await meeting_actions.hold_meeting(session, caller, place, body, expected)
    return _tagged(held, response)


@router.post(
    "/meetings/{meeting}/cancel",
    operation_id="cancel_board_meeting",
    responses=problem_responses(404, 409, 412, 428),
)
async def cancel_board_meeting(
    key: Key,
    meeting: UUID,
    body: MeetingCancel,
    session: Session,
    caller: CatalogWrite,
    expected: IfMatch,
    response: Response,
) -> MeetingOut:
    """Cancel a scheduled meeting."""
    place = (key, meeting)
    cancelled = await meeting_actions.cancel_meeting(session, caller, place, body.reason, expected)
    return _tagged(cancelled, response)


@router.post(
    "/meetings/{meeting}/minute",
    operation_id="minute_board_meeting",
    responses=problem_responses(404, 409, 412, 428),
)
async def minute_board_meeting(
    key: Key,
    meeting: UUID,
    body: MeetingMinutes,
    session: Session,
    caller: Approver,
    expected: IfMatch,
    response: Response,
) -> MeetingOut:
    """Write the minutes of a held meeting, which closes it; its chair or secretary, in person."""
    place = (key, meeting)
    minuted = await meeting_actions.minute_meeting(session, caller, place, body, expected)
    return _tagged(minuted, response)


@router.post(
    "/meetings/{meeting}/decisions",
    status_code=201,
    operation_id="record_board_decision",
    response_model=DecisionOut,
    responses=problem_responses(404, 409),
)
async def record_board_decision(
    key: Key,
    meeting: UUID,
    body: DecisionCreate,
    session: Session,
    caller: Approver,
    response: Response,
    _: Idempotent,
) -> Any:
    """Record a decision of a held meeting; its chair or secretary, in person. It never changes.

    Simple majority of the votes cast by voters who were present; the chair's vote breaks a tie.
    """
    decision = await meeting_actions.record_decision(session, caller, (key, meeting), body)
    response.headers["Location"] = f"/v1/boards/{key}/decisions/{decision.id}"
    return decision


@router.get(
    "/decisions",
    operation_id="list_board_decisions",
    response_model=Page[DecisionOut],
    responses=problem_responses(404),
)
async def list_board_decisions(
    key: Key,
    session: Session,
    caller: CatalogRead,
    filters: Annotated[DecisionFilters, Depends(decision_filters)],
    page: PageQuery,
) -> Any:
    """Decisions of a board, the latest first."""
    await queries.get_board(session, key)
    rows = await meeting_queries.list_decisions(session, key, filters, page)
    return page_of(rows, page, key=lambda row: (row.recorded_at, row.id))


@router.get(
    "/decisions/{decision}",
    operation_id="get_board_decision",
    response_model=DecisionOut,
    responses=problem_responses(404),
)
async def get_board_decision(
    key: Key, decision: UUID, session: Session, caller: CatalogRead
) -> Any:
    """A decision with every vote."""
    return await meeting_queries.get_decision(session, key, decision)


def _tagged(meeting: Any, response: Response) -> MeetingOut:
    set_etag(response, meeting.revision)
    return _shown(meeting)


def _shown(meeting: Any) -> MeetingOut:
    """A row with the quorum judged."""
    present = meeting_actions.voters_at(meeting)
    asked = meeting.quorum_needed
    return MeetingOut.model_validate(
        {
            **meeting._asdict(),
            "board": meeting.board_key,
            "voters_present": len(present),
            "quorate": None if asked is None else not rules.quorum(asked, present).missing,
        }
    )
