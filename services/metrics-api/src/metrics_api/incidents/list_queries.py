"""Lists of incidents."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, false, func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from metrics_api.incidents.tables import Incident
from metrics_api.sources.tables import Source
from shared.kit.pagination import PageParams, keyset
from shared.schemas.metrics import MajorIncident


class IncidentOrder(StrEnum):
    """`newest`: those that were opened last come first; one without an opening is not listed."""

    IDENTITY = "identity"
    NEWEST = "newest"


@dataclass(frozen=True)
class IncidentFilter:
    """What a list of incidents is narrowed to; ranges are [from, to)."""

    source: str | None = None
    external_id: str | None = None
    service: str | None = None
    state: str | None = None
    opened_from: datetime | None = None
    opened_to: datetime | None = None
    resolved_from: datetime | None = None
    resolved_to: datetime | None = None
    major: bool | None = None
    priority: int | None = None
    channel: str | None = None
    vendor_product: str | None = None


async def list_incidents(
    session: AsyncSession, wanted: IncidentFilter, order: IncidentOrder, page: PageParams
) -> Sequence[Any]:
    """Incidents with the keys of their sources."""
    statement: Any = select(Incident, Source.key).join(Source, Source.id == Incident.source_id)
    for condition in _conditions(wanted):
        statement = statement.where(condition)
    identity: list[Any] = [Incident.source_id, Incident.external_id]
    if order is IncidentOrder.NEWEST:
        statement = statement.where(Incident.opened_at.is_not(None))
        identity = [each.desc() for each in (Incident.opened_at, *identity)]
    return list((await session.execute(keyset(statement, identity, page))).all())


async def list_major_incidents(
    session: AsyncSession, opened_from: datetime | None, page: PageParams
) -> Sequence[Any]:
    """Rows of what MajorIncident says, and source_id; never whole incidents, which are long."""
    columns = [getattr(Incident, name) for name in MajorIncident.model_fields if name != "source"]
    statement: Any = (
        select(Incident.source_id, Source.key.label("source"), *columns)
        .join(Source, Source.id == Incident.source_id)
        .where(_MAJOR, Incident.opened_at.is_not(None))
    )
    if opened_from is not None:
        statement = statement.where(Incident.opened_at >= opened_from)
    identity: list[Any] = [Incident.source_id, Incident.external_id]
    return list((await session.execute(keyset(statement, identity, page))).all())


def _conditions(wanted: IncidentFilter) -> Iterator[ColumnElement[bool]]:
    equal = (
        (Source.key, wanted.source),
        (Incident.external_id, wanted.external_id),
        (Incident.service, wanted.service),
        (Incident.state, wanted.state),
        (Incident.priority, wanted.priority),
        (Incident.channel, wanted.channel),
        (Incident.vendor_product, wanted.vendor_product),
    )
    yield from (column == value for column, value in equal if value is not None)
    ranges = (
        (Incident.opened_at, wanted.opened_from, wanted.opened_to),
        (Incident.resolution_at, wanted.resolved_from, wanted.resolved_to),
    )
    for stamp, start, end in ranges:
        if start is not None:
            yield stamp >= start
        if end is not None:
            yield stamp < end
    if wanted.major is not None:
        # Exactly the condition of ix_incident_major, so that it is used.
        yield _MAJOR if wanted.major else func.coalesce(_MAJOR, false()).is_(false())


_MAJOR: Any = func.coalesce(Incident.major_flag, Incident.priority == text("1"))
