"""Vendor candidates over HTTP."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Response

from catalog_api.candidates import actions, queries
from catalog_api.candidates.queries import CandidateFilters
from catalog_api.candidates.rules import CandidateState
from catalog_api.candidates.schemas import (
    CandidateCreate,
    CandidateDecision,
    CandidateOut,
    CandidatePatch,
    ScoreWrite,
)
from catalog_api.plans.queries import strategy_requirements
from catalog_api.registry.queries import require_service
from shared.kit.auth import Principal, requires
from shared.kit.database import Session
from shared.kit.etag import IfMatch, set_etag
from shared.kit.idempotency import Idempotent
from shared.kit.pagination import PageQuery, page_of
from shared.kit.problems import problem_responses
from shared.kit.routing import Router
from shared.schemas.common import Key, Page

router = Router(prefix="/v1/services/{key}/vendor-candidates", tags=["vendor candidates"])

CatalogRead = Annotated[Principal, requires("catalog:read")]
CatalogWrite = Annotated[Principal, requires("catalog:write")]
Decider = Annotated[Principal, requires("approvals:write")]


@router.post(
    "",
    status_code=201,
    operation_id="propose_vendor_candidate",
    responses=problem_responses(404),
)
async def propose_vendor_candidate(
    key: Key,
    body: CandidateCreate,
    session: Session,
    caller: CatalogWrite,
    response: Response,
    _: Idempotent,
) -> CandidateOut:
    """Propose a vendor's product for what the service's strategy requires."""
    candidate = await actions.propose_candidate(session, caller, key, body)
    response.headers["Location"] = f"/v1/services/{key}/vendor-candidates/{candidate.id}"
    return _tagged(candidate, response)


@router.get(
    "",
    operation_id="list_vendor_candidates",
    response_model=Page[CandidateOut],
    responses=problem_responses(404),
)
async def list_vendor_candidates(
    key: Key,
    session: Session,
    caller: CatalogRead,
    page: PageQuery,
    state: CandidateState | None = None,
) -> Any:
    """Candidates of the service with their totals, in the order of creation."""
    await require_service(session, key)
    rows = await queries.list_candidates(session, CandidateFilters(key, state), page)
    found = page_of(rows, page, key=lambda row: (row.created_at, row.id))
    requirements = await strategy_requirements(session, key)
    return {**found, "items": [actions.as_shown(row, requirements) for row in found["items"]]}


@router.get("/{candidate}", operation_id="get_vendor_candidate", responses=problem_responses(404))
async def get_vendor_candidate(
    key: Key, candidate: UUID, session: Session, caller: CatalogRead, response: Response
) -> CandidateOut:
    """A candidate with its score for each requirement of the approved strategy."""
    return _tagged(await actions.shown_candidate(session, key, candidate), response)


@router.patch(
    "/{candidate}",
    operation_id="change_vendor_candidate",
    responses=problem_responses(404, 409, 412, 428),
)
async def change_vendor_candidate(
    key: Key,
    candidate: UUID,
    body: CandidatePatch,
    session: Session,
    caller: CatalogWrite,
    expected: IfMatch,
    response: Response,
) -> CandidateOut:
    """Change the fields that are named, while it is open."""
    at = (key, candidate)
    return _tagged(await actions.change_candidate(session, caller, at, body, expected), response)


@router.put(
    "/{candidate}/scores/{requirement}",
    operation_id="score_vendor_candidate",
    responses=problem_responses(404, 409),
)
async def score_vendor_candidate(
    key: Key,
    candidate: UUID,
    requirement: Key,
    body: ScoreWrite,
    session: Session,
    caller: CatalogWrite,
    response: Response,
) -> CandidateOut:
    """Score the candidate against a requirement of the approved strategy, or score it anew."""
    at = (key, candidate)
    return _tagged(await actions.score_candidate(session, caller, at, requirement, body), response)


@router.post(
    "/{candidate}/select",
    operation_id="select_vendor_candidate",
    responses=problem_responses(404, 409),
)
async def select_vendor_candidate(
    key: Key,
    candidate: UUID,
    body: CandidateDecision,
    session: Session,
    caller: Decider,
    response: Response,
) -> CandidateOut:
    """Choose the candidate, once it is scored against every requirement.

    It becomes a vendor product of the catalog, unless it is linked to one.
    """
    return _tagged(await actions.select_candidate(session, caller, key, candidate, body), response)


@router.post(
    "/{candidate}/reject",
    operation_id="reject_vendor_candidate",
    responses=problem_responses(404, 409),
)
async def reject_vendor_candidate(
    key: Key,
    candidate: UUID,
    body: CandidateDecision,
    session: Session,
    caller: Decider,
    response: Response,
) -> CandidateOut:
    """Say why the candidate is not chosen."""
    return _tagged(await actions.reject_candidate(session, caller, key, candidate, body), response)


def _tagged(candidate: CandidateOut, response: Response) -> CandidateOut:
    set_etag(response, candidate.revision)
    return candidate
