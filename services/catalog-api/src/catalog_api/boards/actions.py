"""Founding, changing and ending boards: their seats and the gates they decide."""

from collections.abc import Collection, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from catalog_api.boards import meeting_queries, queries, rules
from catalog_api.boards.rules import Seat
from catalog_api.boards.schemas import BoardCreate, BoardPatch, DecidesIn, QuorumIn, SeatIn
from catalog_api.boards.tables import Board
from catalog_api.changes import ResourceChange, record_resource
from catalog_api.keys import key_for, key_taken
from catalog_api.portfolios.queries import known_keys as known_portfolios
from catalog_api.registry import rules as registry_rules
from catalog_api.rows import change_row, insert_row, new_row, table_of
from shared.errors import Conflict, FieldError, Invalid
from shared.kit.auth import Principal
from shared.kit.clock import now
from shared.kit.database import Session
from shared.kit.etag import check_version
from shared.kit.patches import named
from shared.schemas.improvement import Gate

BOARD = "board"
Gates = set[tuple[Gate, str | None]]


async def create_board(session: Session, caller: Principal, body: BoardCreate) -> Any:
    """A board with its first members and the gates it decides; 409 when its key is taken."""
    key = key_for(body.key, body.name)
    moment = now()
    seats = [Seat(one.subject, one.role) for one in body.members]
    _refuse_malformed(seats, "/members")
    begun = [
        (seat, one.valid_from or moment) for seat, one in zip(seats, body.members, strict=True)
    ]
    _refuse_future(begun, moment)
    own = {"name": body.name, "purpose": body.purpose, "cadence_days": body.cadence_days}
    quorum = _quorum_fields(body.quorum)
    _refuse_unreachable(quorum, seats)
    if not await insert_row(session, Board, new_row({"key": key, **own, **quorum})):
        raise key_taken(key, await queries.taken_board_keys(session, key))
    await queries.begin_seats(session, key, begun)
    gates = await _wanted_gates(session, body.decides)
    await _take_gates(session, key, gates)
    after = {**own, **quorum, **_shown_seats(seats), **_shown_gates(gates)}
    await record_resource(session, caller, ResourceChange(BOARD, key, "created", None, after))
    return await queries.get_board(session, key)


async def change_board(
    session: Session, caller: Principal, key: str, patch: BoardPatch, expected: int
) -> Any:
    """Change the named fields; the quorum stays within reach of the board's voters (409)."""
    present = await _lock_present(session, key, expected)
    wanted = named(patch, without={"quorum", "decides"})
    if "quorum" in patch.model_fields_set:
        wanted |= _quorum_fields(patch.quorum)
    changed = registry_rules.changes(present._asdict(), wanted)
    before, after = registry_rules.before_of(changed), registry_rules.after_of(changed)
    values = dict(after)
    _refuse_unreachable({**present._asdict(), **values}, await queries.seats(session, key))
    if "decides" in patch.model_fields_set:
        held = await queries.gates_of(session, key)
        gates = await _wanted_gates(session, patch.decides)
        if gates != held:
            await queries.leave_gates(session, key, held - gates)
            await _take_gates(session, key, gates - held)
            before, after = before | _shown_gates(held), after | _shown_gates(gates)
    if after:
        await _write(session, key, values)
        await record_resource(session, caller, ResourceChange(BOARD, key, "changed", before, after))
    return await queries.get_board(session, key)


async def replace_members(
    session: Session, caller: Principal, key: str, wanted: Sequence[SeatIn], expected: int
) -> int:
    """Make these the present members; answers the board's revision afterwards."""
    seats = [Seat(one.subject, one.role) for one in wanted]
    _refuse_malformed(seats, "")
    present = await _lock_present(session, key, expected)
    _refuse_unreachable(present._asdict(), seats)
    held = await queries.seats(session, key)
    difference = rules.seat_difference(held, seats)
    if not (difference.ended or difference.begun):
        return int(present.revision)
    moment = now()
    await queries.end_seats(session, key, difference.ended, moment)
    await queries.begin_seats(session, key, [(seat, moment) for seat in difference.begun])
    await _write(session, key, {})
    before, after = _shown_seats(held), _shown_seats(seats)
    await record_resource(
        session, caller, ResourceChange(BOARD, key, "members_changed", before, after)
    )
    return int(present.revision) + 1


