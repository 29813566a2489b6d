"""Corrections over HTTP."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Response

from metrics_api.corrections import actions, queries
from metrics_api.corrections.queries import CorrectionFilter
from metrics_api.corrections.rules import CorrectionState
from metrics_api.corrections.schemas import (
    CorrectionCreate,
    CorrectionDecision,
    CorrectionOut,
    CorrectionPatch,
)
from metrics_api.slis.schemas import ObjectKey
from metrics_api.versioned.actions import versions_page
from shared.kit.auth import Principal, requires
from shared.kit.database import Session
from shared.kit.etag import IfMatch, set_etag
from shared.kit.idempotency import Idempotent
from shared.kit.pagination import PageQuery, page_of
from shared.kit.problems import problem_responses
from shared.kit.routing import Router
from shared.schemas.common import Key, Page

router = Router(prefix="/v1/corrections", tags=["corrections"])

MetricsRead = Annotated[Principal, requires("metrics:read")]
SlosWrite = Annotated[Principal, requires("slos:write")]
CorrectionsApprove = Annotated[Principal, requires("corrections:approve")]


@router.post("", status_code=201, operation_id="request_correction", responses=problem_responses())
async def request_correction(
    body: CorrectionCreate,
    session: Session,
    caller: SlosWrite,
    response: Response,
    _: Idempotent,
) -> CorrectionOut:
    """Ask that budgets are not charged for a stretch of time; it counts once it is approved."""
    correction = await actions.request_correction(session, caller, body)
    response.headers["Location"] = f"/v1/corrections/{correction.id}"
    return _tagged(correction, response)


@router.get("", operation_id="list_corrections", response_model=Page[CorrectionOut])
async def list_corrections(
    session: Session,
    caller: MetricsRead,
    page: PageQuery,
    service: Key | None = None,
    slo: ObjectKey | None = None,
    state: CorrectionState | None = None,
) -> Any:
    """Corrections, the latest start first."""
    rows = await queries.list_corrections(session, CorrectionFilter(service, slo, state), page)
    found = page_of(rows, page, lambda row: (row.start, row.id))
    return {**found, "items": [actions.out_of(row._mapping) for row in found["items"]]}


@router.get("/{correction}", operation_id="get_correction", responses=problem_responses(404))
async def get_correction(
    correction: UUID, session: Session, caller: MetricsRead, response: Response
) -> CorrectionOut:
    """A correction as it is now."""
    return _tagged(await queries.get_correction(session, correction), response)


@router.get(
    "/{correction}/versions",
    operation_id="list_correction_versions",
    response_model=Page[CorrectionOut],
    responses=problem_responses(404),
)
async def list_correction_versions(
    correction: UUID, session: Session, caller: MetricsRead, page: PageQuery
) -> Any:
    """Every version of a correction, newest first."""
    await queries.get_correction(session, correction)
    return await versions_page(session, queries.CORRECTIONS, correction, page)


@router.patch(
    "/{correction}",
    operation_id="change_correction",
    responses=problem_responses(404, 409, 412, 428),
)
async def change_correction(
    correction: UUID,
    body: CorrectionPatch,
    session: Session,
    caller: SlosWrite,
    expected: IfMatch,
    response: Response,
) -> CorrectionOut:
    """Change a correction that is still only requested."""
    changed = await actions.change_correction(session, caller, correction, body, expected)
    return _tagged(changed, response)


@router.post(
    "/{correction}/approve",
    operation_id="approve_correction",
    responses=problem_responses(404, 409, 412, 428),
)
async def approve_correction(
    correction: UUID,
    body: CorrectionDecision,
    session: Session,
    caller: CorrectionsApprove,
    expected: IfMatch,
    response: Response,
) -> CorrectionOut:
    """Put a correction into effect; another person than who requested it does so."""
    decision = (CorrectionState.APPROVED, body.note)
    decided = await actions.decide_correction(session, caller, correction, decision, expected)
    return _tagged(decided, response)


@router.post(
    "/{correction}/reject",
    operation_id="reject_correction",
    responses=problem_responses(404, 409, 412, 428),
)
async def reject_correction(
    correction: UUID,
    body: CorrectionDecision,
    session: Session,
    caller: CorrectionsApprove,
    expected: IfMatch,
    response: Response,
) -> CorrectionOut:
    """Refuse a correction; another person than who requested it does so."""
    decision = (CorrectionState.REJECTED, body.note)
    decided = await actions.decide_correction(session, caller, correction, decision, expected)
    return _tagged(decided, response)


@router.post(
    "/{correction}/revoke",
    operation_id="revoke_correction",
    responses=problem_responses(404, 409, 412, 428),
)
async def revoke_correction(
    correction: UUID,
    session: Session,
    caller: CorrectionsApprove,
    expected: IfMatch,
    response: Response,
) -> CorrectionOut:
    """Take a correction out of effect, also for the past."""
    revoked = await actions.revoke_correction(session, caller, correction, expected)
    return _tagged(revoked, response)


def _tagged(correction: Any, response: Response) -> CorrectionOut:
    set_etag(response, correction.version)
    return actions.out_of(correction._mapping)
