# ruff: noqa: S608 - every fragment is of our own making, every value a parameter
"""Every SQL statement of the copies."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, TypeVar
from uuid import UUID

from sqlalchemy import Text, TextClause, func, insert, literal, select, text, update
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession

from metrics_api.copies.rules import Differences
from metrics_api.copies.schemas import BenchmarkCopy
from metrics_api.copies.tables import CatalogCopy
from shared.kit.database import rows_of
from shared.schemas.common import Out

Copied = TypeVar("Copied", bound=Out)


async def copies_of(
    session: AsyncSession,
    kind: str,
    model: type[Copied],
    *,
    keys: Sequence[str] | None = None,
    as_of: datetime | None = None,
) -> dict[str, Copied]:
    """Copies of a kind by key, in the order of their keys; `as_of`: as they were known then."""
    statement = f"""
    SELECT key, data FROM metrics.catalog_copy
    WHERE kind = :kind AND {WAS_KNOWN if as_of else IS_KNOWN}
      {"" if keys is None else "AND key = ANY (CAST(:keys AS text[]))"}
    ORDER BY key"""
    asked = {"kind": kind, "keys": keys, "as_of": as_of}
    rows = await rows_of(session, statement, asked)
    return {key: model.model_validate(data) for key, data in rows}


IS_KNOWN: Final = "ended_at IS NULL"
WAS_KNOWN: Final = "recorded_at <= :as_of AND (ended_at IS NULL OR ended_at > :as_of)"
"""SQL of the copies that hold now, and that held at the moment `:as_of`."""


def known_at(as_of: datetime | None) -> TextClause:
    return text(IS_KNOWN) if as_of is None else text(WAS_KNOWN).bindparams(as_of=as_of)


async def customer_services(
    session: AsyncSession, customer: str, as_of: datetime | None = None
) -> list[str]:
    """Keys of the services that a customer is or was engaged with, in order."""
    service = CatalogCopy.data["service"].astext
    statement = (
        select(service)
        .where(
            CatalogCopy.kind == "engagement",
            CatalogCopy.data["customer"].astext == customer,
            known_at(as_of),
        )
        .group_by(service)
        .order_by(func.min(service))
    )
    return list((await session.scalars(statement)).all())


async def benchmarks_of(
    session: AsyncSession, services: Sequence[str], as_of: datetime | None = None
) -> dict[str, dict[UUID, BenchmarkCopy]]:
    """The benchmarks of each of these services by their ids; services without are left out.

    `as_of`: as they were known then.
    """
    statement = select(CatalogCopy.key, CatalogCopy.data).where(
        CatalogCopy.kind == "benchmark",
        CatalogCopy.data["service"].astext.in_(services),
        known_at(as_of),
    )
    found: dict[str, dict[UUID, BenchmarkCopy]] = {}
    for key, data in await session.execute(statement):
        benchmark = BenchmarkCopy.model_validate(data)
        found.setdefault(benchmark.service, {})[UUID(key.rpartition("/")[2])] = benchmark
    return found


async def is_copied_agreement(session: AsyncSession, key: str) -> bool:
    """Whether the catalog ever told of any version of an agreement."""
    found = CatalogCopy.key.startswith(f"{key}@", autoescape=True)
    statement = select(CatalogCopy.id).where(CatalogCopy.kind == "agreement_version", found)
    return await session.scalar(statement.limit(1)) is not None


async def present_digests(session: AsyncSession, kind: str) -> dict[str, bytes]:
    """Digests of the copies of a kind that hold now, by key; locked until the transaction ends."""
    statement = (
        select(CatalogCopy.key, CatalogCopy.digest)
        .where(CatalogCopy.kind == kind, CatalogCopy.ended_at.is_(None))
        .with_for_update()
    )
    rows = await session.execute(statement)
    return {row.key: row.digest for row in rows}


async def write_differences(
    session: AsyncSession, kind: str, changed: Differences, at: datetime
) -> None:
    """End what holds no longer and record what holds from now on; what was known stays known."""
    if changed.ended:
        present = CatalogCopy.ended_at.is_(None) & (CatalogCopy.kind == kind)
        await session.execute(
            update(CatalogCopy)
            .where(present, CatalogCopy.key == func.any(literal(changed.ended, ARRAY(Text))))
            .values(ended_at=at)
        )
    if changed.recorded:
        rows = [
            {
                "kind": kind,
                "key": copy.key,
                "data": dict(copy.data),
                "digest": copy.digest,
                "recorded_at": at,
            }
            for copy in changed.recorded
        ]
        await session.execute(insert(CatalogCopy), rows)