async def end_board(session: Session, caller: Principal, key: str, expected: int) -> Any:
    """The board is no more from today and decides no gate; not while meetings are open (409)."""
    await _lock_present(session, key, expected)
    meetings = await meeting_queries.open_meetings(session, key)
    if meetings:
        raise Conflict(
            f"{key} has {len(meetings)} meetings to cancel, hold or minute before it ends",
            code="meetings_open",
            meetings=[str(meeting) for meeting in meetings],
        )
    gates = await queries.gates_of(session, key)
    await queries.leave_gates(session, key, gates)
    today = now().date()
    await _write(session, key, {"ended_on": today})
    before = {"ended_on": None, **_shown_gates(gates)}
    after = {"ended_on": today, **_shown_gates(set())}
    await record_resource(session, caller, ResourceChange(BOARD, key, "ended", before, after))
    return await queries.get_board(session, key)


def refuse_ended(board: Any) -> None:
    """409 for a board that is no more."""
    if board.ended_on is not None:
        raise Conflict(
            f"The board {board.key} ended on {board.ended_on}",
            code="board_ended",
            ended_on=board.ended_on.isoformat(),
        )


async def _lock_present(session: Session, key: str, expected: int) -> Any:
    board = await queries.lock_board(session, key)
    check_version(expected, board.revision)
    refuse_ended(board)
    return board


async def _write(session: Session, key: str, values: dict[str, Any]) -> None:
    await change_row(session, Board, table_of(Board).c.key == key, values)


def _quorum_fields(quorum: QuorumIn) -> dict[str, Any]:
    share = None if quorum.share is None else Decimal(str(round(quorum.share, 3)))
    return {"quorum_minimum": quorum.minimum, "quorum_share": share}


def _refuse_malformed(seats: Sequence[Seat], pointer: str) -> None:
    errors = [
        FieldError(f"{pointer}/{position}", reason, "repeated")
        for position, reason in rules.seat_problems(seats)
    ]
    if not rules.has_chair(seats):
        errors.append(FieldError(pointer, "a board has a chair: name one", "chair_required"))
    if errors:
        raise Invalid(errors[0].detail, errors=errors)


def _refuse_future(begun: Sequence[tuple[Seat, datetime]], moment: datetime) -> None:
    errors = [
        FieldError(f"/members/{position}/valid_from", "must not lie in the future", "future")
        for position, (_, valid_from) in enumerate(begun)
        if valid_from > moment
    ]
    if errors:
        raise Invalid(errors[0].detail, errors=errors)


def _refuse_unreachable(board: dict[str, Any], seats: Sequence[Seat]) -> None:
    voting = rules.voters(seats)
    asked = rules.needed(board["quorum_minimum"], board["quorum_share"], len(voting))
    if asked > len(voting):
        raise Conflict(
            f"A quorum of {asked} is out of reach of {len(voting)} voters: name more members, or"
            " ask for fewer",
            code="quorum_out_of_reach",
            needed=asked,
            voting_members=voting,
        )


async def _wanted_gates(session: Session, decides: Sequence[DecidesIn]) -> Gates:
    portfolios = {one.portfolio for one in decides if one.portfolio is not None}
    known = await known_portfolios(session, portfolios)
    wanted: Gates = set()
    errors = []
    for position, one in enumerate(decides):
        if one.portfolio is not None and one.portfolio not in known:
            detail = f"there is no portfolio {one.portfolio}"
            errors.append(FieldError(f"/decides/{position}/portfolio", detail, "unknown_portfolio"))
        if (one.gate, one.portfolio) in wanted:
            errors.append(FieldError(f"/decides/{position}", "stands here twice", "repeated"))
        wanted.add((one.gate, one.portfolio))
    if errors:
        raise Invalid(errors[0].detail, errors=errors)
    return wanted


async def _take_gates(session: Session, key: str, gates: Collection[tuple[Gate, Any]]) -> None:
    """409 naming the other boards when one of the gates is decided elsewhere."""
    taken = await queries.gates_taken(session, key, gates)
    if not taken and not await queries.take_gates(session, key, list(gates)):
        taken = await queries.gates_taken(session, key, gates)
    if taken:
        first = taken[0]
        where = f"portfolio {first.portfolio}" if first.portfolio else "every other portfolio"
        raise Conflict(
            f"{first.gate} is decided by the board {first.board} for {where}: a gate has one board",
            code="gate_taken",
            taken=[row._asdict() for row in taken],
        )


def _shown_seats(seats: Sequence[Seat]) -> dict[str, Any]:
    return {"members": [vars(seat) for seat in sorted(seats)]}


def _shown_gates(gates: Gates) -> dict[str, Any]:
    ordered = sorted(gates, key=lambda one: (one[0], one[1] or ""))
    return {"decides": [{"gate": gate, "portfolio": portfolio} for gate, portfolio in ordered]}
