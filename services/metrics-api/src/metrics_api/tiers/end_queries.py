# ruff: noqa: S608 - every fragment is of our own making, every value a parameter
"""What the ends of the links are: services, targets, SLOs, SLIs, infrastructure events."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from metrics_api.copies.schemas import VitalSupportCopy
from metrics_api.copies.tables import CatalogCopy
from metrics_api.indicators.scopes import LIVE, Relations
from metrics_api.slis.rules import SliState
from metrics_api.slis.tables import Sli
from metrics_api.slos.rules import SloState
from metrics_api.slos.tables import Slo, SloObjective
from metrics_api.targets.tables import Target
from metrics_api.tiers.rules import BAD_SEVERITIES, MILD_SEVERITIES
from shared.errors import NotFound


async def known_targets(session: AsyncSession, ids: Sequence[str]) -> set[str]:
    """Those of these ids that are targets."""
    parsed = [one for one in map(_uuid, ids) if one is not None]
    statement = select(Target.id).where(Target.id.in_(parsed))
    return {str(one) for one in await session.scalars(statement)}


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


async def known_slos(session: AsyncSession, keys: Sequence[str]) -> set[str]:
    """Those of these keys that are active SLOs."""
    statement = select(Slo.key).where(Slo.key.in_(keys), Slo.state == SloState.ACTIVE.value)
    return set(await session.scalars(statement))


async def known_slis(session: AsyncSession, keys: Sequence[str]) -> set[str]:
    """Those of these keys that are active SLIs."""
    statement = select(Sli.key).where(Sli.key.in_(keys), Sli.state == SliState.ACTIVE.value)
    return set(await session.scalars(statement))


async def slos_of_services(session: AsyncSession, services: Sequence[str]) -> list[str]:
    """Keys of the active SLOs of these services."""
    statement = select(Slo.key).where(Slo.service.in_(services), Slo.state == SloState.ACTIVE.value)
    return list(await session.scalars(statement.order_by(Slo.key)))


async def slos_on_slis(session: AsyncSession, slis: Sequence[str]) -> list[str]:
    """Keys of the active SLOs that look at any of these SLIs."""
    statement = (
        select(Slo.key)
        .join(SloObjective, SloObjective.slo == Slo.key)
        .where(SloObjective.sli.in_(slis), Slo.state == SloState.ACTIVE.value)
        .distinct()
        .order_by(Slo.key)
    )
    return list(await session.scalars(statement))


async def events_of_components(
    session: AsyncSession,
    components: Sequence[str],
    span: tuple[datetime, datetime],
    limit: int,
    relations: Relations = LIVE,
) -> Sequence[Row[Any]]:
    """Infrastructure events of these components that lasted in [start, end).

    Up to so many of each component: bad ones first, then those of unknown severity, which decide
    its status; the newest of each first.
    """
    statement = f"""
    SELECT e.* FROM unnest(CAST(:components AS text[])) AS c (component)
    CROSS JOIN LATERAL (
        SELECT i.component, s.key AS source, i.external_id, i.title, i.severity, i.occurred_at,
               i.cleared_at
        FROM {relations.infrastructure_event} i JOIN metrics.source s ON s.id = i.source_id
        WHERE i.component = c.component AND i.occurred_at < :high
          AND (i.cleared_at IS NULL OR i.cleared_at >= :low)
        ORDER BY CASE WHEN lower(trim(i.severity)) = ANY(CAST(:bad AS text[])) THEN 0
                      WHEN lower(trim(i.severity)) = ANY(CAST(:mild AS text[])) THEN 2
                      ELSE 1 END,
                 i.occurred_at DESC, s.key, i.external_id LIMIT :limit
    ) AS e"""
    parameters = {
        "components": list(components),
        "low": span[0],
        "high": span[1],
        "limit": limit,
        "bad": sorted(BAD_SEVERITIES),
        "mild": sorted(MILD_SEVERITIES),
    }
    return (await session.execute(text(statement), parameters)).all()


async def get_infrastructure_event(
    session: AsyncSession, source: str, external_id: str
) -> Row[Any]:
    """Raises NotFound."""
    statement = """
    SELECT e.component, e.service FROM metrics.infrastructure_event e
    JOIN metrics.source s ON s.id = e.source_id
    WHERE s.key = :source AND e.external_id = :external_id"""
    parameters = {"source": source, "external_id": external_id}
    row = (await session.execute(text(statement), parameters)).first()
    if row is None:
        raise NotFound(f"The source {source} has no infrastructure event {external_id}")
    return row


async def supports_of(session: AsyncSession, services: Sequence[str]) -> list[VitalSupportCopy]:
    """Supports of vital activities by these services."""
    statement = (
        select(CatalogCopy.data)
        .where(
            CatalogCopy.kind == "vital_support",
            CatalogCopy.ended_at.is_(None),
            CatalogCopy.data["service"].astext.in_(services),
        )
        .order_by(CatalogCopy.key)
    )
    return [VitalSupportCopy.model_validate(data) for data in await session.scalars(statement)]
