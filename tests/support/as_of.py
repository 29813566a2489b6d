"""Telling metrics-api things and asking what it knew at a moment."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from metrics_api.attribution.actions import take_over
from metrics_api.attribution.schemas import ServiceData
from metrics_api.copies.queries import present_digests, write_differences
from metrics_api.copies.rules import Differences
from metrics_api.incidents.refold import refold_source
from shared.kit.clock import now
from shared.kit.database import transaction
from tests.support.copies import add_copy
from tests.support.metrics import Metrics

OPENED = datetime(2024, 3, 1, 8, tzinfo=UTC)
ASKED = {"periods": "2024-Q1,2024-03", "kpi": ["mttr", "incident_count", "backlog", "reopen_rate"]}
Step = Callable[[Metrics], Awaitable[None]]


async def ok(call: Awaitable[Any]) -> Any:
    reply = await call
    assert reply.is_success, reply.text
    return reply


async def open_desk(metrics: Metrics) -> Metrics:
    """A source `desk` and the services `mail` and `network`, each named so by it."""
    await ok(metrics.http.post("/v1/sources", json={"key": "desk", "name": "Desk"}))
    for key in ("mail", "network"):
        await tell(metrics, key, [f"The {key}"], 1)
    return metrics


async def tell(metrics: Metrics, key: str, names: list[str], revision: int, **facts: Any) -> None:
    """As an event of the catalog does, with the moves of records that it causes."""
    service = {
        "key": key,
        "name": key.title(),
        "kind": "business",
        "portfolio": "demo",
        "stage": "operate",
        "criticality": None,
        "revision": revision,
        "references": [{"source": "desk", "name": name} for name in names],
    } | facts
    async with transaction(metrics.engine) as session:
        await take_over(session, [ServiceData.model_validate(service)])
    await settle(metrics)


async def tell_copy(metrics: Metrics, kind: str, key: str, data: dict[str, Any]) -> None:
    """As a refresh of the only copy of its kind does: what was known of it ends where the next one
    begins."""
    async with transaction(metrics.engine) as session:
        present = await present_digests(session, kind)
        await write_differences(session, kind, Differences(tuple(present), ()), now())
        await add_copy(session, kind, key, {"key": key, **data}, recorded_at=now())


async def settle(metrics: Metrics) -> None:
    """What the jobs do after names or mappings changed, so that the live figure is the new one."""
    from metrics_api.attribution.actions import attribute_records, move_records  # noqa: PLC0415

    memory = metrics.app.state.memory
    for key in ("mail", "network"):
        await move_records(metrics.engine, memory, key)
    await attribute_records(metrics.engine, memory)
    await refold_source(metrics.engine, memory, "desk")


async def push(
    metrics: Metrics, number: int, version: int, state: str, hours: float, name: str | None
) -> None:
    record = {
        "source": "desk",
        "external_id": f"INC{number}",
        "version": version,
        "updated_at": (OPENED + timedelta(hours=hours)).isoformat(),
        "opened_at": OPENED.isoformat(),
        "state": state,
        "service": name,
        "priority": 3,
    }
    if state in {"resolved", "Fixed"}:
        record["resolved_at"] = record["updated_at"]
    await ok(metrics.http.post("/v1/incidents", json=record))


async def push_record(metrics: Metrics, kind: str, fields: dict[str, Any]) -> None:
    """A record of another kind; stamps are moments, or hours after OPENED."""
    record = {"source": "desk", "external_id": "R1", "service": "mail", "updated_at": 10, **fields}
    for name, stamp in record.items():
        if name.endswith("_at"):
            moment = stamp if isinstance(stamp, datetime) else OPENED + timedelta(hours=stamp)
            record[name] = moment.isoformat()
    await ok(metrics.http.post(f"/v1/{kind}s", json=record))


async def figures(metrics: Metrics, service: str, as_of: datetime | None = None) -> Any:
    asked = ASKED | ({} if as_of is None else {"as_of": as_of.isoformat()})
    reply = await ok(metrics.http.get(f"/v1/services/{service}/kpis", params=asked))
    return reply.json()["kpis"]


async def report(metrics: Metrics, as_of: datetime | None = None, **more: Any) -> Any:
    asked = {"kpi": "mttr", "periods": "2024-Q1,2024-03", **more}
    asked |= {} if as_of is None else {"as_of": as_of.isoformat()}
    reply = await ok(metrics.http.get("/v1/reports/performance", params=asked))
    return reply.json()


async def mttr(metrics: Metrics, as_of: datetime | None = None) -> Any:
    return (await figures(metrics, "mail", as_of))[0]["values"][0]["value"]


async def map_states(metrics: Metrics, mapping: dict[str, str]) -> None:
    read = await metrics.http.get("/v1/sources/desk")
    headers = {"If-Match": read.headers["ETag"]}
    await ok(
        metrics.http.patch("/v1/sources/desk", json={"state_mapping": mapping}, headers=headers)
    )
    await settle(metrics)


def numbers(series: Any) -> Any:
    """All but the reason why there is no number: it also speaks of records of no service, which
    are not laid out for one service."""
    return [
        {
            **one,
            "values": [
                {name: part for name, part in value.items() if name != "reason"}
                for value in one["values"]
            ],
        }
        for one in series
    ]
