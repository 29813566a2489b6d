"""What services and portfolios cost, over HTTP."""

from datetime import date
from typing import Annotated, Any

from fastapi import Query

from catalog_api.financials import actions
from catalog_api.financials.periods import last_months, month_range, parse_period, plus_months
from catalog_api.financials.rules import total
from catalog_api.financials.schemas import CostTrend, PortfolioCosts, PortfolioRow, ServiceCosts
from catalog_api.financials.shown import (
    shown,
    shown_categories,
    shown_costs,
    shown_month,
    shown_period,
)
from catalog_api.money import Currency, Month, first_day
from catalog_api.registry.queries import require_service
from shared.kit.auth import Principal, requires
from shared.kit.clock import now
from shared.kit.database import Session
from shared.kit.pagination import PageParams, PageQuery, bad_cursor, page_of
from shared.kit.problems import problem_responses
from shared.kit.routing import Router
from shared.schemas.common import Key

router = Router(prefix="/v1", tags=["financials"])

CatalogRead = Annotated[Principal, requires("catalog:read")]
PeriodLabel = Annotated[
    str | None,
    Query(
        max_length=40,
        description="2026, 2026-Q1 or 2026-03; without: the present year",
        examples=["2026-Q1"],
    ),
]
AskedCurrency = Annotated[
    Currency | None,
    Query(description="default: the one currency in which the costs are kept, if it is one"),
]


@router.get(
    "/services/{key}/costs", operation_id="get_service_costs", responses=problem_responses(404)
)
async def get_service_costs(
    key: Key,
    session: Session,
    caller: CatalogRead,
    period: PeriodLabel = None,
    currency: AskedCurrency = None,
) -> ServiceCosts:
    """Own and full cost (TCO), unit cost, recovery and benchmarks; a figure, or why there is none.

    Each month is converted at the exchange rate of its first day.
    """
    today = now().date()
    asked = parse_period(period or f"{today.year}", today)
    await require_service(session, key)
    account = await actions.account_of(session, key, asked, currency)
    figures = account.over(asked)
    return shown_costs(figures, account.beside(figures))


@router.get(
    "/services/{key}/cost-trend", operation_id="get_cost_trend", responses=problem_responses(404)
)
async def get_cost_trend(
    key: Key,
    session: Session,
    caller: CatalogRead,
    first: Annotated[
        Month | None, Query(alias="from", description="default: a year before `to`")
    ] = None,
    last: Annotated[
        Month | None, Query(alias="to", description="default: the month before this")
    ] = None,
    currency: AskedCurrency = None,
) -> CostTrend:
    """Cost month by month, at most 60 months."""
    today = now().date()
    to = last_months(1, today).first if last is None else first_day(last)
    begin = _year_before(to) if first is None else first_day(first)
    months = month_range(begin, to, today)
    found = await actions.trend_of(session, key, months, currency)
    return CostTrend(
        service=key, currency=found[0].currency, months=[shown_month(one) for one in found]
    )


@router.get(
    "/portfolios/{key}/costs", operation_id="get_portfolio_costs", responses=problem_responses(404)
)
async def get_portfolio_costs(
    key: Key,
    session: Session,
    caller: CatalogRead,
    page: PageQuery,
    period: PeriodLabel = None,
    currency: AskedCurrency = None,
) -> PortfolioCosts:
    """What the services of a portfolio cost; each own cost counts once, however they are linked."""
    today = now().date()
    asked = parse_period(period or f"{today.year}", today)
    figures = await actions.portfolio_cost_of(session, key, asked, currency)
    keys = _page_of_keys(figures.services, page)
    rows = [
        PortfolioRow(service=one, own=shown(figures.own_of[one]), full=shown(figures.full_of[one]))
        for one in keys
    ]
    found = page_of(rows, page, key=lambda row: (row.service,))
    return PortfolioCosts(
        portfolio=key,
        period=shown_period(asked),
        currency=figures.currency,
        services=len(figures.services),
        own=shown(figures.own),
        own_by_category=shown_categories(figures.own_by_category),
        from_outside=shown(figures.from_outside),
        total=shown(total([figures.own, figures.from_outside])),
        rows=found["items"],
        next_cursor=found["next_cursor"],
    )


def _year_before(to: date) -> date:
    return plus_months(to, -11) if to >= date(1901, 1, 1) else date(1900, 1, 1)


def _page_of_keys(keys: Any, page: PageParams) -> list[str]:
    """Keys after the cursor, one more than the page holds."""
    after = ("",) if page.after is None else page.after
    if len(after) != 1 or not isinstance(after[0], str):
        raise bad_cursor()
    return [key for key in keys if key > after[0]][: page.limit + 1]
