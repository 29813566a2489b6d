"""SLIs and SLOs for tests, over the API; records beside them, made directly."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncSession

from metrics_api.base import Base
from shared.kit.clock import now
from tests.support.incidents import LONG_AGO, source_id
from tests.support.metrics import Metrics

MINUTE = timedelta(minutes=1)


def this_minute() -> datetime:
    """The whole minute that it is: windows end there."""
    return now().replace(second=0, microsecond=0)


def ago(minutes: float) -> datetime:
    """So many minutes before this one."""
    return this_minute() - minutes * MINUTE


SLI = {
    "key": "errors",
    "service": "network",
    "kind": "ratio",
    "parts": "good_total",
    "feed": {"kind": "samples"},
}
SLO = {
    "key": "few-errors",
    "service": "network",
    "sli": "errors",
    "budgeting_method": "occurrences",
    "time_window": {"duration": "28d"},
    "objectives": [{"target": 0.99}],
    "minimum_events": 0,
}


async def made(metrics: Metrics, path: str, body: Mapping[str, Any], **caller: Any) -> Any:
    """What a creating POST answers."""
    reply = await metrics.http.post(path, json=body, **caller)
    assert reply.status_code == 201, reply.text
    return reply.json()


async def define_sli(metrics: Metrics, **fields: Any) -> Any:
    return await made(metrics, "/v1/slis", SLI | fields)


async def define_slo(metrics: Metrics, **fields: Any) -> Any:
    return await made(metrics, "/v1/slos", SLO | fields)


def sample(minutes_ago: float, **fields: Any) -> dict[str, Any]:
    """A sample of so many minutes before this one."""
    return {"at": ago(minutes_ago).isoformat(), **fields}


async def push(
    metrics: Metrics, samples: Iterable[Mapping[str, Any]], sli: str = "errors"
) -> dict[str, Any]:
    reply = await metrics.http.post(f"/v1/slis/{sli}/samples", json=list(samples))
    assert reply.status_code == 200, reply.text
    answer: dict[str, Any] = reply.json()
    return answer


async def status(metrics: Metrics, slo: str = "few-errors", **asked: Any) -> dict[str, Any]:
    reply = await metrics.http.get(f"/v1/slos/{slo}/status", params=asked)
    assert reply.status_code == 200, reply.text
    answer: dict[str, Any] = reply.json()
    return answer


async def reading(metrics: Metrics, slo: str = "few-errors", **asked: Any) -> dict[str, Any]:
    """The corrected reading of the first objective."""
    found: dict[str, Any] = (await status(metrics, slo, **asked))["objectives"][0]["corrected"]
    return found


async def measure(metrics: Metrics, name: str, **feed: Any) -> tuple[float, float]:
    """Good and valid events of a measure in a window of 28 days."""
    key = f"m{len(feed)}-{name.replace('_', '-')}"
    await define_sli(metrics, key=key, feed={"kind": "records", "measure": name, **feed})
    await define_slo(metrics, key=key, sli=key)
    found = await reading(metrics, key)
    return found["good"], found["total"]


async def change(metrics: Metrics, path: str, version: int = 1, **fields: Any) -> httpx.Response:
    return await metrics.http.patch(path, json=fields, headers={"If-Match": f'"{version}"'})


async def retire(metrics: Metrics, path: str, version: int = 1) -> httpx.Response:
    return await metrics.http.delete(path, headers={"If-Match": f'"{version}"'})


async def add_record(session: AsyncSession, table: type[Base], **fields: Any) -> None:
    """A record of `network` as an ingest would have left it."""
    usual: dict[str, Any] = {
        "source_id": await source_id(session),
        "external_id": uuid4().hex,
        "service": "network",
        "service_pinned": False,
        "digest": b"",
        "versions": 1,
        **dict.fromkeys(("stamped_at", "first_received_at", "last_received_at"), LONG_AGO),
    }
    await session.execute(insert(table).values({**usual, **fields}))


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc, arg-type]
