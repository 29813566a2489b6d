"""Waivers over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Response

from improvement_api.providers import Remotes, check_service
from improvement_api.waivers.actions import move_waiver, request_waiver
from improvement_api.waivers.queries import WaiverFilter, get_waiver, list_waivers
from improvement_api.waivers.rules import MOVES, WaiverState, state_at
from improvement_api.waivers.schemas import WaiverCreate, WaiverMove, WaiverOut
from improvement_api.waivers.tables import Waiver
from shared.kit.auth import Principal, requires
from shared.kit.clock import now
from shared.kit.database import Session
from shared.kit.etag import set_etag, tells_etag
from shared.kit.idempotency import Idempotent
from shared.kit.pagination import PageQuery, page_of
from shared.kit.problems import problem_responses
from shared.kit.routing import Router
from shared.schemas.common import Key, Page
from shared.schemas.improvement import Gate

router = Router(prefix="/v1/waivers", tags=["waivers"])

GatesRead = Annotated[Principal, requires("gates:read")]
WaiversWrite = Annotated[Principal, requires("waivers:write")]


async def _with_known_service(body: WaiverCreate, providers: Remotes) -> WaiverCreate:
    """The body, whose service the catalog was asked for before the first word to the database."""
    await check_service(providers, body.service, "/service")
    return body


CheckedRequest = Annotated[WaiverCreate, Depends(_with_known_service)]


@router.post(
    "", status_code=201, operation_id="request_waiver", responses=problem_responses(409, 503)
)
async def request(
    caller: WaiversWrite,
    body: CheckedRequest,
    session: Session,
    response: Response,
    _: Idempotent,
) -> WaiverOut:
    """Ask that a criterion of a service be waived at a gate, for at most a year.

    Automated and evidence criteria only. It counts once somebody else, a holder of the gate's
    `waived_by` role, has approved it; then a fail of the criterion reads as a warning, until
    `expires_at`. It softens neither `error` nor `inconclusive`.
    """
    waiver = await request_waiver(session, body, caller)
    response.headers["Location"] = f"/v1/waivers/{waiver.id}"
    return _out(waiver, response)


@router.get("", operation_id="list_waivers")
async def list_all(
    caller: GatesRead,
    session: Session,
    page: PageQuery,
    service: Annotated[Key | None, Query(description="of this service only")] = None,
    gate: Annotated[Gate | None, Query(description="at this gate only")] = None,
    criterion: Annotated[Key | None, Query(description="of this criterion only")] = None,
    state: Annotated[WaiverState | None, Query(description="in this state now")] = None,
) -> Page[WaiverOut]:
    """Waivers, newest first."""
    wanted = WaiverFilter(now(), service, gate, criterion, state)
    rows = await list_waivers(session, wanted, page)
    shown = page_of(rows, page, key=lambda row: (row.requested_at, row.id))
    items = [_out(row) for row in shown["items"]]
    return Page[WaiverOut](items=items, next_cursor=shown["next_cursor"])


@router.get(
    "/{waiver_id}", operation_id="get_waiver", responses={**tells_etag(), **problem_responses(404)}
)
async def get_one(
    waiver_id: UUID, caller: GatesRead, session: Session, response: Response
) -> WaiverOut:
    """One waiver, with the states it can be moved to."""
    return _out(await get_waiver(session, waiver_id), response)


@router.post(
    "/{waiver_id}/transitions",
    status_code=201,
    operation_id="move_waiver",
    responses=problem_responses(404, 409),
)
async def move(
    waiver_id: UUID,
    body: WaiverMove,
    caller: WaiversWrite,
    session: Session,
    response: Response,
    _: Idempotent,
) -> WaiverOut:
    """Approve, reject or revoke, in person.

    Approving and rejecting needs the gate's `waived_by` role, and is not for who asked (403).
    Revoking is for holders of that role and for the risk owner. 409 for every other move, and when
    the gate's criterion has come to demand something else.
    """
    return _out(await move_waiver(session, waiver_id, body, caller), response)


def _out(waiver: Waiver, response: Response | None = None) -> WaiverOut:
    if response is not None:
        set_etag(response, waiver.revision)
    state = state_at(waiver.state, waiver.expires_at, now())
    lapsed = state is WaiverState.EXPIRED
    return WaiverOut(
        id=str(waiver.id),
        service=waiver.service,
        gate=waiver.gate,
        criterion=waiver.criterion,
        reason=waiver.reason,
        risk_owner=waiver.risk_owner,
        compensating_control=waiver.compensating_control,
        expires_at=waiver.expires_at,
        state=state,
        moves=list(MOVES[state]),
        requested_at=waiver.requested_at,
        requested_by=waiver.on_behalf_of or waiver.requested_by,
        decided_at=waiver.decided_at,
        decided_by=waiver.decided_by,
        ended_at=waiver.expires_at if lapsed else waiver.ended_at,
        ended_by=waiver.ended_by,
        comment=waiver.comment,
    )
