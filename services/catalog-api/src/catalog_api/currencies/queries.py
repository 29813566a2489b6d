"""Every SQL statement about exchange rates."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, and_, delete, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from catalog_api import rows
from catalog_api.currencies.rules import Rate, RateTable, rate_table
from catalog_api.currencies.tables import ExchangeRate
from shared.kit.pagination import PageParams

_rate = ExchangeRate.__table__.c


@dataclass(frozen=True)
class RateFilters:
    """Each filter that is given narrows the list."""

    from_currency: str | None
    to_currency: str | None


async def insert_rate(session: AsyncSession, values: Mapping[str, Any]) -> bool:
    """Add a rate; False when the pair has one from that day."""
    return await rows.insert_row(session, ExchangeRate, values)


async def get_rate(session: AsyncSession, rate: UUID, *, lock: bool = False) -> Row[Any]:
    """One rate; 404 if there is none."""
    statement = select(*_rate).where(_rate.id == rate)
    return await rows.get_row(session, statement, f"There is no exchange rate {rate}", lock=lock)


async def list_rates(
    session: AsyncSession, filters: RateFilters, page: PageParams
) -> list[Row[Any]]:
    """Rates by pair and day, one more than the page holds."""
    own = (
        (_rate.from_currency, filters.from_currency),
        (_rate.to_currency, filters.to_currency),
    )
    conditions = [column == value for column, value in own if value is not None]
    order = [_rate.from_currency, _rate.to_currency, _rate.valid_from]
    return await rows.list_rows(session, select(*_rate).where(*conditions), order, page)


async def change_rate(session: AsyncSession, rate: UUID, values: Mapping[str, Any]) -> None:
    """Set the rate itself."""
    await rows.change_row(session, ExchangeRate, _rate.id == rate, values)


async def delete_rate(session: AsyncSession, rate: UUID) -> None:
    """Take a rate away."""
    await session.execute(delete(ExchangeRate).where(_rate.id == rate))


async def rates_into(
    session: AsyncSession, currency: str, others: Collection[str], until: date
) -> RateTable:
    """The rates between a currency and others, either way round, that begin by a day."""
    if not set(others) - {currency}:
        return {}
    pair: ColumnElement[bool] = or_(
        and_(_rate.to_currency == currency, _rate.from_currency.in_(others)),
        and_(_rate.from_currency == currency, _rate.to_currency.in_(others)),
    )
    return await _rates(session, pair, until)


async def rates_among(session: AsyncSession, currencies: Collection[str], until: date) -> RateTable:
    """The rates between any two of these currencies that begin by a day."""
    if len(set(currencies)) < 2:
        return {}
    among = _rate.to_currency.in_(currencies) & _rate.from_currency.in_(currencies)
    return await _rates(session, among, until)


async def _rates(session: AsyncSession, pair: ColumnElement[bool], until: date) -> RateTable:
    statement = select(_rate.from_currency, _rate.to_currency, _rate.valid_from, _rate.rate).where(
        pair, _rate.valid_from <= until
    )
    return rate_table(Rate(*row) for row in await session.execute(statement))
