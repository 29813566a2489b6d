"""The books of many services at once: what summaries of their costs need besides the accounts."""

from collections.abc import Sequence
from datetime import date
from fractions import Fraction

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncSession

from catalog_api import rows
from catalog_api.benchmarks.tables import Benchmark
from catalog_api.charging.rules import ChargeState
from catalog_api.charging.tables import Charge, Consumption
from catalog_api.costs.tables import CostItem
from catalog_api.financials.books import Published
from catalog_api.financials.rules import Money
from catalog_api.financials.summaries import SharedBooks, UsedSum
from catalog_api.registry.tables import Service
from catalog_api.rows import table_of
from shared.kit.pagination import PageParams

_service = table_of(Service).c
_item = table_of(CostItem).c
_used = table_of(Consumption).c
_charge = table_of(Charge).c
_benchmark = table_of(Benchmark).c


async def service_keys(session: AsyncSession, page: PageParams) -> list[str]:
    """Keys of all services in order, one more than the page holds."""
    found = await rows.list_rows(session, select(_service.key), [_service.key], page)
    return [row.key for row in found]


async def shared_books(
    session: AsyncSession, services: Sequence[str], first: date, end: date
) -> SharedBooks:
    """The books of these services, consumption and charges of the months in [first, end)."""
    return SharedBooks(
        currencies=await _currencies(session, services),
        used=await _consumption(session, services, first, end),
        recovered=await _recovered(session, services, first, end),
        benchmarks=await _benchmarks(session, services),
    )


async def _currencies(session: AsyncSession, services: Sequence[str]) -> dict[str, list[str]]:
    """Of the services' own cost items."""
    statement = select(_item.service_key, func.array_agg(_item.currency.distinct()))
    own = statement.where(_item.service_key.in_(services)).group_by(_item.service_key)
    return {row[0]: row[1] for row in await session.execute(own)}


async def _consumption(
    session: AsyncSession, services: Sequence[str], first: date, end: date
) -> dict[str, list[UsedSum]]:
    statement = (
        select(_used.service_key, _used.month, func.sum(_used.users), func.sum(_used.units))
        .where(_used.service_key.in_(services), _used.month >= first, _used.month < end)
        .group_by(_used.service_key, _used.month)
    )
    found: dict[str, list[UsedSum]] = {}
    for key, *used in await session.execute(statement):
        found.setdefault(key, []).append(UsedSum(*used))
    return found


async def _recovered(
    session: AsyncSession, services: Sequence[str], first: date, end: date
) -> dict[str, list[Money]]:
    statement = (
        select(_charge.service_key, _charge.month, _charge.currency, func.sum(_charge.amount))
        .where(
            _charge.service_key.in_(services),
            _charge.state == ChargeState.RECOVERED,
            _charge.month >= first,
            _charge.month < end,
        )
        .group_by(_charge.service_key, _charge.month, _charge.currency)
    )
    found: dict[str, list[Money]] = {}
    for key, month, currency, amount in await session.execute(statement):
        found.setdefault(key, []).append(Money(month, currency, Fraction(amount)))
    return found


async def _benchmarks(session: AsyncSession, services: Sequence[str]) -> dict[str, list[Published]]:
    """The newest of each measure and source."""
    which = (_benchmark.service_key, _benchmark.measure, _benchmark.source)
    statement = (
        select(*_benchmark)
        .where(_benchmark.service_key.in_(services))
        .ext(distinct_on(*which))
        .order_by(*which, _benchmark.published_on.desc(), _benchmark.id.desc())
    )
    found: dict[str, list[Published]] = {}
    for row in await session.execute(statement):
        found.setdefault(row.service_key, []).append(Published.model_validate(row))
    return found
