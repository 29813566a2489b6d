"""Asking the owners for what the outcomes are counted from, side by side, before any statement."""

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, TypeVar

from improvement_api.outcomes.rules import Cost, Outcome, Point, Window, points_of, retention
from improvement_api.providers import Providers
from shared.clients.catalog import CatalogClient
from shared.errors import ApiError

T = TypeVar("T")
PATIENCE = timedelta(seconds=20)
_AT_ONCE = 4
_ALL = "/v1/kpis/all"

Points = dict[str, list[Point]]


@dataclass(frozen=True)
class Answers:
    """What each owner said, or why it said nothing."""

    quarters: Points | str
    months: Points | str
    costs: list[Cost] | str
    retention: Outcome | str


async def ask(providers: Providers, window: Window) -> Answers:
    """Never raises for an owner that does not answer: what it would have said is a reason then."""
    return Answers(
        *await asyncio.gather(
            _told("metrics-api", _quarters(providers, window)),
            _told("metrics-api", _months(providers, window)),
            _told("catalog-api", _costs(providers.catalog, window)),
            _told("catalog-api", _retention(providers.catalog, window)),
        )
    )


async def _told(owner: str, question: Awaitable[T]) -> T | str:
    try:
        async with asyncio.timeout(PATIENCE.total_seconds()):
            return await question
    except ApiError as error:
        return f"{owner} could not be asked ({error.code})"
    except TimeoutError:
        return f"{owner} did not answer in time"
    except (LookupError, TypeError, ValueError, InvalidOperation):
        return f"{owner} answered in a shape that this release does not know"


async def _quarters(providers: Providers, window: Window) -> Points:
    quarters = window.quarters
    if len(quarters) < 2:
        return {}
    params = {"kpi": ["csat", "nps"], "periods": f"{quarters[0]},{quarters[-1]}"}
    return points_of(await providers.metrics.figures(_ALL, params, PATIENCE))


async def _months(providers: Providers, window: Window) -> Points:
    params = {
        "kpi": ["low_value_share", "unplanned_outages"],
        "grain": "month",
        "from": window.first.isoformat(),
        "to": _last_day(window).isoformat(),
    }
    return points_of(await providers.metrics.figures(_ALL, params, PATIENCE))


async def _costs(catalog: CatalogClient, window: Window) -> list[Cost]:
    quarters = window.quarters
    if len(quarters) < 2:
        return []
    free = asyncio.Semaphore(_AT_ONCE)

    async def of(portfolio: str) -> Cost:
        async with free:
            path = f"/v1/portfolios/{portfolio}/costs"
            first, last = [
                await catalog.document(path, {"period": quarter, "limit": 1}, PATIENCE)
                for quarter in (quarters[0], quarters[-1])
            ]
        return Cost(portfolio, first["currency"] or last["currency"], _own(first), _own(last))

    portfolios = [one["key"] async for one in catalog.iterate("/v1/portfolios")]
    return list(await asyncio.gather(*(of(portfolio) for portfolio in portfolios)))


def _own(costs: dict[str, Any]) -> Decimal | None:
    value = costs["own"]["value"]
    return None if value is None else Decimal(value)


async def _retention(catalog: CatalogClient, window: Window) -> Outcome:
    params = {"from": window.first.isoformat(), "to": _last_day(window).isoformat()}
    path = "/v1/reports/customer-retention"
    return retention(await catalog.document(path, params, PATIENCE))


def _last_day(window: Window) -> date:
    return window.until - timedelta(days=1)
