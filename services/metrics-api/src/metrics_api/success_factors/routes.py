"""HTTP of critical success factors."""

from typing import Annotated, Any

from fastapi import Request, Response

from metrics_api.as_of.knowing import known
from metrics_api.success_factors import actions, queries
from metrics_api.success_factors.queries import FactorFilter
from metrics_api.success_factors.schemas import (
    FactorStatus,
    SuccessFactorCreate,
    SuccessFactorOut,
    SuccessFactorPatch,
)
from metrics_api.tiers.parameters import PeriodQuery
from metrics_api.versioned.actions import versions_page
from shared.kit.auth import Principal, requires
from shared.kit.database import Session
from shared.kit.etag import IfMatch, set_etag
from shared.kit.idempotency import Idempotent
from shared.kit.pagination import PageQuery, page_of
from shared.kit.problems import problem_responses
from shared.kit.routing import Router
from shared.schemas.common import Key, Page

router = Router(prefix="/v1", tags=["success factors"])

MetricsRead = Annotated[Principal, requires("metrics:read")]
TiersWrite = Annotated[Principal, requires("tiers:write")]


@router.post(
    "/success-factors",
    status_code=201,
    operation_id="create_success_factor",
    responses=problem_responses(409),
)
async def create_success_factor(
    body: SuccessFactorCreate,
    session: Session,
    caller: TiersWrite,
    response: Response,
    _: Idempotent,
) -> SuccessFactorOut:
    """Define what must go well, and the KPIs by which it is seen."""
    factor = await actions.create_factor(session, caller, body)
    response.headers["Location"] = f"/v1/success-factors/{factor.key}"
    return _tagged(factor, response)


@router.get(
    "/success-factors", operation_id="list_success_factors", response_model=Page[SuccessFactorOut]
)
async def list_success_factors(
    session: Session,
    caller: MetricsRead,
    page: PageQuery,
    objective: Key | None = None,
    kra: Key | None = None,
    service: Key | None = None,
    active: bool | None = None,
) -> Any:
    """Critical success factors by key."""
    wanted = FactorFilter(objective, kra, service, active)
    rows = await queries.list_factors(session, wanted, page)
    return page_of(rows, page, key=lambda row: (row.key,))


@router.get(
    "/success-factors/{key}", operation_id="get_success_factor", responses=problem_responses(404)
)
async def get_success_factor(
    key: Key, session: Session, caller: MetricsRead, response: Response
) -> SuccessFactorOut:
    """One critical success factor."""
    return _tagged(await queries.get_factor(session, key), response)


@router.get(
    "/success-factors/{key}/versions",
    operation_id="list_success_factor_versions",
    response_model=Page[SuccessFactorOut],
    responses=problem_responses(404),
)
async def list_success_factor_versions(
    key: Key, session: Session, caller: MetricsRead, page: PageQuery
) -> Any:
    """Every version of a critical success factor that was kept, newest first."""
    await queries.get_factor(session, key)
    return await versions_page(session, queries.FACTORS, key, page)


@router.patch(
    "/success-factors/{key}",
    operation_id="change_success_factor",
    responses=problem_responses(404, 412, 428),
)
async def change_success_factor(
    key: Key,
    body: SuccessFactorPatch,
    session: Session,
    caller: TiersWrite,
    expected: IfMatch,
    response: Response,
) -> SuccessFactorOut:
    """Change the fields that are named; give it up by `active: false`."""
    return _tagged(await actions.change_factor(session, caller, key, body, expected), response)


@router.get(
    "/success-factors/{key}/status",
    operation_id="get_success_factor_status",
    responses=problem_responses(404),
)
async def get_success_factor_status(
    key: Key, request: Request, session: Session, caller: MetricsRead, asked: PeriodQuery
) -> FactorStatus:
    """Whether its KPIs met their targets in a period."""
    async with known(session, request.app.state.engine, asked.as_of) as seen:
        factor = await queries.get_factor_then(seen, key, asked.as_of)
        (status,) = await actions.judged(seen, [factor], asked)
    return status


def _tagged(factor: Any, response: Response) -> SuccessFactorOut:
    set_etag(response, factor.version)
    return SuccessFactorOut.model_validate(factor)
