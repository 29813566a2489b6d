"""Every SQL statement of the report on quality and cost."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from sqlalchemy import (
    Date,
    Numeric,
    Row,
    TableClause,
    Text,
    collate,
    column,
    or_,
    select,
    table,
)
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.types import TypeEngine

from metrics_api.as_of.relations import LIVE_BOOKS, Books
from shared.kit.pagination import PageParams, keyset
from shared.schemas.metrics import Comparator, KpiId, ReportTarget

_SERVICE: Final = {"key": Text, "name": Text, "portfolio": Text}
_TARGET: Final = {
    "service": Text,
    "kpi": Text,
    "comparator": Text,
    "value": Numeric,
    "valid_from": Date,
    "valid_to": Date,
}


@dataclass(frozen=True)
class ServiceFilter:
    """Which services; None asks for any."""

    portfolio: str | None


async def list_services(
    session: AsyncSession, wanted: ServiceFilter, page: PageParams, books: Books = LIVE_BOOKS
) -> Sequence[Row[Any]]:
    """Key and name of the catalog's services by key, one more than the page holds."""
    service = _table(books.service, _SERVICE).c
    statement = select(service.key, service.name)
    if wanted.portfolio is not None:
        statement = statement.where(service.portfolio == wanted.portfolio)
    order = [collate(service.key, "C")]
    return list((await session.execute(keyset(statement, order, page))).all())


async def targets_on(
    session: AsyncSession,
    services: Sequence[str],
    kpis: Sequence[KpiId],
    day: date,
    books: Books = LIVE_BOOKS,
) -> dict[tuple[str, KpiId], ReportTarget]:
    """The target that holds on a day, by service and KPI; at most one of each."""
    target = _table(books.target, _TARGET).c
    statement = select(target.service, target.kpi, target.comparator, target.value).where(
        target.service.in_(services),
        target.kpi.in_([kpi.value for kpi in kpis]),
        target.valid_from <= day,
        or_(target.valid_to.is_(None), target.valid_to >= day),
    )
    return {
        (row.service, KpiId(row.kpi)): ReportTarget(
            comparator=Comparator(row.comparator), value=float(row.value)
        )
        for row in await session.execute(statement)
    }


def _table(name: str, columns: Mapping[str, type[TypeEngine[Any]]]) -> TableClause:
    schema, _, bare = name.partition(".")
    return table(bare, *(column(each, type_) for each, type_ in columns.items()), schema=schema)
