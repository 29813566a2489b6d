"""Cells stay what the incidents say, whatever is ingested, in whatever order, while they are
compacted and attributed."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from metrics_api.indicators.queries import cells_that_differ, compact_batch
from shared.kit.database import transaction
from tests.support.incidents import add_service
from tests.support.metrics import Metrics

START = datetime(2016, 3, 1, tzinfo=UTC)
STATES = ["new", "in_progress", "on_hold", "resolved", "closed", "cancelled", "weird"]
examples = settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
stamps = st.integers(0, 40 * 24).map(lambda hours: (START + timedelta(hours=hours)).isoformat())
updates = st.fixed_dictionaries(
    {"external_id": st.sampled_from(["A", "B", "C"]), "updated_at": stamps, "opened_at": stamps},
    optional={
        "version": st.integers(1, 3),
        "state": st.sampled_from(STATES),
        "service": st.sampled_from(["network", "mail", "nobody", "?"]),
        "acknowledged_at": st.none() | stamps,
        "resolved_at": st.none() | stamps,
        "channel": st.sampled_from(["Monitoring", "phone"]),
        "reassignment_count": st.integers(0, 2),
        "reopen_count": st.integers(0, 1),
    },
)


@pytest.fixture
async def sources(metrics: Metrics) -> list[str]:
    """A source of snapshots and one of events, and two services."""
    async with transaction(metrics.engine) as session:
        await add_service(session, "network")
        await add_service(session, "mail")
    for delivery in ("snapshot", "event"):
        source = {"key": delivery, "name": delivery, "delivery": delivery}
        reply = await metrics.http.post("/v1/sources", json=source)
        assert reply.status_code == 201, reply.text
    for name in ("network", "mail"):
        await attribute(metrics, source="snapshot", service_name=name, service=name)
    return ["snapshot", "event"]


async def attribute(metrics: Metrics, **body: Any) -> None:
    reply = await metrics.http.post("/v1/attributions", json=body)
    assert reply.status_code in (200, 201), reply.text


async def push(metrics: Metrics, found: list[dict[str, Any]]) -> None:
    body = "".join(json.dumps(update) + "\n" for update in found)
    headers = {"Content-Type": "application/x-ndjson"}
    reply = await metrics.http.post("/v1/incidents/batch", content=body, headers=headers)
    assert reply.status_code == 200, reply.text
    assert reply.json()["rejected"] == 0, reply.text


async def compact(metrics: Metrics) -> None:
    async with transaction(metrics.engine) as session:
        await compact_batch(session)


async def assert_cells_agree(metrics: Metrics) -> None:
    async with transaction(metrics.engine) as session:
        assert await cells_that_differ(session) == []


@examples
@given(data=st.data(), found=st.lists(updates, max_size=12))
async def test_after_any_sequence_of_ingests(
    metrics: Metrics, sources: list[str], data: st.DataObject, found: list[dict[str, Any]]
) -> None:
    prefix = uuid4().hex
    for update in found:
        update["source"] = data.draw(st.sampled_from(sources))
        update["external_id"] = prefix + update["external_id"]
    cut = data.draw(st.integers(0, len(found)))
    for part in (found[:cut], found[cut:], found):  # the last one repeats all of them
        await push(metrics, part)
        if data.draw(st.booleans()):
            await compact(metrics)
    await assert_cells_agree(metrics)


async def test_while_writers_race_compaction_and_an_attribution(
    metrics: Metrics, sources: list[str]
) -> None:
    def many(round_: int) -> list[dict[str, Any]]:
        return [
            {
                "source": "snapshot",
                "external_id": f"INC{number}",
                "version": round_,
                "state": STATES[(number + round_) % 6],
                "service": ["network", "stray"][number % 2],
                "opened_at": (START + timedelta(hours=number)).isoformat(),
                "updated_at": (START + timedelta(hours=number + round_)).isoformat(),
            }
            for number in range(200)
        ]

    async def write(rounds: range) -> None:
        for round_ in rounds:
            await push(metrics, many(round_))

    async def compact_now_and_then() -> None:
        for _ in range(8):
            await compact(metrics)

    await asyncio.gather(
        write(range(1, 5)),
        write(range(5, 9)),
        compact_now_and_then(),
        attribute(metrics, source="snapshot", service_name="stray", service="mail"),
    )
    await assert_cells_agree(metrics)
    await compact(metrics)
    await assert_cells_agree(metrics)
