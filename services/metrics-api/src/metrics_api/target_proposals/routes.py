"""Proposals of harder targets over HTTP."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Response

from metrics_api.target_proposals import actions, queries
from metrics_api.target_proposals.queries import ProposalFilter
from metrics_api.target_proposals.rules import ProposalState
from metrics_api.target_proposals.schemas import (
    ProposalAcceptance,
    ProposalOut,
    ProposalRefusal,
)
from shared.kit.auth import Principal, requires
from shared.kit.database import Session
from shared.kit.etag import IfMatch, set_etag
from shared.kit.pagination import PageQuery, page_of
from shared.kit.problems import problem_responses
from shared.kit.routing import Router
from shared.schemas.common import Key, Page
from shared.schemas.metrics import KpiId

router = Router(prefix="/v1/target-proposals", tags=["target proposals"])

MetricsRead = Annotated[Principal, requires("metrics:read")]
TargetsWrite = Annotated[Principal, requires("targets:write")]


@router.get("", operation_id="list_target_proposals", response_model=Page[ProposalOut])
async def list_target_proposals(
    session: Session,
    caller: MetricsRead,
    page: PageQuery,
    service: Key | None = None,
    kpi: KpiId | None = None,
    state: ProposalState | None = None,
    target: UUID | None = None,
) -> Any:
    """Proposals of harder targets, the newest first.

    One is made when a target that holds today was met in its last three full periods, unless the
    midpoint between it and their mean, rounded to two significant digits, is no harder.
    """
    wanted = ProposalFilter(service, kpi, state, target)
    rows = await queries.list_proposals(session, wanted, page)
    return page_of(rows, page, lambda row: (row.created_at, row.id))


@router.get(
    "/{proposal}",
    operation_id="get_target_proposal",
    response_model=ProposalOut,
    responses=problem_responses(404),
)
async def get_target_proposal(
    proposal: UUID, session: Session, caller: MetricsRead, response: Response
) -> Any:
    """One proposal with the figures that caused it."""
    return _tagged(await queries.get_proposal(session, proposal), response)


@router.post(
    "/{proposal}/accept",
    operation_id="accept_target_proposal",
    response_model=ProposalOut,
    responses=problem_responses(404, 409, 412, 428),
)
async def accept_target_proposal(
    proposal: UUID,
    body: ProposalAcceptance,
    session: Session,
    caller: TargetsWrite,
    expected: IfMatch,
    response: Response,
) -> Any:
    """End the old target and let the harder one follow it on a day; both happen or neither.

    Where the target names an owner, that person or one in the role service_owner decides.
    """
    return _tagged(
        await actions.accept_proposal(session, caller, proposal, body.starts_on, expected), response
    )


@router.post(
    "/{proposal}/decline",
    operation_id="decline_target_proposal",
    response_model=ProposalOut,
    responses=problem_responses(404, 409, 412, 428),
)
async def decline_target_proposal(
    proposal: UUID,
    body: ProposalRefusal,
    session: Session,
    caller: TargetsWrite,
    expected: IfMatch,
    response: Response,
) -> Any:
    """Keep the old target. The same three periods are not proposed for again."""
    return _tagged(
        await actions.decline_proposal(session, caller, proposal, body.reason, expected), response
    )


def _tagged(proposal: Any, response: Response) -> Any:
    set_etag(response, proposal.revision)
    return proposal
