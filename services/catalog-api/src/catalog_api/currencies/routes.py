"""Exchange rates over HTTP."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Query, Response

from catalog_api.currencies import actions, queries
from catalog_api.currencies.queries import RateFilters
from catalog_api.currencies.schemas import ExchangeRateCreate, ExchangeRateOut, ExchangeRatePatch
from catalog_api.money import Currency
from shared.kit.auth import Principal, requires
from shared.kit.database import Session
from shared.kit.etag import IfMatch, set_etag
from shared.kit.idempotency import Idempotent
from shared.kit.pagination import PageQuery, page_of
from shared.kit.problems import problem_responses
from shared.kit.routing import Router
from shared.schemas.common import Page

router = Router(prefix="/v1/exchange-rates", tags=["financials"])

CatalogRead = Annotated[Principal, requires("catalog:read")]
FinanceWrite = Annotated[Principal, requires("finance:write")]


async def rate_filters(
    from_currency: Annotated[Currency | None, Query()] = None,
    to_currency: Annotated[Currency | None, Query()] = None,
) -> RateFilters:
    return RateFilters(from_currency, to_currency)


Filters = Annotated[RateFilters, Depends(rate_filters)]


@router.post(
    "",
    status_code=201,
    operation_id="create_exchange_rate",
    response_model=ExchangeRateOut,
    responses=problem_responses(409),
)
async def create_exchange_rate(
    body: ExchangeRateCreate,
    session: Session,
    caller: FinanceWrite,
    response: Response,
    _: Idempotent,
) -> Any:
    """Say what a currency is worth in another from a day on. Months use the rate of their first."""
    rate = await actions.create_rate(session, caller, body)
    response.headers["Location"] = f"/v1/exchange-rates/{rate.id}"
    return _tagged(rate, response)


@router.get("", operation_id="list_exchange_rates", response_model=Page[ExchangeRateOut])
async def list_exchange_rates(
    session: Session, caller: CatalogRead, filters: Filters, page: PageQuery
) -> Any:
    """Exchange rates by pair and first day."""
    found = await queries.list_rates(session, filters, page)
    return page_of(
        found, page, key=lambda row: (row.from_currency, row.to_currency, row.valid_from)
    )


@router.get(
    "/{rate}",
    operation_id="get_exchange_rate",
    response_model=ExchangeRateOut,
    responses=problem_responses(404),
)
async def get_exchange_rate(
    rate: UUID, session: Session, caller: CatalogRead, response: Response
) -> Any:
    """One exchange rate."""
    return _tagged(await queries.get_rate(session, rate), response)


@router.patch(
    "/{rate}",
    operation_id="change_exchange_rate",
    response_model=ExchangeRateOut,
    responses=problem_responses(404, 412, 428),
)
async def change_exchange_rate(
    rate: UUID,
    body: ExchangeRatePatch,
    session: Session,
    caller: FinanceWrite,
    expected: IfMatch,
    response: Response,
) -> Any:
    """Correct a rate that was recorded wrongly; a new one is a new rate from its own day."""
    return _tagged(await actions.change_rate(session, caller, rate, body, expected), response)


@router.delete(
    "/{rate}",
    status_code=204,
    operation_id="remove_exchange_rate",
    responses=problem_responses(404),
)
async def remove_exchange_rate(rate: UUID, session: Session, caller: FinanceWrite) -> None:
    """Take back a rate that should not be there; the audit trail keeps it."""
    await actions.remove_rate(session, caller, rate)


def _tagged(rate: Any, response: Response) -> Any:
    set_etag(response, rate.revision)
    return rate
