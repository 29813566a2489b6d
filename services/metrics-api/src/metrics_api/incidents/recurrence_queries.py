"""Counting the incidents that say "it happened again"."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from metrics_api.incidents.tables import Incident
from metrics_api.sources.tables import Source
from shared.schemas.metrics import IncidentState


@dataclass(frozen=True)
class Fingerprint:
    """Incidents of a service that were opened in [opened_from, opened_to) and are like this."""

    service: str
    opened_from: datetime
    opened_to: datetime
    problem: str | None = None
    caused_by: str | None = None
    vendor_product: str | None = None
    title: str | None = None


async def find_recurrences(
    session: AsyncSession, wanted: Fingerprint, named: int
) -> tuple[int, Sequence[Any]]:
    """How many there are, and the first `named` of them by opening.

    The window of a service is one range of an index; counting all of it keeps the planner from
    walking another index in the hope of an early end.
    """
    statement: Any = (
        select(
            Source.key.label("source"),
            Incident.external_id,
            Incident.opened_at,
            Incident.title,
            func.count().over().label("total"),
        )
        .join(Source, Source.id == Incident.source_id)
        .where(*_conditions(wanted))
        .order_by(Incident.opened_at, Incident.source_id, Incident.external_id)
        .limit(named)
    )
    rows = (await session.execute(statement)).all()
    return (rows[0].total if rows else 0), rows


def _conditions(wanted: Fingerprint) -> Iterator[ColumnElement[bool]]:
    yield Incident.service == wanted.service
    yield Incident.opened_at >= wanted.opened_from
    yield Incident.opened_at < wanted.opened_to
    yield Incident.state.is_distinct_from(IncidentState.CANCELLED.value)
    equal = (
        (Incident.problem, wanted.problem),
        (Incident.caused_by, wanted.caused_by),
        (Incident.vendor_product, wanted.vendor_product),
    )
    yield from (column == value for column, value in equal if value is not None)
    if wanted.title is not None:
        yield Incident.title.icontains(wanted.title, autoescape=True)
