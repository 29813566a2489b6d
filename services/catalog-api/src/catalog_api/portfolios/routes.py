"""Portfolios over HTTP."""

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import Body, Query, Response

from catalog_api.portfolios import actions, queries, rules, upserts
from catalog_api.portfolios.schemas import PortfolioPatch, PortfolioUpserts
from catalog_api.registry.queries import stage_counts
from catalog_api.registry.schemas import UpsertReply
from shared.kit.auth import Principal, requires
from shared.kit.database import Session
from shared.kit.etag import IfMatch, set_etag
from shared.kit.idempotency import Idempotent
from shared.kit.pagination import PageQuery, page_of
from shared.kit.problems import problem_responses
from shared.kit.routing import Router
from shared.schemas.catalog import PortfolioCreate, PortfolioOut
from shared.schemas.common import Key, Page

router = Router(prefix="/v1/portfolios", tags=["portfolios"])

CatalogRead = Annotated[Principal, requires("catalog:read")]
CatalogWrite = Annotated[Principal, requires("catalog:write")]


@router.post("", status_code=201, operation_id="create_portfolio", responses=problem_responses(409))
async def create_portfolio(
    body: PortfolioCreate,
    session: Session,
    caller: CatalogWrite,
    response: Response,
    _: Idempotent,
) -> PortfolioOut:
    """Create a portfolio; without a key it gets the slug of its name."""
    portfolio = await actions.create_portfolio(session, caller, body)
    response.headers["Location"] = f"/v1/portfolios/{portfolio.key}"
    return await _tagged(session, portfolio, response)


@router.post(
    "/bulk",
    operation_id="upsert_portfolios",
    response_model=UpsertReply,
    responses=problem_responses(409),
)
async def upsert_portfolios(
    body: Annotated[PortfolioUpserts, Body()],
    session: Session,
    caller: CatalogWrite,
    dry_run: Annotated[bool, Query(description="only show what would change")] = False,
) -> UpsertReply:
    """Create and change portfolios by key: all of them, or none and every bad item is named.

    It takes what `GET /v1/export/portfolios` gives.
    """
    return await upserts.upsert_portfolios(session, caller, body, dry_run=dry_run)


@router.get("", operation_id="list_portfolios", response_model=Page[PortfolioOut])
async def list_portfolios(session: Session, caller: CatalogRead, page: PageQuery) -> Any:
    """Portfolios by key."""
    rows = await queries.list_portfolios(session, page)
    found = page_of(rows, page, key=lambda row: (row.key,))
    return {**found, "items": await _counted(session, found["items"])}


@router.get("/{key}", operation_id="get_portfolio", responses=problem_responses(404))
async def get_portfolio(
    key: Key, session: Session, caller: CatalogRead, response: Response
) -> PortfolioOut:
    """A portfolio with the number of its services in the pipeline, live and retired."""
    return await _tagged(session, await queries.get_portfolio(session, key), response)


@router.patch("/{key}", operation_id="change_portfolio", responses=problem_responses(404, 412, 428))
async def change_portfolio(
    key: Key,
    body: PortfolioPatch,
    session: Session,
    caller: CatalogWrite,
    expected: IfMatch,
    response: Response,
) -> PortfolioOut:
    """Change the fields that are named."""
    portfolio = await actions.change_portfolio(session, caller, key, body, expected)
    return await _tagged(session, portfolio, response)


async def _tagged(session: Session, portfolio: Any, response: Response) -> PortfolioOut:
    set_etag(response, portfolio.revision)
    return (await _counted(session, [portfolio]))[0]


async def _counted(session: Session, portfolios: Sequence[Any]) -> list[PortfolioOut]:
    """Portfolios with their services counted by phase."""
    counts = await stage_counts(session, [portfolio.key for portfolio in portfolios])
    return [
        PortfolioOut.model_validate(
            {**portfolio._asdict(), "services": rules.phase_counts(counts[portfolio.key])}
        )
        for portfolio in portfolios
    ]
