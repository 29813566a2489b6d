"""Boards over HTTP: their seats and the gates they decide."""

from typing import Annotated, Any

from fastapi import Body, Depends, Query, Response

from catalog_api.boards import actions, queries, rules
from catalog_api.boards.queries import BoardFilters
from catalog_api.boards.rules import Seat
from catalog_api.boards.schemas import (
    BoardCreate,
    BoardOut,
    BoardPatch,
    QuorumOut,
    SeatHistory,
    Seats,
)
from shared.kit.auth import Principal, requires
from shared.kit.clock import now
from shared.kit.database import Session
from shared.kit.etag import IfMatch, set_etag
from shared.kit.idempotency import Idempotent
from shared.kit.pagination import PageParams, PageQuery, page_of
from shared.kit.problems import problem_responses
from shared.kit.routing import Router
from shared.schemas.common import Key, Page, ShortText
from shared.schemas.improvement import Gate

router = Router(prefix="/v1", tags=["boards"])

CatalogRead = Annotated[Principal, requires("catalog:read")]
CatalogWrite = Annotated[Principal, requires("catalog:write")]


async def board_filters(
    gate: Annotated[Gate | None, Query(description="boards that decide this gate")] = None,
    portfolio: Annotated[
        Key | None, Query(description="for services of this portfolio; with `gate`, at most one")
    ] = None,
    member: Annotated[ShortText | None, Query(description="has a seat now")] = None,
    past: Annotated[bool, Query(description="also boards that have ended")] = False,
) -> BoardFilters:
    return BoardFilters(gate, portfolio, member, past)


@router.post(
    "/boards", status_code=201, operation_id="create_board", responses=problem_responses(409)
)
async def create_board(
    body: BoardCreate, session: Session, caller: CatalogWrite, response: Response, _: Idempotent
) -> BoardOut:
    """Found a board with its members, its quorum and the gates it decides."""
    board = await actions.create_board(session, caller, body)
    response.headers["Location"] = f"/v1/boards/{board.key}"
    return _tagged(board, response)


@router.get("/boards", operation_id="list_boards", response_model=Page[BoardOut])
async def list_boards(
    session: Session,
    caller: CatalogRead,
    filters: Annotated[BoardFilters, Depends(board_filters)],
    page: PageQuery,
) -> Any:
    """Boards by key. With `gate` and `portfolio`: the one board that decides there, if any."""
    rows = await queries.list_boards(session, filters, page)
    found = page_of(rows, page, key=lambda row: (row.key,))
    return {**found, "items": [_shown(row) for row in found["items"]]}


@router.get("/boards/{key}", operation_id="get_board", responses=problem_responses(404))
async def get_board(
    key: Key, session: Session, caller: CatalogRead, response: Response
) -> BoardOut:
    """A board with its voters, its quorum, its gates and when it must meet again."""
    return _tagged(await queries.get_board(session, key), response)


@router.patch(
    "/boards/{key}",
    operation_id="change_board",
    responses=problem_responses(404, 409, 412, 428),
)
async def change_board(
    key: Key,
    body: BoardPatch,
    session: Session,
    caller: CatalogWrite,
    expected: IfMatch,
    response: Response,
) -> BoardOut:
    """Change the fields that are named; `decides` replaces the gates as a whole."""
    return _tagged(await actions.change_board(session, caller, key, body, expected), response)


@router.post(
    "/boards/{key}/end",
    operation_id="end_board",
    responses=problem_responses(404, 409, 412, 428),
)
async def end_board(
    key: Key, session: Session, caller: CatalogWrite, expected: IfMatch, response: Response
) -> BoardOut:
    """End a board today; its gates are free for another one."""
    return _tagged(await actions.end_board(session, caller, key, expected), response)


@router.get(
    "/boards/{key}/members",
    operation_id="list_board_members",
    response_model=Page[SeatHistory],
    responses=problem_responses(404),
)
async def list_board_members(
    key: Key,
    session: Session,
    caller: CatalogRead,
    page: PageQuery,
    response: Response,
    past: Annotated[bool, Query(description="also those who have left")] = False,
) -> Any:
    """Members by beginning. The ETag is the board's: send it back to replace them."""
    set_etag(response, (await queries.get_board(session, key)).revision)
    return await _members(session, key, page, past=past)


@router.put(
    "/boards/{key}/members",
    operation_id="replace_board_members",
    response_model=Page[SeatHistory],
    responses=problem_responses(404, 409, 412, 428),
)
async def replace_board_members(
    key: Key,
    body: Annotated[Seats, Body()],
    session: Session,
    caller: CatalogWrite,
    expected: IfMatch,
    response: Response,
) -> Any:
    """Make these the present members; who is not named leaves, and the history is kept.

    A board has one chair and enough voters for its quorum.
    """
    set_etag(response, await actions.replace_members(session, caller, key, body, expected))
    return await _members(session, key, PageParams(limit=100, after=None), past=False)


async def _members(session: Session, key: str, page: PageParams, *, past: bool) -> Any:
    rows = await queries.list_seats(session, key, page, past=past)
    return page_of(rows, page, key=lambda row: (row.valid_from, row.id))


def _tagged(board: Any, response: Response) -> BoardOut:
    set_etag(response, board.revision)
    return _shown(board)


def _shown(board: Any) -> BoardOut:
    """A row with what the rules make of it today."""
    voting = rules.voters(Seat(one["subject"], one["role"]) for one in board.members)
    asked = rules.needed(board.quorum_minimum, board.quorum_share, len(voting))
    due = rules.next_due(board.last_held_at or board.created_at, board.cadence_days)
    present = board.ended_on is None
    return BoardOut.model_validate(
        {
            **board._asdict(),
            "quorum": QuorumOut(
                minimum=board.quorum_minimum,
                share=board.quorum_share,
                needed=asked,
                possible=len(voting) >= asked,
            ),
            "voting_members": voting,
            "next_meeting_due": due if present else None,
            "overdue": present and now().date() > due,
        }
    )
