"""Meetings of boards, and what they decide."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID, uuid4

from catalog_api.boards import meeting_queries, queries, rules
from catalog_api.boards.actions import refuse_ended
from catalog_api.boards.rules import MEETING_MOVES, MeetingState, MemberRole, Seat, Vote
from catalog_api.boards.schemas import (
    DecisionCreate,
    MeetingCreate,
    MeetingHold,
    MeetingMinutes,
    MeetingPatch,
)
from catalog_api.boards.tables import BoardMeeting
from catalog_api.changes import ResourceChange, record_resource
from catalog_api.people import require_person
from catalog_api.registry import rules as registry_rules
from catalog_api.registry.queries import get_services
from catalog_api.rows import insert_row, new_row
from shared.errors import Conflict, FieldError, Forbidden, Invalid
from shared.kit.auth import Principal
from shared.kit.clock import now
from shared.kit.database import Session
from shared.kit.etag import check_version
from shared.kit.patches import named
from shared.kit.states import check_move, check_state
from shared.schemas.improvement import Gate

MEETING = "board_meeting"
DECISION = "board_decision"


async def schedule_meeting(
    session: Session, caller: Principal, board: str, body: MeetingCreate
) -> Any:
    refuse_ended(await queries.lock_board(session, board))
    meeting = uuid4()
    fields = {**body.model_dump(), "state": MeetingState.SCHEDULED}
    row = {"id": meeting, "board_key": board, "attendees": [], **fields}
    await insert_row(session, BoardMeeting, new_row(row))
    after = {**fields, "board": board}
    await record_resource(
        session, caller, ResourceChange(MEETING, str(meeting), "created", None, after)
    )
    return await meeting_queries.get_meeting(session, board, meeting)


async def change_meeting(
    session: Session, caller: Principal, place: tuple[str, UUID], patch: MeetingPatch, expected: int
) -> Any:
    """Move a scheduled meeting or change its agenda; `place` is (board, meeting)."""
    present = await _lock(session, place, expected)
    check_state("meeting", present.state, {MeetingState.SCHEDULED}, "changed")
    changed = registry_rules.changes(present._asdict(), named(patch))
    if not changed:
        return present
    before, after = registry_rules.before_of(changed), registry_rules.after_of(changed)
    return await _write(session, caller, present, ("changed", before, after))


async def hold_meeting(
    session: Session, caller: Principal, place: tuple[str, UUID], body: MeetingHold, expected: int
) -> Any:
    """Record who was there, with the seat they had then, and the quorum that was asked for."""
    present = await _lock(session, place, expected)
    check_move("meeting", MEETING_MOVES, present.state, MeetingState.HELD)
    # After the meeting, as a decision does: two that hold one what the other wants would block.
    board = await queries.lock_board(session, place[0])
    moment = now()
    held_at = body.held_at or moment
    if held_at > moment:
        raise Invalid("held_at must not lie in the future", pointer="/held_at")
    seats = await queries.seats(session, board.key, held_at)
    voting = rules.voters(seats)
    after = {
        "state": MeetingState.HELD,
        "held_at": held_at,
        "attendees": _attendees(body.attendees, seats),
        "quorum_needed": rules.needed(board.quorum_minimum, board.quorum_share, len(voting)),
    }
    return await _write(session, caller, present, ("held", _were(present, after), after))


async def cancel_meeting(
    session: Session, caller: Principal, place: tuple[str, UUID], reason: str, expected: int
) -> Any:
    present = await _lock(session, place, expected)
    check_move("meeting", MEETING_MOVES, present.state, MeetingState.CANCELLED)
    after = {"state": MeetingState.CANCELLED, "cancelled_because": reason}
    return await _write(session, caller, present, ("cancelled", _were(present, after), after))


async def minute_meeting(
    session: Session,
    caller: Principal,
    place: tuple[str, UUID],
    body: MeetingMinutes,
    expected: int,
) -> Any:
    """Write the minutes, after which the meeting decides nothing more; chair or secretary only."""
    person = require_person(caller, "write the minutes of a board")
    present = await _lock(session, place, expected)
    check_move("meeting", MEETING_MOVES, present.state, MeetingState.MINUTED)
    await _require_recorder(session, present, person, "write the minutes")
    after = {
        "state": MeetingState.MINUTED,
        "minutes": body.minutes,
        "minutes_uri": body.uri,
        "minuted_by": person,
    }
    return await _write(session, caller, present, ("minuted", _were(present, after), after))


async def record_decision(
    session: Session, caller: Principal, place: tuple[str, UUID], body: DecisionCreate
) -> Any:
    """What a meeting with a quorum decided, by the votes of the voters who were there."""
    person = require_person(caller, "record a decision of a board")
    meeting = await meeting_queries.get_meeting(session, *place, lock=True)
    check_state("meeting", meeting.state, {MeetingState.HELD}, "decided in")
    await _require_recorder(session, meeting, person, "record its decisions")
    present = voters_at(meeting)
    _refuse_without_quorum(meeting, present)
    votes = _votes(body, present)
    await _refuse_elsewhere(session, meeting.board_key, body)
    result = rules.tally(votes, present, _chair_at(meeting))
    decision = uuid4()
    fields = {
        **body.model_dump(exclude={"service", "votes"}),
        **vars(result),
        "votes": [{"subject": subject, "vote": vote} for subject, vote in sorted(votes.items())],
        "quorum_needed": meeting.quorum_needed,
        "voters_present": len(present),
        "recorded_by": person,
    }
    row = {"id": decision, "board_key": meeting.board_key, "meeting_id": meeting.id, **fields}
    await meeting_queries.insert_decision(
        session, {**row, "service_key": body.service, "recorded_at": now()}
    )
    after = {**fields, "board": meeting.board_key, "meeting": meeting.id, "service": body.service}
    await record_resource(
        session,
        caller,
        ResourceChange(DECISION, str(decision), "created", None, after, body.service),
    )
    return await meeting_queries.get_decision(session, meeting.board_key, decision)


def voters_at(meeting: Any) -> list[str]:
    """The voters who attended a meeting."""
    return sorted(one["subject"] for one in meeting.attendees if one["votes"])


async def _lock(session: Session, place: tuple[str, UUID], expected: int) -> Any:
    meeting = await meeting_queries.get_meeting(session, *place, lock=True)
    check_version(expected, meeting.revision)
    return meeting


async def _write(
    session: Session,
    caller: Principal,
    meeting: Any,
    change: tuple[str, dict[str, Any], dict[str, Any]],
) -> Any:
    action, before, after = change
    await meeting_queries.change_meeting(session, meeting.id, after)
    await record_resource(
        session, caller, ResourceChange(MEETING, str(meeting.id), action, before, after)
    )
    return await meeting_queries.get_meeting(session, meeting.board_key, meeting.id)


def _were(meeting: Any, after: dict[str, Any]) -> dict[str, Any]:
    return {field: getattr(meeting, field) for field in after}


def _attendees(subjects: Sequence[str], seats: Sequence[Seat]) -> list[dict[str, Any]]:
    roles = {seat.subject: seat.role for seat in seats}
    return [
        {
            "subject": subject,
            "role": roles.get(subject),
            "votes": roles.get(subject) in rules.VOTING,
        }
        for subject in sorted(set(subjects))
    ]


def _chair_at(meeting: Any) -> str | None:
    for one in meeting.attendees:
        if one["role"] == MemberRole.CHAIR:
            return str(one["subject"])
    return None


async def _require_recorder(session: Session, meeting: Any, person: str, act: str) -> None:
    """403 for who is neither chair nor secretary, now or at the meeting."""
    then = {one["subject"] for one in meeting.attendees if one["role"] in rules.RECORDING}
    seats = await queries.seats(session, meeting.board_key)
    today = {seat.subject for seat in seats if seat.role in rules.RECORDING}
    if person not in then | today:
        raise Forbidden(
            f"Only the chair or the secretary of {meeting.board_key} can {act}",
            code="role_missing",
            missing_role=sorted(rules.RECORDING),
        )


def _refuse_without_quorum(meeting: Any, present: Sequence[str]) -> None:
    found = rules.quorum(meeting.quorum_needed, present)
    if found.missing:
        raise Conflict(
            f"{meeting.board_key} cannot decide without its quorum: {found.needed} voters are"
            f" needed, {found.present} were present, {found.missing} are missing",
            code="no_quorum",
            **{**vars(found), "voters_present": list(present)},
        )


def _votes(body: DecisionCreate, present: Sequence[str]) -> dict[str, Vote]:
    votes = {one.subject: one.vote for one in body.votes}
    if len(votes) < len(body.votes):
        raise Invalid("somebody votes twice", code="repeated", pointer="/votes")
    others = rules.may_not_vote(votes, present)
    if others:
        raise Conflict(
            f"{', '.join(others)} cannot vote here: only these can, being voters and present:"
            f" {', '.join(present)}",
            code="may_not_vote",
            refused=others,
            allowed=list(present),
        )
    return votes


async def _refuse_elsewhere(session: Session, board: str, body: DecisionCreate) -> None:
    """422 for an unknown service; 409 for a gate that another board decides."""
    if body.service is None:
        if body.gate is not None:
            raise Invalid("a gate is decided for a service: name it", pointer="/service")
        return
    service = (await get_services(session, [body.service])).get(body.service)
    if service is None:
        detail = f"there is no service {body.service}"
        raise Invalid(detail, errors=[FieldError("/service", detail, "unknown_service")])
    if body.gate is not None:
        await _refuse_other_board(session, board, body.gate, service)


async def _refuse_other_board(session: Session, board: str, gate: Gate, service: Any) -> None:
    deciding = await queries.deciding_board(session, gate, service.portfolio)
    if deciding != board:
        raise Conflict(
            f"{gate} of {service.key} is decided by {deciding or 'no board yet'}, not by {board}",
            code="not_this_board",
            board=deciding,
        )
