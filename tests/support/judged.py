"""Targets with a past of their own: figures month by month, and what was told of them."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import select

from metrics_api.base import KIT
from shared.kit.database import transaction
from tests.support.incidents import resolved_incident, store
from tests.support.metrics import Metrics

NOW = datetime(2026, 3, 15, 12, tzinfo=UTC)
"""The moment at which the tests of judgements and trends stand."""


def month_before(now: datetime, months: int) -> datetime:
    """The beginning of the month so many months before the present one."""
    index = now.year * 12 + now.month - 1 - months
    return datetime(index // 12, index % 12 + 1, 1, tzinfo=UTC)


async def resolve_monthly(
    metrics: Metrics,
    hours: Sequence[float | None],
    *,
    service: str = "network",
    now: datetime = NOW,
) -> None:
    """One incident in each of the last full months, resolved after so many hours; None: none."""
    async with transaction(metrics.engine) as session:
        await store(
            session,
            [
                resolved_incident(
                    service, month_before(now, len(hours) - n) + timedelta(days=14), took
                )
                for n, took in enumerate(hours)
                if took is not None
            ],
        )


async def set_target(metrics: Metrics, **fields: Any) -> dict[str, Any]:
    """A target on the MTTR of network of at most 5 hours since 2025, unless the fields differ."""
    body = {
        "service": "network",
        "kpi": "mttr",
        "comparator": "lte",
        "value": 5.0,
        "valid_from": "2025-12-01",
    }
    reply = await metrics.http.post("/v1/targets", json=body | fields)
    assert reply.status_code == 201, reply.text
    target: dict[str, Any] = reply.json()
    return target


async def told(metrics: Metrics, *types: str) -> list[dict[str, Any]]:
    """The data of the events of these types, in the order in which they were emitted."""
    table = KIT.events.outbox_event
    async with transaction(metrics.engine) as session:
        rows = await session.execute(
            select(table.c.type, table.c.data)
            .where(table.c.type.in_(types))
            .order_by(table.c.position)
        )
        return [{"type": type_, **data} for type_, data in rows]


async def items(metrics: Metrics, path: str, **query: Any) -> list[dict[str, Any]]:
    """The first page of a list."""
    reply = await metrics.http.get(path, params=query)
    assert reply.status_code == 200, reply.text
    found: list[dict[str, Any]] = reply.json()["items"]
    return found
