"""Every SQL statement about targets."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, func, insert, literal, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from metrics_api.as_of.relations import LIVE_BOOKS, Books
from metrics_api.targets.rules import HoldingTarget
from metrics_api.targets.tables import Target, TargetVersion
from metrics_api.versioned.queries import one_row
from shared.kit.database import rows_of
from shared.kit.pagination import PageParams, keyset
from shared.schemas.metrics import Comparator, KpiId

_COLUMNS = Target.__table__.c
_VERSION_COLUMNS = TargetVersion.__table__.c


@dataclass(frozen=True)
class TargetFilter:
    """Which targets; None asks for any. `valid_on` is a day on which they hold."""

    service: str | None
    kpi: KpiId | None
    valid_on: date | None


async def lock_targets(session: AsyncSession, service: str, kpi: str) -> None:
    """Let one change at a time decide whether the targets of a service and KPI overlap."""
    name = func.hashtextextended(literal(f"target\n{service}\n{kpi}"), 0)
    await session.execute(select(func.pg_advisory_xact_lock(name)))


async def overlapping_target(
    session: AsyncSession, target: Mapping[str, Any], but: UUID
) -> UUID | None:
    """Another target of the same service and KPI that holds on one of the same days."""
    statement = select(Target.id).where(
        Target.service == target["service"],
        Target.kpi == target["kpi"],
        Target.id != but,
        or_(Target.valid_to.is_(None), Target.valid_to >= target["valid_from"]),
        or_(Target.valid_to.is_(None), Target.valid_to >= Target.valid_from),
    )
    if target["valid_to"] is not None:
        statement = statement.where(Target.valid_from <= target["valid_to"])
    return await session.scalar(statement.limit(1))


async def insert_target(session: AsyncSession, target: Mapping[str, Any]) -> None:
    await session.execute(insert(Target).values(**target))
    await _keep_version(session, target)


async def replace_target(session: AsyncSession, target: Mapping[str, Any]) -> None:
    """Write a new version of a target."""
    await session.execute(update(Target).where(Target.id == target["id"]).values(**target))
    await _keep_version(session, target)


async def _keep_version(session: AsyncSession, target: Mapping[str, Any]) -> None:
    version = {("target_id" if name == "id" else name): value for name, value in target.items()}
    await session.execute(insert(TargetVersion).values(**version))


async def get_target(session: AsyncSession, target: UUID, *, lock: bool = False) -> Row[Any]:
    """One target, 404 if there is none; `lock` keeps others from changing it meanwhile."""
    statement = select(*_COLUMNS).where(Target.id == target)
    return await one_row(session, statement, "There is no such target", lock=lock)


async def list_targets(
    session: AsyncSession, wanted: TargetFilter, page: PageParams
) -> list[Row[Any]]:
    """Targets by service, KPI and first day, one more than the page holds."""
    statement = select(*_COLUMNS)
    if wanted.service is not None:
        statement = statement.where(Target.service == wanted.service)
    if wanted.kpi is not None:
        statement = statement.where(Target.kpi == wanted.kpi)
    if wanted.valid_on is not None:
        statement = statement.where(
            Target.valid_from <= wanted.valid_on,
            or_(Target.valid_to.is_(None), Target.valid_to >= wanted.valid_on),
        )
    order = [_COLUMNS.service, _COLUMNS.kpi, _COLUMNS.valid_from, _COLUMNS.id]
    return list((await session.execute(keyset(statement, order, page))).all())


async def list_versions(session: AsyncSession, target: UUID, page: PageParams) -> list[Row[Any]]:
    """Versions of a target, newest first, one more than the page holds."""
    columns = [
        column.label("id") if column.name == "target_id" else column for column in _VERSION_COLUMNS
    ]
    statement = select(*columns).where(TargetVersion.target_id == target)
    order = [_VERSION_COLUMNS.version.desc()]
    return list((await session.execute(keyset(statement, order, page))).all())


_HOLDING: Final = """
SELECT service, kpi, id, comparator, value FROM {target}
WHERE service = ANY(:services) AND (CAST(:kpis AS text[]) IS NULL OR kpi = ANY(:kpis))
  AND valid_from <= :day AND (valid_to IS NULL OR valid_to >= :day)
"""


async def targets_on(
    session: AsyncSession,
    day: date,
    services: Sequence[str],
    kpis: Sequence[KpiId] | None = None,
    books: Books = LIVE_BOOKS,
) -> dict[tuple[str, KpiId], HoldingTarget]:
    """The target that holds on a day, by service and KPI (None: any); at most one of each."""
    names = None if kpis is None else [kpi.value for kpi in kpis]
    parameters = {"services": list(services), "kpis": names, "day": day}
    rows = await rows_of(session, _HOLDING.format(target=books.target), parameters)
    return {
        (row.service, KpiId(row.kpi)): HoldingTarget(row.id, Comparator(row.comparator), row.value)
        for row in rows
    }
