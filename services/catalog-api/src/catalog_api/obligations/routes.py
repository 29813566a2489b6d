"""Obligations over HTTP."""

from datetime import date
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Query, Response

from catalog_api.obligations import actions, queries, rules
from catalog_api.obligations.queries import ObligationFilters
from catalog_api.obligations.rules import ObligationState
from catalog_api.obligations.schemas import (
    EvidenceCreate,
    ObligationCreate,
    ObligationOut,
    ObligationPatch,
)
from shared.kit.auth import Principal, requires
from shared.kit.clock import now
from shared.kit.database import Session
from shared.kit.etag import IfMatch, set_etag
from shared.kit.idempotency import Idempotent
from shared.kit.pagination import PageQuery, page_of
from shared.kit.problems import problem_responses
from shared.kit.routing import Router
from shared.schemas.common import Day, Key, Page, ShortText

router = Router(prefix="/v1/obligations", tags=["obligations"])

CatalogRead = Annotated[Principal, requires("catalog:read")]
CatalogWrite = Annotated[Principal, requires("catalog:write")]


async def _filters(
    service: Annotated[Key | None, Query()] = None,
    standard: Annotated[ShortText | None, Query()] = None,
    state: Annotated[ObligationState | None, Query()] = None,
    due_by: Annotated[Day | None, Query(description="due on this day or before")] = None,
    ended: Annotated[bool, Query(description="also those that need not be met any more")] = False,
) -> ObligationFilters:
    return ObligationFilters(service, standard, state, due_by, ended, now().date())


@router.post(
    "",
    status_code=201,
    operation_id="create_obligation",
    response_model=ObligationOut,
    responses=problem_responses(409),
)
async def create_obligation(
    body: ObligationCreate,
    session: Session,
    caller: CatalogWrite,
    response: Response,
    _: Idempotent,
) -> Any:
    """Record a clause of a standard or regulation that a service must meet."""
    obligation = await actions.create_obligation(session, caller, body)
    response.headers["Location"] = f"/v1/obligations/{obligation.id}"
    return _tagged(response, obligation)


@router.get("", operation_id="list_obligations", response_model=Page[ObligationOut])
async def list_obligations(
    session: Session,
    caller: CatalogRead,
    page: PageQuery,
    filters: Annotated[ObligationFilters, Depends(_filters)],
) -> Any:
    """Obligations by service, standard and clause, each judged by its evidence as of today."""
    listed = await queries.list_obligations(session, filters, page)
    found = page_of(listed, page, key=lambda row: (row.service, row.standard, row.clause))
    return {**found, "items": [_shown(row, filters.today) for row in found["items"]]}


@router.get(
    "/{obligation_id}",
    operation_id="get_obligation",
    response_model=ObligationOut,
    responses=problem_responses(404),
)
async def get_obligation(
    obligation_id: UUID, session: Session, caller: CatalogRead, response: Response
) -> Any:
    """One obligation with its evidence."""
    return _tagged(response, await queries.get_obligation(session, obligation_id))


@router.patch(
    "/{obligation_id}",
    operation_id="change_obligation",
    response_model=ObligationOut,
    responses=problem_responses(404, 412, 428),
)
async def change_obligation(
    obligation_id: UUID,
    body: ObligationPatch,
    session: Session,
    caller: CatalogWrite,
    expected: IfMatch,
    response: Response,
) -> Any:
    """Change the fields that are named; its state is computed and cannot be written."""
    changed = await actions.change_obligation(session, caller, obligation_id, body, expected)
    return _tagged(response, changed)


@router.post(
    "/{obligation_id}/evidence",
    status_code=201,
    operation_id="add_obligation_evidence",
    response_model=ObligationOut,
    responses=problem_responses(404, 409),
)
async def add_obligation_evidence(
    obligation_id: UUID,
    body: EvidenceCreate,
    session: Session,
    caller: CatalogWrite,
    response: Response,
    _: Idempotent,
) -> Any:
    """Add a document that shows the obligation met, until its last valid day."""
    obligation = await actions.add_evidence(session, caller, obligation_id, body)
    response.headers["Location"] = f"/v1/obligations/{obligation_id}"
    return _tagged(response, obligation)


@router.delete(
    "/{obligation_id}/evidence/{evidence_id}",
    status_code=204,
    operation_id="remove_obligation_evidence",
    responses=problem_responses(404),
)
async def remove_obligation_evidence(
    obligation_id: UUID, evidence_id: UUID, session: Session, caller: CatalogWrite
) -> None:
    """Take a piece of evidence away."""
    await actions.remove_evidence(session, caller, obligation_id, evidence_id)


def _tagged(response: Response, obligation: Any) -> dict[str, Any]:
    set_etag(response, obligation.revision)
    return _shown(obligation, now().date())


def _shown(obligation: Any, today: date) -> dict[str, Any]:
    ends = [one["valid_until"] for one in obligation.evidence]
    days = [None if end is None else date.fromisoformat(end) for end in ends]
    state = rules.state_of(days, obligation.warn_days, today)
    late = rules.overdue(state, obligation.due, today)
    return {**obligation._asdict(), "state": state, "overdue": late}
