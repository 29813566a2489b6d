# ruff: noqa: S608 - every fragment is of our own making, every value a parameter
"""What a scope covers, what it is called, and whether it has any records at all."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from metrics_api.attribution.service_queries import service_name
from metrics_api.copies.queries import copies_of, customer_services
from metrics_api.copies.schemas import CustomerCopy, VendorProductCopy
from metrics_api.indicators.cell_queries import scope_parameters
from metrics_api.indicators.definitions import RecordKind
from metrics_api.indicators.scopes import LIVE, Relations, Scope, ScopeKind
from metrics_api.indicators.values import Presence
from shared.errors import NotFound
from shared.kit.database import Query

EVERYTHING: Final = Scope(ScopeKind.ALL, None, None)


class Named(NamedTuple):
    """A scope and what it is called; or the query of that, which fails if there is none such."""

    scope: Scope
    name: str | Query[str]


async def all_scope(session: AsyncSession, key: str, as_of: datetime | None = None) -> Named:
    """Every record there is."""
    return Named(EVERYTHING, "All records")


async def service_scope(session: AsyncSession, key: str, as_of: datetime | None = None) -> Named:
    """A name to be asked for along with the figures: one round trip less of what is asked most."""
    return Named(Scope(ScopeKind.SERVICE, key, (key,)), service_name(key, as_of))


async def portfolio_scope(session: AsyncSession, key: str, as_of: datetime | None = None) -> Named:
    """The services that are in the portfolio, or were by then; 404 when there is none."""
    statement = text(_IN_PORTFOLIO if as_of is None else _WERE_IN_PORTFOLIO)
    asked = {"key": key, "then": as_of}
    services = tuple((await session.scalars(statement, asked)).all())
    if not services:
        raise NotFound(f"No service is known of a portfolio {key}")
    return Named(Scope(ScopeKind.PORTFOLIO, key, services), key)


_IN_PORTFOLIO: Final = """
    SELECT key FROM metrics.service_copy WHERE portfolio = :key ORDER BY key COLLATE "C"
"""
_WERE_IN_PORTFOLIO: Final = """
    SELECT key FROM (
        SELECT DISTINCT ON (key) key, portfolio FROM metrics.service_version
        WHERE recorded_at <= :then ORDER BY key, revision DESC
    ) AS known WHERE portfolio = :key ORDER BY key COLLATE "C"
"""


async def customer_scope(session: AsyncSession, key: str, as_of: datetime | None = None) -> Named:
    """The services that the customer is or was engaged with; 404 when there is no such one."""
    found = await copies_of(session, "customer", CustomerCopy, keys=[key], as_of=as_of)
    if key not in found:
        raise NotFound(f"There is no customer {key}")
    services = tuple(await customer_services(session, key, as_of))
    return Named(Scope(ScopeKind.CUSTOMER, key, services), found[key].name)


async def vendor_product_scope(
    session: AsyncSession, key: str, as_of: datetime | None = None
) -> Named:
    """404 when the catalog never told of it."""
    found = await copies_of(session, "vendor_product", VendorProductCopy, keys=[key], as_of=as_of)
    if key not in found:
        raise NotFound(f"There is no vendor product {key}")
    return Named(Scope(ScopeKind.VENDOR_PRODUCT, key, None), found[key].name)


def _records(relations: Relations) -> Mapping[RecordKind, str]:
    return {
        RecordKind.INCIDENT: f"{relations.incident} r WHERE true",
        RecordKind.REQUEST: f"{relations.request_record} r WHERE true",
        RecordKind.CHANGE: f"{relations.change_record} r WHERE true",
        RecordKind.OUTAGE: f"{relations.outage} r WHERE true",
        RecordKind.SURVEY: f"{relations.survey} r WHERE true",
        RecordKind.PROBLEM: f"{relations.incident} r WHERE r.problem IS NOT NULL",
    }


def _condition(kind: ScopeKind) -> str:
    match kind:
        case ScopeKind.ALL:
            return "true"
        case ScopeKind.VENDOR_PRODUCT:
            return "r.vendor_product = CAST(:key AS text)"
        case _:
            return "r.service = ANY(CAST(:services AS text[]))"


def presence_of(
    scope: Scope, kinds: set[RecordKind], relations: Relations = LIVE
) -> Query[dict[RecordKind, Presence]]:
    """Of one kind of record or more: it stops at the first record of each."""
    ordered = sorted(kinds)
    records = _records(relations)
    columns = ", ".join(
        f"EXISTS (SELECT FROM {records[kind]} AND {_condition(scope.kind)}) AS known_{n},"
        f" EXISTS (SELECT FROM {records[kind]} AND r.service IS NULL) AS unattributed_{n}"
        for n, kind in enumerate(ordered)
    )

    def read(rows: list[Any]) -> dict[RecordKind, Presence]:
        (row,) = rows
        return {
            kind: Presence(row[2 * place], row[2 * place + 1]) for place, kind in enumerate(ordered)
        }

    return Query(f"SELECT {columns}", scope_parameters(scope), read)
