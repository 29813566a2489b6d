"""SQL of the versions of incidents as they are listed, and of their partitions."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Text, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from metrics_api.incidents.tables import Incident, IncidentVersion
from metrics_api.readings.queries import history_of, is_superseded
from shared.kit.pagination import PageParams, keyset
from shared.schemas.metrics import RecordKind


async def list_versions(
    session: AsyncSession, source: str, external_id: str, page: PageParams
) -> Sequence[Any]:
    """In the order of receipt, also those that are superseded. Raises NotFound."""
    kind = RecordKind.INCIDENT
    history = await history_of(session, kind, Incident, source, external_id)
    digest = func.encode(IncidentVersion.digest, "hex", type_=Text).label("digest")
    columns = (
        IncidentVersion.version,
        IncidentVersion.updated_at,
        IncidentVersion.stamped_at,
        IncidentVersion.received_at,
        IncidentVersion.service,
        IncidentVersion.payload,
        is_superseded(kind, IncidentVersion).label("superseded"),
    )
    statement = select(digest, *columns).where(
        IncidentVersion.source_id == history.source_id,
        IncidentVersion.external_id == external_id,
        IncidentVersion.received_at >= history.since,
    )
    order: list[Any] = [IncidentVersion.received_at, digest.element]
    return list((await session.execute(keyset(statement, order, page))).all())


async def make_version_partitions(session: AsyncSession, months_ahead: int) -> None:
    """Partitions of incident_version up to so many months from now."""
    await session.execute(select(func.metrics.make_version_partitions(months_ahead)))
