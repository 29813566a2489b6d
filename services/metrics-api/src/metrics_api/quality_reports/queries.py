"""Every SQL statement of the report on quality and cost."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Row, Text, collate, column, select, table
from sqlalchemy.ext.asyncio import AsyncSession

from metrics_api.as_of.relations import LIVE_BOOKS, Books
from shared.kit.pagination import PageParams, keyset

_SERVICE: Final = ("key", "name", "portfolio")


@dataclass(frozen=True)
class ServiceFilter:
    """Which services; None asks for any."""

    portfolio: str | None


async def list_services(
    session: AsyncSession, wanted: ServiceFilter, page: PageParams, books: Books = LIVE_BOOKS
) -> Sequence[Row[Any]]:
    """Key and name of the catalog's services by key, one more than the page holds."""
    schema, _, name = books.service.partition(".")
    service = table(name, *(column(each, Text) for each in _SERVICE), schema=schema).c
    statement = select(service.key, service.name)
    if wanted.portfolio is not None:
        statement = statement.where(service.portfolio == wanted.portfolio)
    order = [collate(service.key, "C")]
    return list((await session.execute(keyset(statement, order, page))).all())
