"""Every SQL statement about portfolios."""

from collections.abc import Collection, Mapping
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Row, ScalarSelect, Select, bindparam, cast, select, update
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.ext.asyncio import AsyncSession

from catalog_api.portfolios.tables import Portfolio
from catalog_api.registry.tables import Service
from shared.errors import NotFound
from shared.kit.database import Query, rows_of
from shared.kit.pagination import PageParams, keyset

_portfolio = Portfolio.__table__.c
_service = Service.__table__.c


def name_of(key: ColumnElement[str]) -> ScalarSelect[str]:
    """The name of the portfolio whose key a column of another statement holds."""
    return select(_portfolio.name).where(_portfolio.key == key).scalar_subquery()


async def insert_portfolio(session: AsyncSession, values: Mapping[str, Any]) -> bool:
    """Add a portfolio; False when its key is taken."""
    statement = (
        insert(Portfolio).values(**values).on_conflict_do_nothing().returning(_portfolio.key)
    )
    return await session.scalar(statement) is not None


async def get_portfolio(session: AsyncSession, key: str, *, lock: bool = False) -> Row[Any]:
    """One portfolio, 404 if there is none; `lock` keeps others from changing it meanwhile."""
    found = await rows_of(session, _portfolio_by_key(lock=lock), {"portfolio": key})
    if not found:
        raise NotFound(f"There is no portfolio {key}")
    row: Row[Any] = found[0]
    return row


def portfolio_of(service: str) -> Query[Row[Any]]:
    """The portfolio of a service that is there."""
    return Query(_portfolio_of(), {"service": service}, lambda rows: rows[0])


@cache
def _portfolio_of() -> Select[Any]:
    own = select(_service.portfolio_key).where(_service.key == bindparam("service"))
    return select(*_portfolio).where(_portfolio.key == own.scalar_subquery())


@cache
def _portfolio_by_key(*, lock: bool) -> Select[Any]:
    statement = select(*_portfolio).where(_portfolio.key == bindparam("portfolio"))
    return statement.with_for_update() if lock else statement


async def lock_portfolios(session: AsyncSession, keys: Collection[str]) -> dict[str, Row[Any]]:
    """Those of the keys that are there, in their order, so that two bulks cannot deadlock."""
    statement = (
        select(*_portfolio)
        .where(_portfolio.key.in_(keys))
        .order_by(_portfolio.key)
        .with_for_update()
    )
    return {row.key: row for row in await session.execute(statement)}


async def list_portfolios(session: AsyncSession, page: PageParams) -> list[Row[Any]]:
    """Portfolios by key, one more than the page holds."""
    return list((await session.execute(keyset(select(*_portfolio), [_portfolio.key], page))).all())


async def known_keys(session: AsyncSession, keys: Collection[str]) -> set[str]:
    """Which of these keys are portfolios."""
    return set(await session.scalars(select(_portfolio.key).where(_portfolio.key.in_(keys))))


async def taken_keys_like(session: AsyncSession, base: str) -> set[str]:
    """The key itself and its numbered variants, as far as they are taken."""
    variants = _portfolio.key.like(f"{base}-%") | (_portfolio.key == base)
    return set(await session.scalars(select(_portfolio.key).where(variants)))


async def change_portfolio(
    session: AsyncSession, key: str, values: Mapping[str, Any], now: datetime
) -> None:
    """Set fields, count the revision up and note when each field changed."""
    stamps = dict.fromkeys(values, now.isoformat())
    await session.execute(
        update(Portfolio)
        .where(_portfolio.key == key)
        .values(
            **values,
            revision=_portfolio.revision + 1,
            updated_at=now,
            changed_at=_portfolio.changed_at.concat(cast(stamps, JSONB)),
        )
    )
