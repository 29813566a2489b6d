"""What waits in a service's own database, as figures of /metrics: jobs, events to deliver.

Read when they are asked for; a service adds figures of its own as `app.state.backlog`.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from shared.kit.database import Engine, reading, schema_of
from shared.kit.logging import logger

TIMEOUT_S: Final = 2.0
log = logger(__name__)


@dataclass(frozen=True)
class Gauge:
    """A figure with one value for each set of labels, in the order of their names."""

    name: str
    about: str
    labels: tuple[str, ...]
    values: Sequence[tuple[tuple[str, ...], float]]


ReadGauges = Callable[[AsyncSession], Awaitable[Sequence[Gauge]]]

_JOBS: Final = """
    SELECT count(*) FILTER (WHERE status = 'todo'
                            AND (scheduled_at IS NULL OR scheduled_at <= now())) AS waiting,
           count(*) FILTER (WHERE status = 'todo' AND scheduled_at > now()) AS scheduled,
           count(*) FILTER (WHERE status = 'doing') AS running,
           count(*) FILTER (WHERE status = 'failed') AS failed
    FROM {jobs}.procrastinate_jobs WHERE status IN ('todo', 'doing', 'failed')"""
_EVENTS: Final = """
    SELECT s.name, s.failures,
           coalesce(extract(epoch FROM now() - (
               SELECT e.occurred_at FROM {schema}.outbox_event e
               WHERE e.sequence > s.cursor AND (
                   s.types = '{{}}' OR e.type = ANY (s.types)
                   OR split_part(e.type, '.', 1) || '.*' = ANY (s.types))
               ORDER BY e.sequence LIMIT 1)), 0) AS behind
    FROM {schema}.subscription s WHERE s.state = 'active' ORDER BY s.name LIMIT 1000"""


async def gauges_of_kit(session: AsyncSession) -> Sequence[Gauge]:
    """Jobs by state; how far each subscriber is behind and how often in a row it failed."""
    schema = schema_of(session)
    jobs = (await session.execute(text(_JOBS.format(jobs=f'"{schema}_jobs"')))).one()
    rows = (await session.execute(text(_EVENTS.format(schema=f'"{schema}"')))).all()
    return (
        Gauge(
            "jobs",
            "Background jobs by state",
            ("state",),
            [((state,), float(count)) for state, count in jobs._mapping.items()],
        ),
        Gauge(
            "event_subscriber_behind_seconds",
            "Age of the first event that an active subscriber has still to get; 0 if there is none",
            ("subscription",),
            [((row.name,), float(row.behind)) for row in rows],
        ),
        Gauge(
            "event_subscriber_failures",
            "Failed attempts in a row of an active subscriber",
            ("subscription",),
            [((row.name,), float(row.failures)) for row in rows],
        ),
    )


async def backlog_text(engine: Engine, readers: Sequence[ReadGauges]) -> bytes:
    """The figures in the Prometheus text format; `backlog_readable` says whether there are any.

    A database that is away must not take the figures of the process with it.
    """
    found: list[Gauge] = []
    try:
        async with asyncio.timeout(TIMEOUT_S), reading(engine) as session:
            found += [gauge async for gauge in _read(session, readers)]
    except Exception as error:
        found.clear()
        log.warning("backlog_unreadable", error=str(error)[:300])
    about = "Whether the figures of what waits in the database could be read"
    found.append(Gauge("backlog_readable", about, (), [((), float(bool(found)))]))
    registry = CollectorRegistry()
    registry.register(_Read(found))
    return generate_latest(registry)


async def _read(session: AsyncSession, readers: Sequence[ReadGauges]) -> AsyncIterator[Gauge]:
    for read in (gauges_of_kit, *readers):
        for gauge in await read(session):
            yield gauge


class _Read(Collector):
    """What prometheus_client asks for: gauges that were read before."""

    def __init__(self, gauges: Sequence[Gauge]) -> None:
        self._gauges = gauges

    def collect(self) -> Iterator[GaugeMetricFamily]:
        for gauge in self._gauges:
            family = GaugeMetricFamily(gauge.name, gauge.about, labels=gauge.labels)
            for labels, value in gauge.values:
                family.add_metric(labels, value)
            yield family
