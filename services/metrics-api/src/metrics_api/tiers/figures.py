"""Figures of KPIs as the tiers judge them."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from metrics_api.indicators.actions import Asked, kpis_of
from metrics_api.indicators.periods import Period
from metrics_api.indicators.scopes import LIVE, Relations, Scope, ScopeKind
from metrics_api.tiers.tree import Figure
from shared.kit.database import Session
from shared.schemas.metrics import KpiId


async def figures_of(
    session: Session,
    pairs: Sequence[tuple[KpiId, str]],
    period: Period,
    now: datetime,
    relations: Relations = LIVE,
) -> Mapping[tuple[KpiId, str], Figure]:
    """The figure of each (KPI, service) in a period; one read a service, whatever its KPIs."""
    by_service: dict[str, list[KpiId]] = {}
    for kpi, service in dict.fromkeys(pairs):
        by_service.setdefault(service, []).append(kpi)
    figures: dict[tuple[KpiId, str], Figure] = {}
    for service, kpis in by_service.items():
        scope = Scope(ScopeKind.SERVICE, service, (service,))
        for series in await kpis_of(session, Asked(scope, kpis, [period], None, now, relations)):
            (value,) = series.values
            reason = None if value.reason is None else value.reason.text
            figures[series.kpi, service] = Figure(value.value, value.count, reason)
    return figures
