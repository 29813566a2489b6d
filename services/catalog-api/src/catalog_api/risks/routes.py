"""The risk register over HTTP."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Query, Response

from catalog_api.risks import actions, queries, rules
from catalog_api.risks.queries import RiskFilters
from catalog_api.risks.rules import RiskSource, RiskState
from catalog_api.risks.schemas import (
    RiskAcceptance,
    RiskClosure,
    RiskCreate,
    RiskOut,
    RiskPatch,
)
from shared.kit.auth import Principal, requires, requires_any
from shared.kit.clock import now
from shared.kit.database import Session
from shared.kit.etag import IfMatch, set_etag
from shared.kit.idempotency import Idempotent
from shared.kit.pagination import PageQuery, page_of
from shared.kit.problems import problem_responses
from shared.kit.routing import Router
from shared.schemas.catalog import Subject
from shared.schemas.common import Key, Page

router = Router(prefix="/v1/risks", tags=["risks"])

CatalogRead = Annotated[Principal, requires("catalog:read")]
CatalogWrite = Annotated[Principal, requires("catalog:write")]
RisksRaise = Annotated[Principal, requires_any("catalog:write", "risks:raise")]
ApprovalsWrite = Annotated[Principal, requires("approvals:write")]


async def _filters(
    service: Annotated[Key | None, Query()] = None,
    portfolio: Annotated[Key | None, Query()] = None,
    state: Annotated[RiskState | None, Query()] = None,
    min_score: Annotated[int | None, Query(ge=1, le=25)] = None,
    owner: Annotated[Subject | None, Query()] = None,
    source: Annotated[RiskSource | None, Query()] = None,
    roadmap_item: Annotated[Key | None, Query(description="treated by this item")] = None,
    review_overdue: Annotated[
        bool | None, Query(description="not closed, and past their review date")
    ] = None,
) -> RiskFilters:
    return RiskFilters(
        service,
        portfolio,
        state,
        min_score,
        owner,
        source,
        roadmap_item,
        review_overdue,
        today=now().date(),
    )


@router.post(
    "",
    status_code=201,
    operation_id="create_risk",
    response_model=RiskOut,
    responses=problem_responses(409),
)
async def create_risk(
    body: RiskCreate, session: Session, caller: RisksRaise, response: Response, _: Idempotent
) -> Any:
    """Record a risk of a service or a portfolio.

    A trend raises one risk: 409 `risk_raised_already` while that one is not closed. With
    `risks:raise` alone only trends are recorded.
    """
    risk = await actions.create_risk(session, caller, body)
    response.headers["Location"] = f"/v1/risks/{risk.id}"
    return _tagged(response, risk)


@router.get("", operation_id="list_risks", response_model=Page[RiskOut])
async def list_risks(
    session: Session,
    caller: CatalogRead,
    page: PageQuery,
    filters: Annotated[RiskFilters, Depends(_filters)],
) -> Any:
    """Risks, the highest score first."""
    found = page_of(
        await queries.list_risks(session, filters, page), page, key=lambda row: (row.score, row.id)
    )
    return {**found, "items": [_shown(row) for row in found["items"]]}


@router.get(
    "/{risk_id}",
    operation_id="get_risk",
    response_model=RiskOut,
    responses=problem_responses(404),
)
async def get_risk(risk_id: UUID, session: Session, caller: CatalogRead, response: Response) -> Any:
    """One risk."""
    return _tagged(response, await queries.get_risk(session, risk_id))


@router.patch(
    "/{risk_id}",
    operation_id="change_risk",
    response_model=RiskOut,
    responses=problem_responses(404, 409, 412, 428),
)
async def change_risk(
    risk_id: UUID,
    body: RiskPatch,
    session: Session,
    caller: CatalogWrite,
    expected: IfMatch,
    response: Response,
) -> Any:
    """Change the fields that are named; a closed risk stays, an accepted one grows no higher."""
    return _tagged(response, await actions.change_risk(session, caller, risk_id, body, expected))


@router.post(
    "/{risk_id}/treatment",
    operation_id="treat_risk",
    response_model=RiskOut,
    responses=problem_responses(404, 409),
)
async def treat_risk(
    risk_id: UUID, session: Session, caller: CatalogWrite, response: Response
) -> Any:
    """Say that the treatment is in place; 409 `treatment_missing` while none is written down."""
    return _tagged(response, await actions.treat_risk(session, caller, risk_id))


@router.post(
    "/{risk_id}/closure",
    operation_id="close_risk",
    response_model=RiskOut,
    responses=problem_responses(404, 409),
)
async def close_risk(
    risk_id: UUID, body: RiskClosure, session: Session, caller: CatalogWrite, response: Response
) -> Any:
    """Close a treated risk."""
    return _tagged(response, await actions.close_risk(session, caller, risk_id, body.reason))


@router.post(
    "/{risk_id}/acceptance",
    operation_id="accept_risk",
    response_model=RiskOut,
    responses=problem_responses(404, 409),
)
async def accept_risk(
    risk_id: UUID,
    body: RiskAcceptance,
    session: Session,
    caller: ApprovalsWrite,
    response: Response,
) -> Any:
    """Accept a risk in person until a day, after which it is open again.

    Needs the role risk_owner, service_owner or portfolio_manager.
    """
    return _tagged(response, await actions.accept_risk(session, caller, risk_id, body))


def _tagged(response: Response, risk: Any) -> dict[str, Any]:
    set_etag(response, risk.revision)
    return _shown(risk)


def _shown(risk: Any) -> dict[str, Any]:
    overdue = rules.review_overdue(risk.review_date, risk.state, now().date())
    return {**risk._asdict(), "level": rules.level_of(risk.score), "review_overdue": overdue}
