"""Every SQL statement of the report on quality and cost."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Row, collate, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from metrics_api.attribution.tables import ServiceCopy
from metrics_api.targets.tables import Target
from shared.kit.pagination import PageParams, keyset
from shared.schemas.metrics import Comparator, KpiId, ReportTarget


@dataclass(frozen=True)
class ServiceFilter:
    """Which services; None asks for any."""

    portfolio: str | None


async def list_services(
    session: AsyncSession, wanted: ServiceFilter, page: PageParams
) -> Sequence[Row[Any]]:
    """Key and name of the catalog's services by key, one more than the page holds."""
    columns: list[Any] = [ServiceCopy.key, ServiceCopy.name]
    statement = select(*columns)
    if wanted.portfolio is not None:
        statement = statement.where(ServiceCopy.portfolio == wanted.portfolio)
    order = [collate(ServiceCopy.key, "C")]
    return list((await session.execute(keyset(statement, order, page))).all())


async def targets_on(
    session: AsyncSession, services: Sequence[str], kpis: Sequence[KpiId], day: date
) -> dict[tuple[str, KpiId], ReportTarget]:
    """The target that holds on a day, by service and KPI; at most one of each."""
    statement = select(Target.service, Target.kpi, Target.comparator, Target.value).where(
        Target.service.in_(services),
        Target.kpi.in_([kpi.value for kpi in kpis]),
        Target.valid_from <= day,
        or_(Target.valid_to.is_(None), Target.valid_to >= day),
    )
    return {
        (row.service, KpiId(row.kpi)): ReportTarget(
            comparator=Comparator(row.comparator), value=float(row.value)
        )
        for row in await session.execute(statement)
    }
